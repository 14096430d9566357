// A page that is kept: the workbench's own parts over the moments of a run that is over; nothing is asked of a kernel.

/** What a delta makes of a value; `legend_lab/ui/deltas.py` says what deltas are. */
function applied(was, delta) {
  if (delta === null) return was;
  if (Array.isArray(delta)) return delta[0];
  const inner = Object.entries(delta.i ?? delta.k ?? {});
  if (Array.isArray(was)) {
    const now = was.slice(0, delta.n);
    for (const [index, change] of inner) now[index] = applied(now[index], change);
    return now.concat(delta.t ?? []);
  }
  const now = Object.assign(Object.create(null), was); // a key may be `__proto__`
  for (const key of delta.d ?? []) delete now[key];
  for (const [key, change] of inner) now[key] = applied(now[key], change);
  return now;
}

/** Values by position, each made from the one before it when it is first asked for; what is equal is shared. */
function reel(states) {
  const made = states.slice(0, 1);
  return (position) => {
    while (made.length <= position) made.push(applied(made.at(-1), states[made.length]));
    return made[position];
  };
}

/** What a part takes for its widget's model. */
function modelOf(values, hear) {
  const listeners = new Set();
  return {
    get: (name) => values[name],
    on: (event, listener) => listeners.add(listener),
    off: (event, listener) => listeners.delete(listener),
    send: hear,
    show: (news) => {
      Object.assign(values, news);
      for (const listener of listeners) listener();
    },
  };
}

function effectsPart(el, model) {
  const { root, note } = part(el, model, "effects", "Effects");
  const body = make("ul", "ll-body");
  root.append(body);
  const create = () => {
    const row = make("li");
    row.append(make("span", "ll-glyph", "", { "aria-hidden": "true" }), make("span", "ll-name"), make("span", "ll-key"), make("span", "ll-text"));
    return row;
  };
  follow(model, root, () => {
    const effects = model.get("effects");
    say(note, model.get("summary") || "none yet");
    list(body, effects, (effect, index) => index, create, (row, { name, key, path, state, tone, glyph, exists }) => {
      row.dataset.tone = tone;
      row.classList.toggle("ll-gone", !exists);
      row.title = `${name} ${key}: ${state}; by ${path}`;
      [glyph, name, key, state].forEach((text, index) => say(row.children[index], text));
    });
  });
}

const EARLIER_EVENTS = 200;
const LATER_EVENTS = 60;

/** The lines around a position: a log of thousands would be slow. */
function eventsAt(lines, position) {
  const end = Math.min(lines.length, position + LATER_EVENTS);
  const begin = Math.max(0, position - EARLIER_EVENTS);
  return { lines: lines.slice(begin, end), earlier: begin, later: end - position };
}

function buttonsAt(position, count) {
  const back = position > 0;
  const on = position < count;
  const button = (command, label, glyph, key, enabled, why) => ({ command, label, glyph, key, enabled, why, primary: command === "next" && on });
  return [
    button("first", "Beginning", "⇤", "Home", back, "Go to the beginning"),
    button("back", "Back", "◂", "←", back, "Go one entry back"),
    button("next", "Next", "▸", "→", on, "Go one entry on"),
    button("last", "End", "⇥", "End", on, "Go to the end"),
  ];
}

function start(data, root) {
  const { count, first } = data;
  const momentAt = reel(data.moments);
  const contextAt = reel(data.contexts.states);
  let position = -1;

  const hear = ({ command, position: target }) => {
    const to = { first: 0, back: position - 1, next: position + 1, last: count, goto: Number(target) }[command];
    if (Number.isInteger(to)) show(Math.max(0, Math.min(count, to)));
  };
  const travel = (entry) => hear({ command: "goto", position: entry - first });
  const fixed = { shortcuts: data.keys };
  const nothing = { tone: "plain", glyph: "", text: "" };
  const models = {
    toolbar: modelOf({ ...fixed, saga: data.saga, count: "", badge: nothing, standing: { now: "", next: "" }, past: false, buttons: [], clock: {}, panel: null, running: false, slow: false, alert: "", help: data.help }, hear),
    listing: modelOf({ ...fixed, ...data.listing, marks: {}, breakpoints: {}, current: "", undoing: false, menu: [], anywhere: [], fixed: "" }, hear),
    timeline: modelOf({ ...fixed, drawing: data.timeline, position: 0, past: false }, hear),
    context: modelOf({ ...fixed, rows: [], summary: "", refused: null, trouble: "" }, hear),
    history: modelOf({ ...fixed, ...data.history, position: 0, where: "", forks: false }, hear),
    effects: modelOf({ ...fixed, effects: [], summary: "" }, hear),
    events: modelOf({ ...fixed, lines: [], earlier: 0, later: 0, next: "" }, hear),
  };
  const grid = make("main", "ll-frame");
  root.append(grid);
  const areas = {};
  for (const name of Object.keys(models)) {
    if (name === "effects" && !data.effects) continue;
    areas[name] = make("section", `ll-area-${name}`);
    grid.append(areas[name]);
  }
  grid.classList.toggle("ll-has-effects", data.effects);

  function show(to) {
    if (to === position) return;
    position = to;
    const { count: told, badge, now, next, where, marks, current, undoing, effects = [], effects_summary: summary = "" } = momentAt(position);
    const past = position < count;
    const at = position - data.contexts.from;
    const context = at < 0 || !data.contexts.states.length ? { rows: [], summary: "not on this page", trouble: data.contexts.why } : contextAt(at);
    models.listing.show({ marks, current, undoing });
    models.timeline.show({ position: position + first, past });
    models.context.show(context);
    models.history.show({ position, where });
    models.effects.show({ effects, summary });
    models.events.show({ ...eventsAt(data.events, position), next: past ? "" : next });
    models.toolbar.show({ count: told, badge, standing: { now, next }, past, buttons: buttonsAt(position, count) });
  }

  position = data.position;
  const begin = position;
  for (const [name, render] of Object.entries({ toolbar, listing, context, history, events })) render.render({ model: models[name], el: areas[name] });
  timeline.render({ model: models.timeline, el: areas.timeline, travel });
  if (data.effects) effectsPart(areas.effects, models.effects);
  root.append(make("footer", "ll-about", data.about));
  areas.events.addEventListener("click", (event) => {
    const line = event.target.closest(".ll-happened");
    if (line && !String(getSelection())) show(line.item.number + 1);
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const command = data.keys[event.key];
    if (command) hear({ command });
    else if (event.key === "?") areas.toolbar.firstElementChild.dispatchEvent(new CustomEvent("ll-help"));
    else return;
    event.preventDefault();
  });
  position = -1;
  show(begin);
  areas.history.querySelector('[role="slider"]').focus({ preventScroll: true });
}

const data = JSON.parse(document.getElementById("ll-data").textContent);
document.title = `${data.saga} · legend_lab`;
start(data, document.querySelector(".ll-page"));
