// The program, one row a step, with what became of each and a fault menu.
import { beforePicture, follow, make, part, reveal, rowGroup, rows, say, send, tip, whenShown } from "./dom.js";
import { grouped, list, whereChanged } from "./lists.js";

const GLYPHS = {
  pending: ["·", "not run"],
  current: ["▸", "next"],
  done: ["✓", "done"],
  failed: ["✗", "failed"],
  undone: ["↩", "undone"],
  undo_failed: ["⊗", "undo failed"],
  paused: ["‖", "paused"],
  uncertain: ["?", "uncertain"],
};
const UNTOUCHED = { state: "pending", status: "", faults: [] };
const ONE_LINE = 15;
/** What `table` says of `path`: its own word, as a step may be called `constructor`. */
const of = (table, path) => (Object.hasOwn(table, path) ? table[path] : undefined);

function gutter() {
  const cell = make("div", "ll-gutter", "", { role: "gridcell" });
  cell.append(make("button", "ll-break", "", { type: "button", tabindex: "-1", "aria-pressed": "false" }));
  return cell;
}

function updateGutter(row, { path }, mark) {
  const node = row.firstChild.firstChild;
  node.dataset.state = mark ? (mark.on ? "on" : "off") : "none";
  say(node, mark?.glyph ?? "●");
  node.setAttribute("aria-pressed", String(mark?.on ?? false));
  const state = mark ? `: ${mark.text}${mark.on ? "" : ", switched off"}` : "";
  node.setAttribute("aria-label", `Breakpoint at ${path}${state}`);
  tip(node, mark ? `Breakpoint${state}` : `Set a breakpoint before ${path}`);
}

function createRow({ path, name, depth, kind, input }) {
  const row = make("div", `ll-row ll-${kind}`, "", { role: "row", tabindex: "-1", title: path });
  row.style.setProperty("--depth", depth);
  const what = make("div", "ll-what", "", { role: "gridcell" });
  if (kind === "block") {
    row.append(gutter(), make("span", "ll-twist", "▾", { "aria-hidden": "true" }), what);
    row.setAttribute("aria-expanded", "true");
    what.append(make("span", "ll-name", name));
    return row;
  }
  const glyph = make("div", "ll-glyph", "", { role: "gridcell" });
  what.append(make("span", "ll-name", name));
  const status = make("div", "ll-status", "", { role: "gridcell" });
  const cell = make("div", "ll-fault", "", { role: "gridcell" });
  cell.append(make("button", "ll-zap", "⚡\uFE0E", { type: "button", tabindex: "-1", "aria-haspopup": "menu" }));
  row.append(gutter(), glyph, what, status, cell);
  row.classList.toggle("ll-told", input !== "");
  if (input) row.append(make("div", "ll-input", input, { role: "gridcell", title: input }));
  return row;
}

const isWhole = (row) => row.classList.contains("ll-whole");

/** Whether the inputs of a row do not fit, or did not before all of them were shown. */
function isCut(row) {
  const input = row.querySelector(".ll-input");
  return isWhole(row) || (input !== null && input.scrollWidth > input.clientWidth);
}

function updateRow(row, item) {
  row.hidden = item.away;
  updateGutter(row, item, item.breakpoint);
  row.classList.toggle("ll-current", item.lit);
  if (item.lit) row.setAttribute("aria-current", "step");
  else row.removeAttribute("aria-current");
  if (item.kind === "block") row.setAttribute("aria-expanded", String(item.open));
  else updateStep(row, item, item.mark);
}

function updateStep(row, { path }, { state, status, faults }) {
  const [, glyph, , words, cell] = row.children;
  const [sign, usual] = GLYPHS[state];
  const meaning = state === "current" && status ? status : usual; // it may be performed already
  row.dataset.state = state;
  say(glyph, sign);
  tip(glyph, meaning);
  glyph.setAttribute("aria-label", meaning);
  say(words, status || meaning);
  tip(words, status);
  row.classList.toggle("ll-talks", words.textContent.length > ONE_LINE); // its words take two lines, beside the input
  const zap = cell.firstChild;
  zap.classList.toggle("ll-set", faults.length > 0);
  zap.dataset.count = faults.length > 1 ? faults.length : "";
  const planned = faults.length ? `${faults.length} planned` : "none planned";
  zap.setAttribute("aria-label", `Faults of ${path}: ${planned}`);
  tip(zap, `Faults: ${planned}`);
}

