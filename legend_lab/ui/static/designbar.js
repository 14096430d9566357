// The saga's name, undo and redo, code and files, and what went wrong.
import { follow, make, say, send } from "./dom.js";
import { action, designPart, enable, gallery } from "./designing.js";
import { list } from "./lists.js";

const KEYS = [
  [["a"], "add a step behind the one that is selected, and name it"],
  [["Enter", "F2"], "name the row; in the field: Enter keeps the name, Shift+Enter adds another step, Esc leaves it"],
  [["↑", "↓"], "select another row"],
  [["←", "→"], "close or open a block"],
  [["Alt", "↑ ↓"], "move the row up or down, at the edge of a block out of it"],
  [["Alt", "→ ←"], "put the row into a block, or take it out"],
  [["d"], "duplicate the row"],
  [["Del"], "delete the row"],
  [["Ctrl", "Z"], "undo any edit; with Shift: do it again"],
];
const SAID_MS = 2_500;

/** Put code into a new cell below the one that shows this widget; false where the page has no notebook to reach. */
function insertBelow(model, code) {
  const notebook = model.widget_manager?.context?.model?.sharedModel;
  if (!notebook?.insertCell) return false;
  const shows = (cell) => JSON.stringify(cell.toJSON().outputs ?? []).includes(model.get("view"));
  const at = [...notebook.cells].findIndex(shows);
  if (at < 0) return false;
  notebook.insertCell(at + 1, { cell_type: "code", source: code, metadata: {} });
  return true;
}

function helpPart() {
  const root = make("ul", "ld-help", "", { "aria-label": "Keys" });
  root.hidden = true;
  root.append(
    ...KEYS.map(([names, text]) => {
      const line = make("li");
      const keys = make("span", "ll-keys");
      keys.append(...names.map((name) => make("kbd", "", name)));
      line.append(keys, make("span", "", text));
      return line;
    }),
  );
  return root;
}

/** What was left out or left alone, until somebody has read it. */
function notesPart(root, model) {
  const node = make("div", "ld-notes", "", { role: "region", "aria-label": "Notes" });
  const groups = make("div", "ld-notes-groups", "", { "aria-live": "polite" });
  const shut = action("", "Dismiss these notes", { glyph: "✕" });
  shut.classList.add("ld-quiet");
  node.append(groups, shut);
  shut.addEventListener("click", () => send(root, model, { command: "dismiss" }));
  const create = ({ title }) => {
    const group = make("div");
    group.append(make("strong", "", title), make("ul", "", "", { "aria-label": title }));
    return group;
  };
  const show = (notes) => {
    list(groups, notes, ({ title }) => title, create, (group, { lines }) =>
      list(group.lastChild, lines, (line, index) => index, () => make("li"), say),
    );
    node.hidden = !notes.length;
  };
  return { node, show };
}

const PANELS = {
  py: { name: "Code", save: "Save as .py", copy: "Copy", title: "Copy to the clipboard" },
  tests: { name: "Tests", save: "Save tests as .py", copy: "Copy tests", title: "Copy the tests to the clipboard" },
  json: { name: "JSON", save: "Save as .json", copy: "Copy", title: "Copy to the clipboard" },
  open: { name: "Open", save: "Open", copy: "", title: "" },
};
const HINTS = {
  tests: "For pytest: the code runs as drawn, and what was done is undone whichever step fails. Keep them beside the code.",
  open: "A .json of the Designer, or a .py that it wrote. Undo brings back what is drawn now.",
};

