// The fault plan, a chip a fault: a click switches it off and on, another takes it away; all of it can be copied as code.
import { follow, make, part, say, send, tip } from "./dom.js";
import { list } from "./lists.js";

const SAID_MS = 2_000;

function create() {
  const chip = make("li", "ll-chip");
  const words = make("span", "ll-text");
  words.append(make("span"), make("span", "ll-fired"));
  const toggle = make("button", "ll-switch", "", { type: "button", role: "switch" });
  toggle.append(make("span", "ll-glyph", "⚡\uFE0E", { "aria-hidden": "true" }), words);
  chip.append(toggle, make("button", "ll-remove", "✕", { type: "button" }));
  return chip;
}

function update(chip, { text, note, on }, fixed) {
  const [toggle, remove] = chip.children;
  const [planned, fired] = toggle.lastChild.children;
  chip.classList.toggle("ll-off", !on);
  toggle.setAttribute("aria-checked", String(on));
  toggle.setAttribute("aria-label", `The fault ${text} counts`);
  say(planned, text);
  say(fired, note);
  fired.hidden = !note;
  const all = note ? `${text}, ${note}` : text;
  tip(toggle, fixed ? all : `${all}; click to switch it ${on ? "off" : "on"}`);
  toggle.setAttribute("aria-disabled", String(fixed));
  remove.hidden = fixed;
  remove.setAttribute("aria-label", `Remove the fault ${text}`);
  tip(remove, "Remove this fault");
}

// Where the page may not write to the clipboard, the code is shown marked, to be copied by hand.
function copier(model) {
  const button = make("button", "ll-ask ll-copy", "copy as code", { type: "button" });
  const code = make("textarea", "ll-code", "", { readonly: "", rows: "5", "aria-label": "The fault plan as code" });
  code.hidden = true;
  let timer = 0;
  button.addEventListener("click", async () => {
    const text = model.get("code");
    clearTimeout(timer);
    try {
      await navigator.clipboard.writeText(text);
      say(button, "copied");
    } catch {
      code.hidden = false;
      code.value = text;
      code.select();
      say(button, "copy it from here");
    }
    timer = setTimeout(() => say(button, "copy as code"), SAID_MS);
  });
  return { button, code, end: () => clearTimeout(timer), show: () => (code.hidden ||= code.value !== model.get("code")) };
}

function render({ model, el }) {
  const { root, note } = part(el, model, "faults", "Fault plan");
  const copy = copier(model);
  note.after(copy.button);
  const chips = make("ul", "ll-chips");
  const empty = make("div", "ll-empty");
  const hint = make("span");
  hint.append("No faults. The ", make("span", "ll-glyph", "⚡\uFE0E"), " of a row plans one.");
  const why = make("span");
  empty.append(hint, why);
  root.append(chips, empty, copy.code);
  chips.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const command = button?.matches(".ll-remove") ? "remove_fault" : "switch_fault";
    if (button && !model.get("fixed")) send(root, model, { command, id: button.closest(".ll-chip").item.id });
  });
  const end = follow(model, root, () => {
    const items = model.get("chips");
    const fixed = model.get("fixed");
    list(chips, items, (chip) => chip.id, create, (chip, item) => update(chip, item, Boolean(fixed)));
    say(why, fixed);
    hint.hidden = Boolean(fixed);
    chips.hidden = !items.length;
    empty.hidden = items.length > 0;
    const on = items.filter((chip) => chip.on).length;
    say(note, items.length ? (on < items.length ? `${on} of ${items.length} on` : String(items.length)) : "");
    copy.button.hidden = !items.length || !model.get("code");
    copy.show();
  });
  return () => {
    end();
    copy.end();
  };
}

export default { render };
