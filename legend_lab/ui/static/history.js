// Everything that happened, a dot an entry and a lane a branch, to travel on with pointer and keys.
import { beforePicture, follow, make, part, reveal, say, send, style, tip } from "./dom.js";
import { list, whereChanged } from "./lists.js";

const UNIT_PX = 44; // as wide as a dot's share gets; `history.css` says the same
const ROW_PX = 26;
const PATIENCE_MS = 500;
const DENSE = 60; // from so many entries on they are strokes

/** For how many entries there is room: of a long run that goes on, for some more, so that not all dots move with each. */
function room(span, lanes) {
  const goesOn = lanes.some((lane) => lane.current && !lane.ended);
  const spare = goesOn && span > DENSE ? 2 ** (Math.floor(Math.log2(span)) - 3) : 1;
  return Math.ceil(span / spare) * spare;
}

function createLane() {
  const lane = make("div", "ll-lane");
  lane.append(make("div", "ll-elbow"), make("div", "ll-rail"), make("div", "ll-rail ll-lit"), make("div", "ll-dots"), make("div", "ll-coming"));
  return lane;
}

/** The lane's own part of the line is drawn thin; what belongs to the branch that is shown lies over it. */
function updateLane(node, lane, position) {
  const [elbow, rail, lit, dots, coming] = node.children;
  const from = lane.row ? lane.first + 1 : 0;
  const set = (target, values) => Object.entries(values).forEach(([name, value]) => style(target, `--${name}`, value));
  node.classList.toggle("ll-shown", lane.lit > lane.first || lane.current);
  elbow.hidden = !lane.row;
  set(elbow, { at: lane.first, rows: lane.row - lane.parent });
  set(rail, { at: from, long: Math.max(0, lane.end - from) });
  set(lit, { at: from, long: Math.max(0, Math.min(lane.lit, position) - from) });
  coming.hidden = lane.ended || !lane.current;
  set(coming, { at: lane.end + 1 });
  const shown = lane.dots.map((dot) => ({ ...dot, when: dot.last > lane.lit ? " ll-off" : dot.first > position ? " ll-later" : "" }));
  const update = (dot, { first, last, look, glyph, text, when }) => {
    dot.className = `ll-dot ll-${look}${when}`;
    say(dot, glyph);
    tip(dot, text);
    set(dot, { at: last, many: last - first + 1 });
  };
  list(dots, shown, ({ first, last }) => `${first}-${last}`, () => make("span"), whereChanged(update));
}

function updateName(node, lane) {
  say(node, lane.name);
  tip(node, lane.text);
  node.setAttribute("aria-label", `Branch ${lane.text}`);
  if (lane.current) node.setAttribute("aria-current", "true");
  else node.removeAttribute("aria-current");
}

/** Sends where to go; the next place only when the last one is shown, so that a drag never runs ahead of the picture. */
function traveller(root, model) {
  let wanted = null;
  let sent = null;
  let timer = 0;
  const now = () => ({ branch: model.get("lanes").find((lane) => lane.current)?.name, position: model.get("position") });
  const go = () => {
    if (!wanted || sent) return;
    const shown = now();
    const target = wanted;
    wanted = null;
    if (target.branch === shown.branch && target.position === shown.position) return;
    sent = target;
    send(root, model, { command: "goto", branch: target.branch, position: String(target.position) });
    timer = setTimeout(arrived, PATIENCE_MS);
  };
  const arrived = () => {
    clearTimeout(timer);
    sent = null;
    go();
  };
  return {
    arrived,
    place: () => wanted ?? sent ?? now(),
    travel: (branch, position) => {
      wanted = { branch, position };
      go();
    },
    end: () => clearTimeout(timer),
  };
}

/** A field in the heading: Enter begins a branch of that name where the position is. */
function namedFork(root, model, note) {
  const name = make("input", "ll-fork-as", "", {
    type: "text", maxlength: "80", placeholder: "fork here as…", "aria-label": "Name of a new branch", spellcheck: "false", autocomplete: "off",
    title: "Type a name, Enter starts a branch of that name here",
  });
  note.before(name);
  name.addEventListener("keydown", (event) => {
    if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "Enter") send(root, model, { command: "fork_as", name: name.value });
    name.value = "";
    root.querySelector(".ll-track").focus({ preventScroll: true });
  });
  return name;
}

