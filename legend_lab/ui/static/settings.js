// The settings of what is selected, in groups of lines; below them, what the line in use means.
import { follow, make, reveal, say, send } from "./dom.js";
import { designPart } from "./designing.js";
import { hear, showFields, whyLine } from "./fields.js";
import { list } from "./lists.js";

const WHAT = "Point at a line, or go to it, to read here what it means.";
const KINDS = { saga: "Saga", block: "Block", step: "Step" };

function createLine() {
  const line = make("div", "ld-line", "", { role: "group" });
  const fields = make("div", "ld-fields");
  line.append(make("span", "ld-line-label"), fields, whyLine());
  return line;
}

function createGroup({ title }) {
  const group = make("section", "ld-group", "", { "aria-label": title });
  group.append(make("h4", "", title), make("div", "ld-lines"));
  return group;
}

function render({ model, el }) {
  const { root, note } = designPart(el, model, "settings", "Settings");
  const body = make("div", "ll-body");
  const about = make("div", "ld-about-line", "", { "aria-hidden": "true" });
  const findings = make("ul", "ld-findings", "", { "aria-label": "Findings" });
  root.append(findings, body, about);
  const explain = (event) => say(about, event.target.closest(".ld-line")?.item.help || WHAT);
  say(about, WHAT);
  body.addEventListener("focusin", explain);
  body.addEventListener("pointerover", explain);
  hear(body, ({ place }, text) => send(root, model, { command: "set", path: shown.path, place, text }));
  let shown = null; // the form that the fields are of

  function paint() {
    const [form, refused] = [model.get("form"), model.get("refused")];
    say(note, form.path ? `${KINDS[form.kind].toLowerCase()} ${form.path}` : "of the saga");
    list(findings, form.findings, (text, index) => index, () => make("li"), say);
    findings.hidden = !form.findings.length;
    list(body, form.groups, ({ title }) => title, createGroup, (group, { lines }) => {
      list(group.lastChild, lines, ({ label }) => label, createLine, (line, { label, help, fields }) => {
        const [words, inputs, why] = line.children;
        line.setAttribute("aria-label", label);
        say(words, label);
        words.title = help;
        showFields(inputs, why, fields, ({ place }) => refused[place]);
      });
    });
    if (shown !== null && shown.kind !== form.kind) body.scrollTop = 0;
    if (shown?.path !== form.path && !body.contains(document.activeElement)) say(about, WHAT);
    shown = form;
    const bad = document.activeElement?.closest?.(".ld-line");
    if (bad && body.contains(bad) && !bad.lastChild.hidden) reveal(body, bad);
  }
  return follow(model, root, paint);
}

export default { render };