// The menu is a popover: it lies above everything and no pane cuts it off.
function faultMenu(root, model) {
  const menu = make("div", "ll-menu", "", { role: "menu", popover: "auto" });
  let row = null;
  root.append(menu);

  const choices = () => [...menu.querySelectorAll('[role="menuitemcheckbox"]')];
  const number = (label, value, most) =>
    make("input", "ll-number", "", { type: "number", min: "1", max: most, step: "1", value, "aria-label": label });
  const attempt = number("Attempt", "1", "999");
  attempt.addEventListener("input", () => check());
  const build = () => {
    const head = make("div", "ll-menu-head");
    const name = make("span", "ll-name", row.item.path, { title: row.item.path });
    const which = make("label", "ll-attempt", "attempt");
    attempt.value = "1";
    which.append(attempt);
    head.append(name, which, make("span", "", "every attempt"));
    menu.setAttribute("aria-label", `Faults of ${row.item.path}`);
    menu.replaceChildren(head, ...model.get("menu").map(group));
  };
  const group = ({ phase, doing, label, lines }) => {
    const node = make("div", "ll-menu-group", "", { role: "group", "aria-label": label });
    node.append(make("div", "ll-menu-label", label), ...lines.map((item) => line(item, phase, doing)));
    return node;
  };
  const line = ({ kind, label, why, every, delay }, phase, doing) => {
    const node = make("div", "ll-menu-line", "", { title: why });
    const words = make("span", "", label);
    node.append(words);
    if (delay) {
      const ms = number(`${doing}: delay in milliseconds`, "100", "1000000000");
      ms.addEventListener("change", () => {
        for (const choice of node.querySelectorAll('[aria-checked="true"]')) plan("plan_fault", choice);
      });
      words.append(ms, "ms");
    }
    for (const column of every ? ["first", "every"] : ["first"]) {
      const choice = make("button", `ll-choice ll-${column}`, "", { type: "button", role: "menuitemcheckbox", tabindex: "-1" });
      choice.item = { phase, kind, column, what: `${doing}: ${label.toLowerCase()}` };
      node.append(choice);
    }
    return node;
  };
  /** What a box stands for depends on the attempt that is asked for. */
  const check = () => {
    const { faults, delays = {} } = of(model.get("marks"), row?.item.path) ?? UNTOUCHED;
    const asked = String(Math.max(1, Math.min(999, Math.round(attempt.value) || 1)));
    for (const choice of choices()) {
      const { phase, kind, column, what } = choice.item;
      const which = column === "every" ? "every" : asked;
      choice.dataset.choice = `${phase}.${kind}.${which}`;
      choice.setAttribute("aria-label", which === "every" ? `${what}, every attempt` : `${what}, attempt ${which}`);
      const checked = faults.includes(choice.dataset.choice);
      choice.setAttribute("aria-checked", String(checked));
      const ms = choice.parentElement.querySelector("input");
      if (checked && ms && ms !== document.activeElement) ms.value = delays[choice.dataset.choice] ?? ms.value;
    }
  };
  const plan = (command, choice) => {
    const delay_ms = choice.parentElement.querySelector("input")?.value ?? "";
    send(root, model, { command, path: row.item.path, choice: choice.dataset.choice, delay_ms });
  };
  const place = () => {
    const [at, size] = [row.getBoundingClientRect(), menu.getBoundingClientRect()];
    const below = at.bottom + size.height < innerHeight;
    menu.style.top = `${Math.max(4, below ? at.bottom : Math.min(at.top - size.height, innerHeight - size.height - 4))}px`;
    menu.style.left = `${Math.max(4, Math.min(at.right - size.width, innerWidth - size.width - 4))}px`;
  };
  const open = (onRow) => {
    if (!model.get("menu").length) return; // a page that is kept plans nothing
    row = onRow;
    build();
    check();
    menu.showPopover();
    place();
    choices()[0]?.focus({ preventScroll: true });
  };
  const close = () => menu.matches(":popover-open") && menu.hidePopover();

  menu.addEventListener("click", (event) => {
    const choice = event.target.closest("button");
    if (choice) plan("toggle_fault", choice);
  });
  menu.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.matches("input");
    if (typing && !["Escape", "Enter", "ArrowDown", "ArrowUp", "Tab"].includes(event.key)) return;
    if (typing && event.key === "Tab") return;
    const all = choices();
    const at = all.indexOf(document.activeElement);
    const column = (node) => (node.classList.contains("ll-every") ? 1 : 0);
    const lines = [...menu.querySelectorAll(".ll-menu-line")];
    if (typing) {
      const inside = event.target.closest(".ll-menu-line")?.querySelector("button") ?? all[0];
      if (event.key === "Escape") close();
      (event.key === "Escape" ? row : inside).focus({ preventScroll: true });
      event.preventDefault();
      return;
    }
    const lineAt = lines.indexOf(document.activeElement.closest(".ll-menu-line"));
    const inLine = (index) => {
      const found = [...lines[(index + lines.length) % lines.length].querySelectorAll("button")];
      return found[Math.min(column(all[at] ?? found[0]), found.length - 1)];
    };
    const to = {
      ArrowDown: () => inLine(lineAt + 1),
      ArrowUp: () => inLine(lineAt - 1),
      ArrowLeft: () => lines[lineAt]?.querySelector(".ll-first"),
      ArrowRight: () => lines[lineAt]?.querySelector(".ll-every"),
      Home: () => all[0],
      End: () => all.at(-1),
    }[event.key];
    if (to) to()?.focus();
    else if (event.key === "Escape" || event.key === "Tab" || event.key === "f") {
      close();
      row.focus({ preventScroll: true });
    } else if (event.key !== "Enter" && event.key !== " ") return;
    else document.activeElement.click();
    event.preventDefault(); // the root takes no key that the menu took
  });
  const scrolled = (event) => event.target !== menu && close(); // it would stay where its row no longer is
  menu.addEventListener("toggle", (event) => {
    const way = event.newState === "open" ? "addEventListener" : "removeEventListener";
    window[way]("scroll", scrolled, true);
  });
  return { open, check, end: () => window.removeEventListener("scroll", scrolled, true) };
}