function render({ model, el }) {
  const { root, note } = part(el, model, "history", "History");
  const name = namedFork(root, model, note);
  const body = make("div", "ll-body");
  const names = make("div", "ll-names", "", { role: "group", "aria-label": "Branches" });
  const track = make("div", "ll-track", "", { role: "slider", tabindex: "0", "aria-label": "History", "aria-valuemin": "0" });
  const lanes = make("div", "ll-lanes");
  const here = make("div", "ll-here");
  const empty = make("div", "ll-empty", "Nothing has run yet. Each entry will be a dot here: drag or click to travel back.");
  track.append(lanes, here);
  body.append(names, track);
  root.append(body, empty);
  const trip = traveller(root, model);

  const unit = () => Math.min(UNIT_PX, lanes.clientWidth / room(model.get("span"), model.get("lanes")));
  const positionAt = (event, end) => {
    const x = event.clientX - lanes.getBoundingClientRect().left;
    return Math.max(0, Math.min(end, Math.round(x / unit())));
  };
  /** The branch that a pointer means: what is shown already where the lane under it is a part of that, else the lane. */
  const branchAt = (event) => {
    const all = model.get("lanes");
    const shown = all.find((lane) => lane.current);
    const row = Math.floor((event.clientY - lanes.getBoundingClientRect().top) / ROW_PX);
    const lane = all[Math.max(0, Math.min(all.length - 1, row))];
    return positionAt(event, lane.end) <= lane.lit ? shown : lane;
  };
  let held = null;
  track.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    held = branchAt(event);
    track.setPointerCapture(event.pointerId);
    trip.travel(held.name, positionAt(event, held.end));
  });
  track.addEventListener("pointermove", (event) => held && trip.travel(held.name, positionAt(event, held.end)));
  for (const over of ["pointerup", "pointercancel"]) track.addEventListener(over, () => (held = null));

  track.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const [all, { branch, position }] = [model.get("lanes"), trip.place()];
    const row = all.findIndex((lane) => lane.name === branch);
    const to = { ArrowLeft: position - 1, ArrowRight: position + 1, PageDown: position - 10, PageUp: position + 10, Home: 0, End: all[row].end }[event.key];
    const other = all[row + { ArrowUp: -1, ArrowDown: 1 }[event.key]];
    if (to !== undefined) trip.travel(branch, Math.max(0, Math.min(all[row].end, to)));
    else if (other) trip.travel(other.name, other.end);
    else if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
  });
  names.addEventListener("click", (event) => {
    const lane = event.target.closest("button")?.item;
    if (lane) send(root, model, { command: "switch", branch: lane.name });
  });

  let seen = -1;
  const end = follow(model, root, () => {
    const [all, position, span] = ["lanes", "position", "span"].map((name) => model.get(name));
    say(note, model.get("summary"));
    style(track, "--span", room(span, all)); // and so all in it
    root.classList.toggle("ll-dense", model.get("size") > 1 || span > DENSE);
    list(lanes, all, ({ row }) => row, createLane, (node, lane) => updateLane(node, lane, position));
    list(names, all, ({ row }) => row, () => make("button", "ll-branch", "", { type: "button" }), updateName);
    name.hidden = !model.get("forks") || !model.get("length");
    names.hidden = all.length < 2;
    empty.hidden = all.length > 1 || model.get("length") > 0;
    body.hidden = !empty.hidden;
    const under = all.find((lane) => lane.first < position && position <= lane.lit) ?? all[0];
    const row = under?.row ?? 0;
    style(here, "--at", position);
    style(here, "--row", row);
    track.setAttribute("aria-valuemax", model.get("length"));
    track.setAttribute("aria-valuenow", position);
    track.setAttribute("aria-valuetext", model.get("where"));
    if (!held && row !== seen && lanes.children[row]) beforePicture(body, () => reveal(body, lanes.children[row]));
    seen = row;
    trip.arrived();
  });
  return () => {
    end();
    trip.end();
  };
}

export default { render };
