// The saga as a tree: rows to select, name, drag and move with the keyboard; while it is empty, designs to start from.
import { follow, make, reveal, rows, say, send } from "./dom.js";
import { action, designPart, enable, gallery } from "./designing.js";
import { list } from "./lists.js";

const KINDS = { saga: ["◆", "saga"], block: ["▾", "block"], step: ["", "step"] };
const parentOf = (path) => path.slice(0, Math.max(0, path.lastIndexOf(".")));

function createRow({ kind }) {
  const row = make("div", `ld-row ld-kind-${kind}`, "", { role: "row", tabindex: "-1" });
  const name = make("div", "ld-what", "", { role: "gridcell" });
  name.append(make("span", "ld-name"), make("span", "ld-about"));
  row.append(
    make("span", "ld-grip", kind === "saga" ? "" : "⠿", { "aria-hidden": "true" }),
    make("span", "ld-mark", "", { role: "gridcell" }),
    name,
    make("div", "ld-tags", "", { role: "gridcell" }),
  );
  if (kind !== "saga") row.draggable = true;
  return row;
}

function createTag() {
  return make("span", "ld-tag");
}

function updateRow(row, { name, kind, depth, number, about, tags, findings }) {
  const [, mark, what, marks] = row.children;
  const [title, words] = what.children;
  row.style.setProperty("--depth", Math.max(0, depth - 1));
  row.setAttribute("aria-level", depth + 1);
  say(mark, kind === "step" ? number : KINDS[kind][0]);
  mark.setAttribute("aria-label", kind === "step" ? `step ${number}` : KINDS[kind][1]);
  say(title, name);
  title.title = name;
  say(words, about);
  words.hidden = !about;
  words.title = about;
  const count = findings.length;
  const found = `${count} ${count === 1 ? "finding" : "findings"}`;
  const badge = count ? [{ text: `⚠\uFE0E ${found}`, title: findings.join("\n"), tone: "finding" }] : [];
  list(marks, [...badge, ...tags], ({ text, title }) => `${text} ${title}`, createTag, (tag, item) => {
    say(tag, item.text);
    tag.title = item.title;
    tag.dataset.tone = item.tone;
    tag.setAttribute("aria-label", item.title);
  });
}

// One field over the name of a row. Python says whether it took the name; if not, the field opens again with the reason.
// A row that was added to be named goes again with Escape: `takeBack(path)`.
function namer(root, model, body, takeBack) {
  const node = make("div", "ld-editor");
  const input = make("input", "", "", { type: "text", spellcheck: "false", autocomplete: "off" });
  const why = make("div", "ld-why", "", { role: "alert" });
  node.append(input, why);
  let row = null;
  let fresh = null; // the path of a row that has no name of its own yet
  const close = (focus) => {
    const former = row;
    row = null;
    node.remove();
    former?.classList.remove("ld-editing");
    if (focus) former?.focus({ preventScroll: true });
  };
  const open = (onRow, text = onRow.item.name, reason = "") => {
    if (row && row !== onRow) close(false);
    if (!reason) fresh = null;
    row = onRow;
    row.classList.add("ld-editing");
    row.children[2].append(node);
    input.value = text;
    input.shown = text;
    input.setAttribute("aria-label", `New name of ${row.item.name}`);
    if (reason) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    say(why, reason);
    why.hidden = !reason;
    input.focus({ preventScroll: true });
    input.select();
    reveal(body, row);
  };
  const commit = (focus) => {
    const { path, name } = row.item;
    const text = input.value;
    const changed = text !== name || !why.hidden;
    close(focus);
    if (changed) send(root, model, { command: "rename", path, text });
  };
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter") {
      const another = event.shiftKey;
      event.stopPropagation();
      commit(true);
      if (another) root.dispatchEvent(new CustomEvent("ld-add"));
    } else if (event.key === "Escape") {
      const { path } = row.item;
      close(true);
      if (path === fresh) takeBack(path);
    } else return;
    event.preventDefault();
  });
  input.addEventListener("blur", () => row && commit(false));
  const begin = (onRow) => {
    open(onRow);
    fresh = onRow.item.path;
  };
  return { open, begin, close, isOpen: () => row !== null };
}

