// What the Designer's parts share: a part with the keys that undo and redo, and copying to the clipboard.
import { make, part, send } from "./dom.js";

/** A part's root element; Ctrl or Cmd with Z undoes, with Shift (or Y) does again, unless a field has text to undo. */
export function designPart(el, model, name, title = "") {
  const made = part(el, model, name, title);
  made.root.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.stopPropagation();
    const field = event.target.closest("input:not([type=checkbox]), textarea");
    if (field && field.value !== field.shown) return;
    event.preventDefault();
    send(made.root, model, { command: key === "y" || event.shiftKey ? "redo" : "undo" });
  });
  return made;
}

/** A button that says what it does, and which key does it. */
export function action(label, title, { glyph = "", key = "" } = {}) {
  const node = make("button", "ll-button", "", { type: "button", title, "aria-label": title });
  if (glyph) node.append(make("span", "ld-glyph", glyph, { "aria-hidden": "true" }));
  if (label) node.append(make("span", "ld-label", label));
  if (key) node.append(make("kbd", "", key));
  return node;
}

/** Whether a button that says it cannot be used can be used. */
export function enable(node, enabled) {
  node.setAttribute("aria-disabled", String(!enabled));
}

/** The designs to start from, a button each. */
export function gallery(root, model) {
  const node = make("div", "ld-gallery");
  node.addEventListener("click", (event) => {
    const card = event.target.closest("button");
    if (card) send(root, model, { command: "template", title: card.item.title });
  });
  const create = ({ title, about, size }) => {
    const card = make("button", "ld-card", "", { type: "button", "aria-label": `Start from ${title}` });
    card.append(make("strong", "", title), make("span", "ld-about", about), make("span", "ld-size", size));
    return card;
  };
  return { node, create };
}
