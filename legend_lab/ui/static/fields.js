// Fields to type, choose and tick: each shows its setting, sends it when it changes, and says beside it why it cannot be.
import { make, say } from "./dom.js";
import { list } from "./lists.js";

let made = 0;

function control(field) {
  if (field.kind === "choice") return make("select");
  if (field.kind === "check") return make("input", "", "", { type: "checkbox" });
  if (field.kind === "remove") return make("button", "ld-remove", "✕", { type: "button" });
  const input = make("input", "", "", { type: "text", spellcheck: "false", autocomplete: "off" });
  if (field.kind === "number") input.inputMode = "decimal";
  return input;
}

function create(field) {
  const node = make(field.kind === "check" ? "label" : "span", `ld-field ld-is-${field.kind}`);
  const input = control(field);
  const [before, after] = [make("span", "ld-before"), make("span", "ld-after")];
  node.append(before, input, after);
  if (field.kind === "combo") {
    const choices = make("datalist");
    choices.id = `ld-choices-${(made += 1)}`;
    input.setAttribute("list", choices.id);
    node.append(choices);
  }
  node.classList.toggle("ld-short", field.size === "short");
  return node;
}

const options = (node, choices) =>
  list(node, choices, ([value]) => value, () => make("option"), (option, [value, text]) => {
    option.value = value;
    say(option, text);
  });

/** Show a setting. Text that is being typed stays, unless Python has answered to it. */
function update(node, field, refused, whyId) {
  const [before, input, after] = node.children;
  say(before, field.before ?? "");
  say(after, field.kind === "check" && !field.code ? field.label : field.after ?? "");
  before.hidden = !before.textContent;
  after.hidden = !after.textContent;
  node.classList.toggle("ld-mono", Boolean(field.code));
  input.setAttribute("aria-label", field.label);
  input.title = field.kind === "remove" ? field.label : "";
  if (field.kind === "choice") options(input, field.choices);
  if (field.kind === "combo") options(node.lastChild, field.choices);
  if (field.kind === "check") input.checked = field.value === "true";
  else if (field.kind !== "remove") {
    if (field.hint !== undefined) input.placeholder = field.hint;
    const value = refused ? refused.text : field.value;
    if (refused || input.sent || input.shown !== field.value) {
      if (input.value !== value && !(input.editing && !input.sent)) input.value = value;
    }
    input.shown = field.value;
  }
  input.sent = false;
  if (refused) {
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", whyId);
  } else {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
}

/** Why something in this line was refused, read out at once. */
export function whyLine() {
  const node = make("div", "ld-why", "", { role: "alert" });
  node.id = `ld-why-${(made += 1)}`;
  node.hidden = true;
  return node;
}

/** The fields of a line; `why` says what was refused among them. `refusedOf(field)` is what was, if it was. */
export function showFields(node, why, items, refusedOf) {
  const refused = items.map(refusedOf).find(Boolean);
  list(node, items, ({ place, kind }) => `${place} ${kind}`, create, (child, field) =>
    update(child, field, refusedOf(field), why.id),
  );
  say(why, refused?.why ?? "");
  why.hidden = !refused;
}

/** Hear of every change in `root`: `changed(field, text, node)`. */
export function hear(root, changed) {
  const commit = (input) => {
    const node = input.closest(".ld-field");
    const field = node.item;
    const text = input.type === "checkbox" ? String(input.checked) : input.value;
    input.editing = false;
    if (text === field.value && !input.hasAttribute("aria-invalid")) return;
    input.sent = true;
    changed(field, text, node);
  };
  root.addEventListener("input", (event) => {
    if (event.target.matches('input[type="text"]')) event.target.editing = true;
  });
  root.addEventListener("change", (event) => commit(event.target));
  root.addEventListener("click", (event) => {
    const button = event.target.closest(".ld-field > .ld-remove");
    if (button) changed(button.parentElement.item, "", button.parentElement);
  });
  root.addEventListener("keydown", (event) => {
    const input = event.target;
    if (!input.matches('.ld-field input[type="text"]') || event.isComposing) return;
    if (event.key === "Enter") commit(input);
    else if (event.key === "Escape") {
      input.value = input.shown;
      input.editing = false;
    } else return;
    event.preventDefault();
  });
}