/** Rows are dragged to where a line shows: `drop(path, block, index)`. */
function dragging(body, drop) {
  const line = make("div", "ld-drop");
  let path = null;
  let place = null;
  const end = () => {
    line.remove();
    path = place = null;
    for (const row of body.querySelectorAll(".ld-dragged")) row.classList.remove("ld-dragged");
  };
  const indexOf = (row) => {
    const level = [...body.children].filter((other) => other.item?.path && parentOf(other.item.path) === parentOf(row.item.path));
    return level.indexOf(row);
  };
  const placeAt = (event) => {
    const row = event.target.closest(".ld-row") ?? [...body.querySelectorAll(".ld-row:not([hidden])")].at(-1);
    const box = row.getBoundingClientRect();
    const isUpper = event.clientY < box.top + box.height / 2;
    if (row.item.path === "") return { row, isUpper: false, block: "", index: 0 };
    if (isUpper) return { row, isUpper, block: parentOf(row.item.path), index: indexOf(row) };
    const opened = row.item.kind === "block" && row.getAttribute("aria-expanded") === "true";
    if (opened) return { row, isUpper, block: row.item.path, index: 0 };
    return { row, isUpper, block: parentOf(row.item.path), index: indexOf(row) + 1 };
  };
  body.addEventListener("dragstart", (event) => {
    const row = event.target.closest?.(".ld-row");
    if (!row?.item?.path || row.classList.contains("ld-editing")) return;
    path = row.item.path;
    row.classList.add("ld-dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", path);
    event.stopPropagation();
  });
  body.addEventListener("dragover", (event) => {
    if (path === null) return;
    event.preventDefault();
    event.stopPropagation();
    place = placeAt(event);
    const depth = place.block === "" ? 0 : place.block.split(".").length;
    line.style.setProperty("--depth", depth);
    line.style.top = `${place.row.offsetTop + (place.isUpper ? 0 : place.row.offsetHeight) - 1}px`;
    if (line.parentElement !== body.parentElement) body.parentElement.append(line);
    line.style.top = `${place.row.offsetTop - body.scrollTop + body.offsetTop + (place.isUpper ? 0 : place.row.offsetHeight) - 1}px`;
  });
  body.addEventListener("drop", (event) => {
    if (path === null || !place) return;
    event.preventDefault();
    event.stopPropagation();
    drop(path, place.block, place.index);
    end();
  });
  body.addEventListener("dragend", end);
}

