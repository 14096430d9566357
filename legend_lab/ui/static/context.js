// The context, with what the last instruction changed. Values inside values open and close.
import { follow, list, make, part, rows, say } from "./dom.js";

const SIGNS = { same: ["", ""], inside: ["", "changed inside"], added: ["+", "added"], removed: ["−", "removed"], changed: ["~", "changed"] };

/** The rows to show, each with its place and depth; `open` says of a place whether it was opened or closed by hand. */
function* visible(items, open, place = "", depth = 0) {
  for (const item of items) {
    const here = `${place}/${item.key}`;
    const opened = item.children && (open.get(here) ?? item.change === "inside");
    yield { item, here, depth, opened };
    if (opened) yield* visible(item.children, open, here, depth + 1);
  }
}

function create() {
  const row = make("div", "ll-row", "", { role: "row", tabindex: "-1" });
  const value = make("span", "ll-value", "", { role: "gridcell" });
  value.append(make("s"), make("span", "ll-arrow", " → "), make("span"));
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
  sign.title = meaning;
  sign.setAttribute("aria-label", meaning);
  say(key, item.key);
  const removed = item.change === "removed";
  const changed = item.change === "changed";
  say(before, removed ? item.text : changed ? item.before : "");
  say(after, removed ? "" : item.text);
  before.hidden = !removed && !changed;
  arrow.hidden = !changed;
  key.title = item.key;
  value.title = changed ? `${item.before} → ${item.text}` : item.text;
}

function render({ model, el }) {
  const { root, note } = part(el, model, "context", "Context");
  const body = make("div", "ll-body", "", { role: "treegrid", "aria-label": "Context" });
  const empty = make("div", "ll-empty", "The context is empty.");
  root.append(body, empty);
  const open = new Map();

  const act = (row, key) => {
    const { item, here, opened } = row.item;
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
    if (row && !String(getSelection())) act(row, "Enter"); // whoever marks a value to copy it does not want it closed
  });
  function paint() {
    say(note, model.get("summary"));
    const shown = [...visible(model.get("rows"), open)];
    list(body, shown, ({ here }) => here, create, update);
    empty.hidden = shown.length > 0;
    if (!nav.selected()) nav.select(body.firstElementChild, false);
  }
  return follow(model, root, paint);
}

export default { render };
