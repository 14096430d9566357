// The context, with what the last instruction changed. Values inside values open and close, leaves can be edited.
import { follow, make, part, reveal, rowGroup, rows, say, send, tip } from "./dom.js";
import { grouped, whereChanged } from "./lists.js";

const SIGNS = { same: ["", ""], inside: ["", "changed inside"], added: ["+", "added"], removed: ["−", "removed"], changed: ["~", "changed"] };

/** The rows to show, each with its place and depth; `open` says of a place whether it was opened or closed by hand. */
function* visible(items, open, place = "", depth = 0) {
  for (const item of items) {
    const here = `${place}/${JSON.stringify(item.key)}`; // a key may have a slash itself
    const opened = item.children && (open.get(here) ?? item.change === "inside");
    yield { item, here, depth, opened };
    if (opened) yield* visible(item.children, open, here, depth + 1);
  }
}

function create() {
  const row = make("div", "ll-row", "", { role: "row", tabindex: "-1" });
  const value = make("span", "ll-value", "", { role: "gridcell" });
  value.append(make("s"), make("span", "ll-arrow", " →\u00a0"), make("span"));
  row.append(make("span", "ll-sign", "", { role: "gridcell" }), make("span", "ll-key", "", { role: "gridcell" }), value);
  return row;
}

function update(row, { item, depth, opened }) {
  const [sign, key, value] = row.children;
  const [before, arrow, after] = value.children;
  const [glyph, meaning] = SIGNS[item.change];
  row.style.setProperty("--depth", depth);
  row.dataset.change = item.change;
  row.setAttribute("aria-level", depth + 1);
  if (item.children) row.setAttribute("aria-expanded", String(opened));
  else row.removeAttribute("aria-expanded");
  say(sign, glyph);
  tip(sign, meaning);
  sign.setAttribute("aria-label", meaning);
  say(key, item.key);
  const removed = item.change === "removed";
  const changed = item.change === "changed";
  say(before, removed ? item.text : changed ? item.before : "");
  say(after, removed ? "" : item.text);
  before.hidden = !removed && !changed;
  arrow.hidden = !changed;
  tip(key, item.key);
  tip(value, changed ? `${item.before} → ${item.text}` : item.text);
}

// One field over the value of a row. Python says whether it took the text; if not, the field opens again with the reason.
function editor(root, model, body) {
  const node = make("div", "ll-editor");
  const input = make("input", "", "", { type: "text", maxlength: "2000", spellcheck: "false", autocomplete: "off" });
  const why = make("div", "ll-why", "", { role: "alert" });
  node.append(input, why);
  let row = null;
  const close = (focus) => {
    const former = row;
    row = null;
    node.remove();
    former?.classList.remove("ll-editing");
    if (focus) former?.focus({ preventScroll: true });
  };
  const open = (onRow, text, reason = "") => {
    if (row && row !== onRow) close(false);
    row = onRow;
    row.classList.add("ll-editing");
    row.append(node);
    input.value = text;
    input.setAttribute("aria-label", `New value of ${row.item.item.place}`);
    if (reason) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    say(why, reason);
    why.hidden = !reason;
    input.focus({ preventScroll: true });
    if (!reason) input.select();
    reveal(body, row);
  };
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter") {
      const { place } = row.item.item;
      const changed = input.value !== row.item.item.text || !why.hidden;
      const text = input.value;
      close(true);
      if (changed) send(root, model, { command: "edit", place, text });
    } else if (event.key === "Escape" || event.key === "Tab") close(true);
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", () => row && why.hidden && close(false));
  return { open, close, isOpen: () => row !== null };
}

function render({ model, el }) {
  const { root, note } = part(el, model, "context", "Context");
  const body = make("div", "ll-body", "", { role: "treegrid", "aria-label": "Context" });
  const empty = make("div", "ll-empty");
  root.append(body, empty);
  const open = new Map();
  const field = editor(root, model, body);
  const edit = (row) => row.item.item.place !== undefined && field.open(row, row.item.item.text);

  const act = (row, key) => {
    const { item, here, opened } = row.item;
    if (key === "F2" || (key === "Enter" && !item.children)) {
      edit(row);
      return true;
    }
    const wanted = { ArrowRight: true, ArrowLeft: false, Enter: !opened, " ": !opened }[key];
    if (wanted === undefined) return false;
    if (item.children) open.set(here, wanted);
    else row.classList.toggle("ll-whole", key === "Enter" || key === " " ? undefined : wanted);
    paint();
    return true;
  };
  const nav = rows(body, act);
  body.addEventListener("click", (event) => {
    const row = event.target.closest(".ll-row");
    if (!row || event.target.closest(".ll-editor")) return;
    if (!String(getSelection())) act(row, " "); // whoever marks a value to copy it does not want it closed
  });
  body.addEventListener("dblclick", (event) => {
    const row = event.target.closest(".ll-row");
    if (!row || event.target.closest(".ll-editor")) return;
    getSelection().removeAllRanges();
    edit(row);
  });
  let told = null;
  function paint() {
    say(note, model.get("summary"));
    tip(note, model.get("summary"));
    const shown = [...visible(model.get("rows"), open)];
    const refused = model.get("refused");
    if (field.isOpen() && refused === told) field.close(root.contains(document.activeElement));
    grouped(body, shown, ({ here }) => here, create, whereChanged(update), rowGroup);
    body.style.setProperty("--keys", Math.max(...shown.map(({ item, depth }) => item.key.length + 2 * depth), 0));
    const trouble = model.get("trouble");
    say(empty, trouble || "The context is empty.");
    empty.hidden = shown.length > 0 && !trouble;
    if (!nav.selected()) nav.select(body.querySelector(".ll-row"), false);
    if (refused && refused !== told) {
      const row = [...body.querySelectorAll(".ll-row")].find((other) => other.item.item.place === refused.place);
      if (row) field.open(row, refused.text, refused.why);
    }
    told = refused;
  }
  return follow(model, root, paint);
}

export default { render };
