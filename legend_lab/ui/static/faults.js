// The fault plan, a chip a fault, each with a button that takes it away.
import { follow, list, make, part, say, send } from "./dom.js";

function create() {
  const chip = make("li", "ll-chip");
  const words = make("span", "ll-text");
  words.append(make("span"), make("span", "ll-fired"));
  chip.append(
    make("span", "ll-glyph", "⚡\uFE0E", { "aria-hidden": "true" }),
    words,
    make("button", "ll-remove", "✕", { type: "button" }),
  );
  return chip;
}

function update(chip, { text, note }) {
  const [, words, remove] = chip.children;
  const [planned, fired] = words.children;
  say(planned, text);
  say(fired, note);
  fired.hidden = !note;
  chip.title = note ? `${text}, ${note}` : text;
  remove.setAttribute("aria-label", `Remove the fault ${text}`);
  remove.title = "Remove this fault";
}

function render({ model, el }) {
  const { root, note } = part(el, model, "faults", "Fault plan");
  const chips = make("ul", "ll-chips");
  const empty = make("div", "ll-empty");
  empty.append("No faults. The ", make("span", "ll-glyph", "⚡\uFE0E"), " of a row plans one.");
  root.append(chips, empty);
  chips.addEventListener("click", (event) => {
    const remove = event.target.closest(".ll-remove");
    if (remove) send(root, model, { command: "remove_fault", id: remove.closest(".ll-chip").item.id });
  });
  return follow(model, root, () => {
    const items = model.get("chips");
    list(chips, items, (chip) => chip.id, create, update);
    chips.hidden = !items.length;
    empty.hidden = items.length > 0;
    say(note, items.length ? String(items.length) : "");
  });
}

export default { render };
