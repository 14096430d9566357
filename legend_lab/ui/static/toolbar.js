// The buttons, where the run stands, why it stands still, and what went wrong.
import { follow, make, part, say, send, tip } from "./dom.js";
import { list } from "./lists.js";

const FADES_MS = 150;

function button(item) {
  const node = make("button", "ll-button", "", { type: "button" });
  node.append(make("span", "ll-glyph", "", { "aria-hidden": "true" }), make("span", "ll-label"), make("kbd"));
  return node;
}

// A button that cannot be used keeps the focus (`disabled` would drop it, and with it the keys), so it only says so.
function updateButton(node, { command, label, glyph, key, enabled, primary, why, short }) {
  const [sign, text, hint] = node.children;
  node.dataset.command = command;
  say(sign, glyph);
  say(text, label);
  say(hint, key);
  sign.hidden = !glyph;
  hint.hidden = !key;
  node.classList.toggle("ll-primary", primary);
  node.classList.toggle("ll-short", Boolean(short));
  node.setAttribute("aria-label", label);
  node.setAttribute("aria-disabled", String(!enabled));
  tip(node, why);
}

function buttons(bar, root, model) {
  bar.addEventListener("click", (event) => {
    const node = event.target.closest("button");
    if (node?.getAttribute("aria-disabled") === "false") send(root, model, { command: node.dataset.command });
  });
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const all = [...bar.querySelectorAll("button")];
    const at = all.indexOf(event.target);
    if (!step || at < 0) return;
    event.preventDefault();
    all[(at + step + all.length) % all.length].focus();
  });
  return (items) => list(bar, items, (item) => item.command, button, updateButton);
}

// Most commands take a moment: the buttons fade, and Stop can be pressed, once one takes longer.
function busyWatch(root, model, showButtons) {
  let timer = 0;
  let busy = false;
  const show = () => {
    root.classList.toggle("ll-running", busy);
    root.setAttribute("aria-busy", String(busy));
    if (busy || !model.get("running")) showButtons(model.get("buttons"));
  };
  const paint = () => {
    if (!model.get("running")) {
      clearTimeout(timer);
      timer = 0;
      busy = false;
    } else {
      timer ||= setTimeout(() => {
        busy = true;
        show();
      }, FADES_MS);
      busy ||= model.get("slow"); // a page that was busy itself hears of both at once
    }
    show();
  };
  return { paint, end: () => clearTimeout(timer) };
}

function panelItem() {
  const node = make("li");
  node.append(make("span", "ll-path"), make("span", "ll-text"));
  return node;
}

// A decision that takes a note, and perhaps a choice.
function formPart(part, model) {
  const root = make("form", "ll-form");
  const path = make("select", "", "", { "aria-label": "Undone by hand" });
  const note = make("input", "", "", { type: "text", "aria-label": "Note", maxlength: "500" });
  const give = make("button", "ll-button", "", { type: "submit" });
  root.append(path, note, give);
  let command = "";
  root.addEventListener("submit", (event) => {
    event.preventDefault();
    send(part, model, path.hidden ? { command, note: note.value } : { command, path: path.value, note: note.value });
    note.value = "";
  });
  const show = (form) => {
    root.hidden = !form;
    if (!form) return;
    command = form.command;
    path.hidden = !form.paths.length;
    list(path, form.paths, (name) => name, (name) => make("option", "", name, { value: name }));
    note.placeholder = form.hint;
    say(give, form.label);
    tip(give, form.why);
  };
  return { root, show };
}

function panelPart(part, model) {
  const root = make("div", "ll-panel", "", { role: "group" });
  const glyph = make("span", "ll-glyph", "", { "aria-hidden": "true" });
  const title = make("strong");
  const text = make("p");
  const items = make("ul");
  const actions = make("div", "ll-actions");
  const body = make("div", "ll-words");
  const form = formPart(part, model);
  const decide = make("div", "ll-decide");
  decide.append(actions, form.root);
  body.append(title, text, items, decide);
  root.append(glyph, body);
  const showActions = buttons(actions, part, model);
  const show = (panel) => {
    root.hidden = !panel;
    if (!panel) return;
    root.dataset.tone = panel.tone;
    root.setAttribute("aria-label", panel.title);
    say(glyph, panel.glyph);
    say(title, panel.title);
    say(text, panel.text);
    list(items, panel.items, (item, index) => index, panelItem, (node, item) => {
      say(node.children[0], item.path);
      say(node.children[1], item.text);
    });
    items.hidden = !panel.items.length;
    showActions(panel.actions);
    form.show(panel.form);
  };
  return { root, show };
}