// The breakpoints that are at no row: a click switches one off and on, another takes it away.
function createAnywhere() {
  const item = make("li");
  const toggle = make("button", "ll-switch", "", { type: "button", role: "switch" });
  toggle.append(make("span", "ll-dot-sign", "", { "aria-hidden": "true" }), make("span", "ll-text"));
  item.append(toggle, make("button", "ll-away", "✕", { type: "button" }));
  return item;
}

function updateAnywhere(item, { text, on }) {
  const [toggle, away] = item.children;
  say(toggle.firstChild, on ? "◆" : "◇");
  say(toggle.lastChild, text);
  toggle.setAttribute("aria-checked", String(on));
  toggle.setAttribute("aria-label", `Breakpoint ${text}`);
  tip(toggle, `Breakpoint ${text}${on ? "" : ", switched off"}; click to switch it ${on ? "off" : "on"}`);
  away.setAttribute("aria-label", `Remove the breakpoint ${text}`);
  away.title = "Remove this breakpoint";
}

function render({ model, el }) {
  const { root, note } = part(el, model, "listing", "Program");
  const body = make("div", "ll-body", "", { role: "grid", "aria-label": "Program" });
  const anywhere = make("ul", "ll-anywhere", "", { "aria-label": "Breakpoints at no row" });
  root.append(body, anywhere);
  anywhere.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const command = button?.matches(".ll-away") ? "remove_breakpoint" : "switch_breakpoint";
    if (button) send(root, model, { command, text: button.parentElement.item.text });
  });
  const menu = faultMenu(root, model);
  const closed = new Set();
  let current = "";

  const hidden = (path) => [...closed].some((block) => path.startsWith(`${block}.`));
  const twist = (row, open) => {
    if (open) closed.delete(row.item.path);
    else closed.add(row.item.path);
    paint();
  };
  const fixed = () => Boolean(model.get("fixed"));
  const toggleBreakpoint = (row) => fixed() || send(root, model, { command: "toggle_breakpoint", path: row.item.path });
  const nav = rows(body, (row, key) => {
    const block = row.item.kind === "block";
    if (key === " ") toggleBreakpoint(row);
    else if (block && key === "ArrowLeft") twist(row, false);
    else if (block && key === "ArrowRight") twist(row, true);
    else if (!block && key === (isWhole(row) ? "ArrowLeft" : "ArrowRight") && isCut(row)) row.classList.toggle("ll-whole");
    else if (block && key === "Enter") twist(row, closed.has(row.item.path));
    else if (!block && (key === "Enter" || key === "f")) fixed() || menu.open(row);
    else return false;
    return true;
  });
  body.addEventListener("click", (event) => {
    const row = event.target.closest(".ll-row");
    if (!row) return;
    if (event.target.closest(".ll-gutter")) {
      nav.select(row);
      toggleBreakpoint(row);
    } else if (event.target.closest(".ll-zap")) menu.open(row);
    else if (row.item.kind === "block") twist(row, closed.has(row.item.path));
    else {
      nav.select(row);
      if (event.target.closest(".ll-input") && isCut(row) && !String(getSelection())) row.classList.toggle("ll-whole");
    }
  });
  root.addEventListener("ll-rows", ({ detail }) => {
    if (detail === "f") nav.selected()?.item.kind === "step" && menu.open(nav.selected());
    else nav.move(detail);
  });

  /** The row that stands for a path: its own, or that of the outermost closed block around it. */
  const shownAs = (path) => {
    const blocks = [...closed].filter((block) => path.startsWith(`${block}.`));
    return blocks.sort((a, b) => a.length - b.length)[0] ?? path;
  };
  function paint() {
    say(note, model.get("summary"));
    const [marks, breakpoints] = [model.get("marks"), model.get("breakpoints")];
    const lit = shownAs(model.get("current"));
    root.classList.toggle("ll-fixed", fixed());
    root.classList.toggle("ll-undoing", model.get("undoing"));
    const shown = model.get("program").map((item) => ({
      ...item,
      away: hidden(item.path),
      open: !closed.has(item.path),
      lit: item.path === lit,
      breakpoint: of(breakpoints, item.path),
      mark: of(marks, item.path) ?? UNTOUCHED,
    }));
    const key = ({ path, kind, input }) => JSON.stringify([path, kind, input]);
    grouped(body, shown, key, createRow, whereChanged(updateRow), rowGroup);
    menu.check();
    list(anywhere, model.get("anywhere"), ({ text }) => text, createAnywhere, updateAnywhere);
    anywhere.hidden = !model.get("anywhere").length;
    const row = body.querySelector(".ll-current");
    const selected = nav.selected();
    // the selection goes with the run, unless somebody has moved it elsewhere
    if (!selected) nav.select(row ?? body.querySelector('[role="row"]'), false);
    else if (row && lit !== current && selected.item.path === current) nav.select(row, selected === document.activeElement);
    if (row && lit !== current) beforePicture(body, () => reveal(body, row));
    current = lit;
  }
  const end = follow(model, root, paint);
  const unseen = whenShown(body, () => {
    const row = body.querySelector(".ll-current");
    if (row) reveal(body, row);
  });
  return () => {
    end();
    unseen();
    menu.end();
  };
}

export default { render };
