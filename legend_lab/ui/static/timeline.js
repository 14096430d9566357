// A plotly Figure that is updated in place. plotly.js comes once per page, over the kernel's own connection.
import { beforePicture, follow, make, part, say, send } from "./dom.js";
import { entriesIn, inView, panTo, scrollTo } from "./lanes.js";

const PATIENCE_MS = 15_000;
const ROOMIEST = 1.35; // where there is room, the lanes are so much wider
const TALLEST_PX = 420; // beyond that its lanes scroll, and the axis below them stays
const TICK_PX = 80; // room for a tick's label on the time axis
const page = (globalThis.__legendLabPlotly1 ??= { library: null, waiting: [] });

/**
 * plotly.js, once it is there. The first timeline asks for it; all that wait listen. When the one that asked goes away
 * or gets no answer in time (its kernel is gone), the next one asks, so none waits for a dead one.
 */
function plotly(model) {
  if (page.library) return { library: Promise.resolve(page.library), cancel: () => {} };
  const asker = { timer: 0 };
  const library = new Promise((resolve) => (asker.resolve = resolve));
  const receive = (message, buffers) => message?.kind === "plotly.js" && load(buffers[0]);
  const leave = () => {
    clearTimeout(asker.timer);
    model.off("msg:custom", receive);
  };
  asker.ask = () => {
    asker.timer = setTimeout(() => pass(asker, true), PATIENCE_MS);
    try {
      model.send({ kind: "plotly.js?" });
    } catch {
      pass(asker, true);
    }
  };
  asker.take = (found) => {
    leave();
    asker.resolve(found);
  };
  asker.cancel = () => {
    leave();
    pass(asker, false);
  };
  model.on("msg:custom", receive);
  const first = page.waiting[0];
  if (first && !first.late) page.waiting.push(asker);
  else {
    page.waiting.unshift(asker); // before those whose kernel did not answer
    asker.ask();
  }
  return { library, cancel: asker.cancel };
}

/** `asker` goes to the end of the queue, or out of it; whoever is now first asks if it was `asker`'s turn. */
function pass(asker, stay) {
  const turn = page.waiting[0] === asker;
  asker.late = stay;
  page.waiting = page.waiting.filter((other) => other !== asker);
  clearTimeout(asker.timer);
  const next = page.waiting[0];
  if (stay) page.waiting.push(asker);
  if (turn && next) next.ask();
  else if (turn && stay) asker.timer = setTimeout(asker.ask, PATIENCE_MS);
}

function load(source) {
  if (page.library || page.loading) return;
  page.loading = true;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const script = Object.assign(document.createElement("script"), { src: url });
  const done = () => {
    URL.revokeObjectURL(url);
    page.loading = false;
    script.remove();
  };
  script.onerror = done; // the one whose turn it is asks again in time
  script.onload = () => {
    done();
    page.library = globalThis.Plotly;
    for (const asker of page.waiting.splice(0)) asker.take(page.library);
  };
  document.head.append(script);
}

/**
 * A view's own copy of the axis. plotly keeps a person's zoom (and writes it here) while what is asked for stays the
 * same, which a range that grows with the run is not; and zooming out goes to all there is, not to what there once was.
 */
function zoomable({ range: [minallowed, maxallowed], ...axis }, width) {
  const nticks = Math.max(2, Math.min(9, Math.floor(width / TICK_PX))); // plotly's fewest cover each other where it is narrow
  return { ...axis, nticks, autorange: true, autorangeoptions: { minallowed, maxallowed } };
}

