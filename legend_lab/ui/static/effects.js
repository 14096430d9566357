// What the saga has done in the outside world; a move of an effect leads to the moment at which it was made.
import { follow, make, part, rows, say, send, tip } from "./dom.js";
import { list } from "./lists.js";

const GLYPHS = { open: "●", doubled: "⁑", undone: "↩", late: "…", never_opened: "∅" };

function create() {
  const row = make("div", "ll-row", "", { role: "row", tabindex: "-1" });
  const what = make("div", "ll-what", "", { role: "gridcell" });
  what.append(make("span", "ll-name"), make("span", "ll-key"), make("span", "ll-for-good"));
  row.append(make("span", "ll-glyph", "", { "aria-hidden": "true" }), what, make("span", "ll-status", "", { role: "gridcell" }));
  row.append(make("div", "ll-moves", "", { role: "gridcell" }));
  return row;
}

function createMove() {
  return make("button", "ll-move", "", { type: "button", tabindex: "-1" });
}

function update(row, { name, key, look, status, irreversible, news, moves }) {
  const [glyph, what, words, trail] = row.children;
  const [title, mark, forGood] = what.children;
  row.dataset.look = look;
  row.classList.toggle("ll-news", news);
  say(glyph, GLYPHS[look]);
  say(title, name);
  say(mark, key);
  tip(mark, key);
  tip(title, name);
  say(forGood, irreversible ? "⚠\uFE0E cannot be undone" : "");
  say(words, status);
  list(trail, moves, ({ position }, index) => `${index}-${position}`, createMove, (node, { text }) => {
    say(node, text);
    tip(node, `${text}: click to go there`);
  });
}

function help() {
  const node = make("div", "ll-empty");
  const code = (text) => make("span", "ll-literal", text);
  node.append("No effects yet. To see here what is left outside: ", code("effects.declare(name)"), " once, ");
  node.append(code("effects.open(name)"), " in the step, ", code("effects.close(name)"), " in its undo.");
  return node;
}

function render({ model, el }) {
  const { root, note } = part(el, model, "effects", "Effects");
  const body = make("div", "ll-body", "", { role: "grid", "aria-label": "Effects" });
  const more = make("div", "ll-empty");
  const empty = help();
  root.append(body, more, empty);
  const go = (move) => move && send(root, model, { command: "goto", branch: "", position: String(move.position) });
  const nav = rows(body, (row, key) => {
    if (!["Enter", " ", "ArrowRight", "ArrowLeft"].includes(key)) return false;
    go(key === "ArrowLeft" ? row.item.moves[0] : row.item.moves.at(-1));
    return true;
  });
  body.addEventListener("click", (event) => go(event.target.closest(".ll-move")?.item));
  const end = follow(model, root, () => {
    const items = model.get("rows");
    say(note, model.get("summary"));
    list(body, items, ({ name, key }) => JSON.stringify([name, key]), create, update);
    if (!nav.selected() && body.firstChild) nav.select(body.firstChild, false);
    body.hidden = !items.length;
    empty.hidden = items.length > 0;
    more.hidden = !model.get("more");
    say(more, `${model.get("more")} more are not shown; debugger.effects has them all.`);
  });
  return end;
}

export default { render };