function panelPart(root, model) {
  const node = make("div", "ld-files", "", { role: "region" });
  const head = make("div", "ld-files-head");
  const title = make("strong");
  const copy = action("Copy", "Copy to the clipboard", { glyph: "⧉" });
  const below = action("Insert below", "Put the code into a new cell below", { glyph: "↧" });
  const form = make("form", "ld-form");
  const file = make("input", "", "", { type: "text", spellcheck: "false", autocomplete: "off", "aria-label": "File" });
  const save = make("button", "ll-button ll-primary", "", { type: "submit" });
  const shut = action("", "Close", { glyph: "✕" });
  const both = make("label", "ld-both", "", { title: "In the same folder, with test_ before the name" });
  const tests = make("input", "", "", { type: "checkbox" });
  tests.checked = true;
  both.append(tests, make("span", "", "with tests"));
  form.append(file, save, both);
  head.append(title, form, copy, below, shut);
  const why = make("div", "ld-why", "", { role: "alert" });
  const said = make("div", "ld-saved", "", { role: "status" });
  const hint = make("div", "ld-hint");
  const ask = make("div", "ld-ask-write");
  const write = action("Change the file so", "Write these changes to the file");
  write.classList.add("ll-primary");
  const leave = action("Leave it as it is", "Do not change the file");
  ask.append(make("span", "", "The file exists. This is what would change in it:"), write, leave);
  const text = make("pre", "ld-text", "", { tabindex: "0" });
  const cards = gallery(root, model);
  node.append(head, why, said, hint, ask, text, cards.node);
  let timer = 0;
  const tell = (words) => {
    say(hint, words);
    clearTimeout(timer);
  };
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(model.get("panel").text);
      say(copy.querySelector(".ld-label"), "Copied");
      timer = setTimeout(() => say(copy.querySelector(".ld-label"), PANELS[model.get("panel")?.kind]?.copy ?? ""), SAID_MS);
    } catch {
      getSelection().selectAllChildren(text);
      tell("This page may not write to the clipboard; the code is marked, copy it by hand.");
    }
  });
  below.addEventListener("click", () => {
    const done = insertBelow(model, model.get("panel").text);
    tell(done ? "The code is in a new cell below." : `No cell can be reached from here. Run in a cell: ${model.get("panel").below}`);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { kind: of, tests: offered } = model.get("panel");
    if (of === "open") send(root, model, { command: "open", file: file.value });
    else send(root, model, { command: "save", file: file.value, tests: String(offered && tests.checked) });
  });
  write.addEventListener("click", () => send(root, model, { command: "write", file: file.value }));
  leave.addEventListener("click", () => send(root, model, { command: "panel", kind: model.get("panel").kind }));
  shut.addEventListener("click", () => send(root, model, { command: "panel", kind: "" }));
  node.addEventListener("keydown", (event) => {
    if (event.key === "Escape") shut.click();
  });

  let kind = null;
  const show = (panel, templates) => {
    node.hidden = !panel;
    if (!panel) return void (kind = null);
    const isOpen = panel.kind === "open";
    const words = PANELS[panel.kind];
    node.setAttribute("aria-label", words.name);
    say(title, words.name);
    say(save, words.save);
    if (kind !== panel.kind) say(copy.querySelector(".ld-label"), words.copy);
    copy.title = words.title;
    copy.setAttribute("aria-label", words.title);
    if (kind !== panel.kind || file.shown !== panel.file) file.value = panel.file;
    file.shown = panel.file;
    copy.hidden = isOpen;
    below.hidden = panel.kind !== "py";
    both.hidden = !panel.tests;
    say(why, panel.why);
    why.hidden = !panel.why;
    say(said, panel.said);
    said.hidden = !panel.said;
    if (kind !== panel.kind) tell(HINTS[panel.kind] ?? "");
    ask.hidden = !panel.diff.length;
    text.hidden = isOpen;
    if (panel.diff.length) {
      const line = ({ sign, text: words }) => make("span", "ld-diff", `${sign === "@" ? "⋯" : sign} ${words}\n`, { "data-sign": sign });
      text.replaceChildren(...panel.diff.map(line));
    } else say(text, panel.text);
    cards.node.hidden = !isOpen;
    list(cards.node, isOpen ? templates : [], ({ title: key }) => key, cards.create);
    if (kind !== panel.kind) (isOpen ? file : copy).focus({ preventScroll: true });
    kind = panel.kind;
  };
  return { node, show, end: () => clearTimeout(timer) };
}

function render({ model, el }) {
  const { root } = designPart(el, model, "designbar");
  const head = make("div", "ld-head");
  const name = make("span", "ld-saga");
  const count = make("span", "ld-count");
  const said = make("span", "ld-said", "", { role: "status" });
  const edit = make("div", "ld-buttons", "", { role: "toolbar", "aria-label": "Edits" });
  const files = make("div", "ld-buttons ld-right", "", { role: "toolbar", "aria-label": "Files" });
  const [undo, redo] = [action("Undo", "", { glyph: "↶" }), action("Redo", "", { glyph: "↷" })];
  edit.append(undo, redo);
  const tabs = {
    py: action("Code", "Show the Python of this design", { glyph: "⟨⟩" }),
    tests: action("Tests", "Show the tests of that Python"),
    json: action("JSON", "Show the design as JSON"),
    open: action("Open…", "Open a file or a template"),
  };
  const ask = action("Keys", "Show or hide the keys", { key: "?" });
  ask.classList.add("ld-quiet");
  files.append(...Object.values(tabs), ask);
  const help = helpPart();
  const notes = notesPart(root, model);
  const objections = make("div", "ld-against", "", { role: "status", "aria-label": "What the code has against it" });
  const alert = make("div", "ld-alert", "", { role: "alert" });
  const panel = panelPart(root, model);
  head.append(name, count, edit, said, files);
  root.append(head, help, alert, objections, panel.node, notes.node);
  undo.addEventListener("click", () => model.get("undo") && send(root, model, { command: "undo" }));
  redo.addEventListener("click", () => model.get("redo") && send(root, model, { command: "redo" }));
  for (const [kind, button] of Object.entries(tabs)) {
    button.addEventListener("click", () => send(root, model, { command: "panel", kind }));
  }
  const toggle = () => {
    help.hidden = !help.hidden;
    ask.setAttribute("aria-expanded", String(!help.hidden));
  };
  ask.addEventListener("click", toggle);
  root.addEventListener("ll-help", toggle);

  function paint() {
    say(name, model.get("name"));
    say(count, model.get("count"));
    say(said, model.get("said"));
    say(alert, model.get("alert"));
    say(objections, model.get("objections").join("\n"));
    for (const [node, word, key] of [[undo, "undo", "Ctrl+Z"], [redo, "redo", "Ctrl+Shift+Z"]]) {
      const words = model.get(word);
      enable(node, Boolean(words));
      node.title = words ? `${word === "undo" ? "Undo" : "Do again"}: ${words} (${key})` : `Nothing to ${word}`;
      node.setAttribute("aria-label", words ? `${word === "undo" ? "Undo" : "Redo"}: ${words}` : node.title);
    }
    const shown = model.get("panel");
    for (const [kind, button] of Object.entries(tabs)) button.setAttribute("aria-pressed", String(shown?.kind === kind));
    notes.show(model.get("notes"));
    panel.show(shown, model.get("templates"));
  }
  const end = follow(model, root, paint, true);
  return () => {
    end();
    panel.end();
  };
}

export default { render };