function render({ model, el }) {
  const { root, note } = designPart(el, model, "outline", "Steps");
  const bar = make("div", "ld-tools", "", { role: "toolbar", "aria-label": "Steps" });
  const body = make("div", "ll-body", "", { role: "treegrid", "aria-label": "Steps" });
  const empty = make("div", "ld-begin");
  const cards = gallery(root, model);
  empty.append(make("p", "", "Add a first step and name it, or start from one of these:"), cards.node);
  root.append(bar, body, empty);
  const closed = new Set();
  let asked = []; // selections that were sent and not yet answered, oldest first
  let naming = false;
  let told = "";

  const tell = (command, path = model.get("selected"), more = {}) => {
    asked = [];
    send(root, model, { command, path, ...more });
  };
  const add = () => {
    asked = [];
    naming = true;
    send(root, model, { command: "add" });
  };
  const tools = {
    add: [action("Step", "Add a step", { glyph: "+", key: "a" }), add],
    duplicate: [action("", "Duplicate (d)", { glyph: "⧉" }), () => tell("duplicate")],
    delete: [action("", "Delete (Del)", { glyph: "✕" }), () => tell("delete")],
    up: [action("", "Move up (Alt+↑)", { glyph: "↑" }), () => tell("move", undefined, { by: "-1" })],
    down: [action("", "Move down (Alt+↓)", { glyph: "↓" }), () => tell("move", undefined, { by: "1" })],
    nest: [action("", "Put into a block (Alt+→)", { glyph: "⇥" }), () => tell("nest")],
    unnest: [action("", "Take out of its block (Alt+←)", { glyph: "⇤" }), () => tell("unnest")],
  };
  for (const [name, [button, act]] of Object.entries(tools)) {
    button.classList.add(`ld-tool-${name}`);
    button.addEventListener("click", () => button.getAttribute("aria-disabled") !== "true" && act());
    bar.append(button);
  }
  tools.add[0].classList.add("ll-primary");
  const does = (name) => {
    const [button, act] = tools[name];
    if (button.getAttribute("aria-disabled") !== "true") act();
    return true;
  };

  const field = namer(root, model, body, (path) => tell("delete", path));
  root.addEventListener("ld-add", add);
  const twist = (row, open) => {
    if (open) closed.delete(row.item.path);
    else closed.add(row.item.path);
    paint();
    return true;
  };
  const nav = rows(body, (row, key) => {
    const { path, kind } = row.item;
    if (kind === "block" && key === "ArrowLeft") return twist(row, false);
    if (kind === "block" && key === "ArrowRight") return twist(row, true);
    if (key === "Enter" || key === "F2") return field.open(row) ?? true;
    if (key === "a") return does("add");
    if (key === "d" && path) return does("duplicate");
    if ((key === "Delete" || key === "Backspace") && path) return does("delete");
    return false;
  });
  root.addEventListener("keydown", (event) => {
    const name = { ArrowUp: "up", ArrowDown: "down", ArrowRight: "nest", ArrowLeft: "unnest" }[event.key];
    if (!name || !event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input")) return;
    event.preventDefault();
    event.stopPropagation();
    does(name);
  });
  const ask = (row) => {
    const { path } = row.item;
    if (path === (asked.at(-1) ?? model.get("selected"))) return;
    asked.push(path);
    send(root, model, { command: "select", path });
  };
  body.addEventListener("focusin", (event) => {
    const row = event.target.closest(".ld-row");
    if (row && row.item && row === event.target) ask(row);
  });
  body.addEventListener("click", (event) => {
    const row = event.target.closest(".ld-row");
    if (!row || event.target.closest(".ld-editor")) return;
    if (event.target.closest(".ld-mark") && row.item.kind === "block") twist(row, closed.has(row.item.path));
    nav.select(row);
  });
  body.addEventListener("dblclick", (event) => {
    const row = event.target.closest(".ld-row");
    if (row && !event.target.closest(".ld-editor")) field.open(row);
  });
  dragging(body, (path, block, index) => tell("place", path, { block, index: String(index) }));

  const hidden = (path) => [...closed].some((block) => path.startsWith(`${block}.`));
  const rowOf = (path) => [...body.children].find((row) => row.item?.path === path);
  function paint() {
    const [selected, refused] = [model.get("selected"), model.get("refused")];
    const had = body.contains(document.activeElement);
    const isEmpty = model.get("templates").length > 0;
    say(note, model.get("summary"));
    for (const name of Object.keys(tools)) enable(tools[name][0], name === "add" || selected !== "");
    enable(tools.unnest[0], selected.includes("."));
    const refusedAt = Object.keys(refused)[0];
    if (field.isOpen() && JSON.stringify(refused) !== told) field.close(false);
    for (const block of [...closed]) if (selected.startsWith(`${block}.`)) closed.delete(block);
    list(body, model.get("rows"), ({ path, kind }) => `${kind} ${path}`, createRow, (row, item) => {
      row.hidden = hidden(item.path);
      updateRow(row, item);
      row.setAttribute("aria-selected", String(item.path === selected));
      if (item.kind === "block") row.setAttribute("aria-expanded", String(!closed.has(item.path)));
    });
    empty.hidden = !isEmpty;
    list(cards.node, model.get("templates"), ({ title }) => title, cards.create);
    const row = rowOf(selected);
    asked.splice(0, asked.indexOf(selected) + 1); // whoever runs through the rows is not called back
    const isAhead = asked.length > 0;
    if (!isAhead && row && nav.selected() !== row && !field.isOpen()) nav.select(row, had);
    else if (had && !isAhead && row && !root.contains(document.activeElement)) nav.select(row);
    if (naming && selected !== "" && nav.selected() === row) {
      naming = false;
      if (row.item.name.startsWith("step_")) field.begin(row);
    }
    if (refusedAt !== undefined && JSON.stringify(refused) !== told) {
      const bad = rowOf(refusedAt);
      if (bad) field.open(bad, refused[refusedAt].text, refused[refusedAt].why);
    }
    told = JSON.stringify(refused);
  }
  return follow(model, root, paint);
}

export default { render };