function render({ model, el }) {
  const { root, note } = part(el, model, "timeline", "Timeline");
  const body = make("div", "ll-body");
  const whole = make("div", "ll-full"); // as tall as all lanes; the chart stays in view in front of it
  const stage = make("div", "ll-stage");
  const chart = make("div", "ll-chart", "", { role: "img", "aria-label": "Timeline" });
  const here = make("div", "ll-moment-line", "", { "aria-hidden": "true" });
  const waiting = make("div", "ll-empty", "The chart is loading…");
  stage.append(chart, here);
  whole.append(stage);
  body.append(whole, waiting);
  root.append(body);

  let library = null;
  let busy = false;
  let again = false;
  let gone = false;
  let room = { width: 0, height: 0 };
  let scrolled = 0; // where the lanes are scrolled to, or will be in the next picture: to ask the page lays it out
  let drawn = [];
  const draw = async () => {
    if (!library || gone || !room.width) return;
    if (busy) {
      again = true;
      return;
    }
    const figure = model.get("figure");
    const tall = figure.layout.height ?? room.height;
    const height = Math.min(room.height, ROOMIEST * tall);
    const wanted = [figure, model.get("config"), room.width, height, tall > height ? scrolled : 0];
    if (wanted.every((each, index) => each === drawn[index])) return mark(); // to travel changes nothing that plotly draws
    busy = true;
    const { data, layout } = tall > height ? inView(figure, height, scrolled) : figure;
    const size = { width: room.width, height, autosize: false };
    const xaxis = zoomable(layout.xaxis, room.width - layout.margin.l - layout.margin.r);
    try {
      await library.react(chart, data, { ...layout, xaxis, ...size }, model.get("config"));
      drawn = wanted;
      waiting.hidden = true;
      listen();
      mark();
    } catch (error) {
      say(waiting, `The chart cannot be drawn: ${error.message}`);
      waiting.hidden = false;
    } finally {
      busy = false;
      if (again) {
        again = false;
        draw();
      }
    }
  };
  let listens = false;
  const listen = () => {
    if (listens) return; // plotly gives the chart its `on` with the first drawing
    listens = true;
    chart.on("plotly_click", travel);
    chart.on("plotly_relayout", mark);
  };
  /** What comes after the moment that is shown is pale, and a line says where that is. */
  const mark = () => {
    const [position, at] = [model.get("position"), model.get("here")];
    const past = at !== null;
    for (const [node, entry] of entriesIn(chart)) node.classList.toggle("ll-later", past && entry >= position);
    for (const node of chart.querySelectorAll(".tracenext")) node.classList.toggle("ll-later", past);
    const { margin, xaxis, width } = chart.layout;
    const part = (at - xaxis.range[0]) / (xaxis.range[1] - xaxis.range[0]);
    here.hidden = !past || part < 0 || part > 1; // a person may have zoomed elsewhere
    here.style.inset = `${margin.t}px auto ${margin.b}px ${margin.l + part * (width - margin.l - margin.r)}px`;
  };
  const travel = ({ points }) => {
    const entry = points[0]?.customdata;
    if (Number.isInteger(entry)) send(root, model, { command: "goto", branch: "", position: String(entry + 1) });
  };
  const arrange = () => {
    const figure = model.get("figure");
    const tall = figure.layout.height;
    body.style.minHeight = `${Math.min(tall ?? 0, TALLEST_PX)}px`; // the pane grows with it, up to a point
    whole.style.height = tall ? `${tall}px` : "100%";
    scrolled = Math.max(0, Math.min(scrolled, (tall ?? 0) - room.height)); // it may be less tall than it was
  };
  /** Where a person has zoomed in, an entry that is gone to comes into view. */
  const pan = (figure, entry) => {
    const axis = chart.layout?.xaxis;
    const same = chart.layout?.uirevision === figure.layout.uirevision; // else the zoom ends with this figure
    const range = same && axis && !axis.autorange && panTo(figure, entry, axis.range);
    if (range) library.relayout(chart, { "xaxis.range": range });
  };
  let sought = null;
  const find = () => {
    const [figure, entry] = [model.get("figure"), model.get("position") - 1];
    if (entry === sought || !room.height) return; // a person may have scrolled elsewhere since
    sought = entry;
    const to = figure.layout.height > room.height ? scrollTo(figure, entry, room.height, scrolled) : null;
    if (to !== null) {
      scrolled = to;
      beforePicture(body, () => (body.scrollTop = to));
    }
    pan(figure, entry);
  };
  // plotly only watches the window; panes also change their size when the notebook's side bar opens
  const resized = new ResizeObserver(([{ contentRect }]) => {
    room = { width: contentRect.width, height: contentRect.height };
    find();
    body.scrollTop = scrolled; // a pane that was away for a while has lost it
    draw();
  });
  resized.observe(body);
  body.addEventListener("scroll", () => {
    if (Math.abs(body.scrollTop - scrolled) < 1) return; // a page scrolls to whole pixels
    scrolled = body.scrollTop;
    draw();
  });
  const end = follow(model, root, () => {
    say(note, model.get("legend"));
    arrange();
    find();
    draw();
  });
  const asked = plotly(model);
  asked.library.then((found) => {
    library = found;
    draw();
  });
  return () => {
    gone = true;
    end(); // a removed view that still listens would break the next one
    asked.cancel();
    resized.disconnect();
    library?.purge(chart);
  };
}

export default { render };