function helpPart() {
  const root = make("ul", "ll-help", "", { "aria-label": "Keys" });
  root.hidden = true;
  const create = ({ keys, text }) => {
    const line = make("li");
    const names = make("span", "ll-keys");
    names.append(...keys.map((key) => make("kbd", "", key)));
    line.append(names, make("span", "", text));
    return line;
  };
  const show = (lines) => list(root, lines, (line, index) => index, create);
  return { root, show };
}

// A step that never awaits keeps the kernel from hearing of the stop, so only the page can tell that it was not heeded.
function stopWatch(root, model, note) {
  let timer = 0;
  root.addEventListener("ll-sent", ({ detail }) => {
    if (detail.command !== "stop" || !model.get("running") || timer) return;
    timer = setTimeout(() => say(note, model.get("unheeded").text), model.get("unheeded").after_ms);
  });
  const ended = () => {
    if (model.get("running")) return;
    clearTimeout(timer);
    timer = 0;
    say(note, "");
  };
  return { ended, end: () => clearTimeout(timer) };
}

function render({ model, el }) {
  const { root } = part(el, model, "toolbar");
  const head = make("div", "ll-head");
  const saga = make("span", "ll-saga");
  const bar = make("div", "ll-buttons", "", { role: "toolbar", "aria-label": "Run" });
  const count = make("span", "ll-count");
  const badge = make("span", "ll-badge");
  const badgeGlyph = make("span", "ll-glyph", "", { "aria-hidden": "true" });
  const badgeText = make("span");
  badge.append(badgeGlyph, badgeText);
  head.append(saga, bar);

  const standing = make("div", "ll-standing", "", { role: "status" });
  const now = make("span", "ll-now");
  const next = make("span", "ll-next");
  const ask = make("button", "ll-ask", "", { type: "button", title: "Show or hide the keys", "aria-expanded": "false" });
  ask.append(make("span", "", "keys"), make("kbd", "", "?"));
  const clock = make("button", "ll-ask", "", { type: "button", role: "switch" });
  clock.append(make("span", "ll-glyph", "", { "aria-hidden": "true" }), make("span"));
  const line = make("div", "ll-line");
  standing.append(now, next);
  const aside = make("div", "ll-aside");
  aside.append(count, clock, ask);
  line.append(badge, standing, aside);

  const alert = make("div", "ll-alert", "", { role: "alert" });
  const unheeded = make("div", "ll-alert", "", { role: "alert" });
  const stopped = stopWatch(root, model, unheeded);
  const panel = panelPart(root, model);
  const help = helpPart();
  root.append(head, line, help.root, alert, unheeded, panel.root);

  const toggleHelp = () => {
    help.root.hidden = !help.root.hidden;
    ask.setAttribute("aria-expanded", String(!help.root.hidden));
  };
  ask.addEventListener("click", toggleHelp);
  root.addEventListener("ll-help", toggleHelp);
  clock.addEventListener("click", () => send(root, model, { command: "clock" }));

  const running = busyWatch(root, model, buttons(bar, root, model));
  const end = follow(model, root, () => {
    say(saga, model.get("saga"));
    say(count, model.get("count"));
    const { tone, glyph, text } = model.get("badge");
    badge.dataset.tone = tone;
    badge.hidden = !text;
    say(badgeGlyph, glyph);
    say(badgeText, text);
    const where = model.get("standing");
    say(now, where.now);
    say(next, where.next);
    next.hidden = !where.next;
    running.paint();
    line.classList.toggle("ll-past", model.get("past"));
    const time = model.get("clock");
    clock.hidden = !time.label;
    say(clock.children[0], time.glyph ?? "");
    say(clock.children[1], time.label ?? "");
    tip(clock, time.why ?? "");
    clock.setAttribute("aria-checked", String(time.pressed ?? false));
    clock.setAttribute("aria-label", `Virtual time: ${time.label ?? ""}`);
    say(alert, model.get("alert"));
    help.show(model.get("help"));
    panel.show(model.get("panel"));
    stopped.ended();
  }, true);
  return () => {
    end();
    running.end();
    stopped.end();
  };
}

export default { render };
