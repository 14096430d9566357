// The timeline of a page that is kept: a small SVG of what `gantt` draws. Its texts are set as text only.
import { make, part, say } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const CHARACTER_PX = 7.3;
const NARROWEST_TICK_PX = 84;
const NARROWEST_BAR_PX = 3.5; // what took no time is still seen
const HATCHES = { "/": "M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4", x: "M0,0 l8,8 M8,0 l-8,8", ".": "M2,4 h1.6", "-": "M0,4 h8" };

function shape(name, attributes = {}, text = "") {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text) node.textContent = text;
  return node;
}

/** The distance of ticks: 1, 2 or 5 times a power of ten, so that they have room. */
function distance(span, width) {
  const least = (span * NARROWEST_TICK_PX) / Math.max(width, 1);
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((times) => times * power).find((step) => step >= least);
}

function hatch({ shape: pattern, fill, hatch: color }, name) {
  const node = shape("pattern", { id: name, width: 8, height: 8, patternUnits: "userSpaceOnUse" });
  node.append(shape("rect", { width: 8, height: 8, fill }), shape("path", { d: HATCHES[pattern] ?? HATCHES["/"], stroke: color, "stroke-width": 2 }));
  return node;
}

function tooltip(body) {
  const tip = make("div", "ll-tip", "", { role: "tooltip" });
  tip.hidden = true;
  body.append(tip);
  body.addEventListener("pointermove", (event) => {
    const text = event.target.closest("[data-hover]")?.dataset.hover ?? "";
    tip.hidden = !text;
    if (!text) return;
    say(tip, text);
    const box = body.getBoundingClientRect();
    const left = event.clientX - box.left + 14;
    tip.style.left = `${Math.max(4, Math.min(left, box.width - tip.offsetWidth - 6))}px`;
    const top = event.clientY - box.top + body.scrollTop + 16;
    tip.style.top = `${Math.max(4, Math.min(top, body.scrollTop + box.height - tip.offsetHeight - 4))}px`;
  });
  body.addEventListener("pointerleave", () => (tip.hidden = true));
}

function render({ model, el, travel }) {
  const { root, note } = part(el, model, "timeline", "Timeline");
  const body = make("div", "ll-body");
  const chart = shape("svg", { role: "img", "aria-label": "Timeline" });
  body.append(chart);
  root.append(body);
  tooltip(body);
  const drawing = model.get("drawing");
  say(note, drawing.legend);
  let here = null;
  let placed = null;

  function draw() {
    const width = body.clientWidth;
    if (!width) return;
    const label = Math.max(0, ...drawing.lanes.map(({ text }) => [...text].length));
    const [left, right, top, bottom] = [Math.min(24 + CHARACTER_PX * label, width / 2.4), 12, 12, drawing.notice ? 48 : 30];
    const [[x0, x1], [low, high]] = [drawing.x, drawing.y];
    const lane = Math.min(46, Math.max((drawing.height - 68) / (low - high), (body.clientHeight - top - bottom) / (low - high)));
    const height = Math.round(top + bottom + lane * (low - high));
    // a word in the right margin needs its room
    const words = Math.max(0, ...drawing.notes.filter(({ left: beside, x }) => beside && x > x1 - (x1 - x0) * 0.08).map(({ text }) => text.length * CHARACTER_PX));
    const inner = Math.max(40, width - left - right - words);
    const x = (ms) => left + ((ms - x0) / (x1 - x0)) * inner;
    const y = (row) => top + (row - high) * lane;
    chart.setAttribute("width", width);
    chart.setAttribute("height", height);
    const nodes = [];
    const add = (name, attributes, text) => nodes[nodes.push(shape(name, attributes, text)) - 1];
    const floor = height - bottom;

    for (const [from, to] of drawing.bands) add("rect", { class: "ll-band", x: 0, width, y: y(from), height: (to - from) * lane });
    if (drawing.timed) {
      const step = distance(x1 - x0, inner);
      for (let tick = Math.ceil(x0 / step) * step; tick <= x1; tick += step) {
        const ms = +tick.toFixed(6);
        add("line", { class: "ll-grid-line", x1: x(ms), x2: x(ms), y1: top, y2: floor });
        add("text", { class: "ll-tick", x: x(ms), y: floor + 18 }, drawing.ticks[`${ms} ms`] ?? `${ms} ms`);
      }
    }
    for (const { y: at, text, faint } of drawing.lanes) {
      const most = Math.floor((left - 14) / CHARACTER_PX);
      const shown = [...text].length > most ? `${[...text].slice(0, most - 1).join("")}…` : text;
      add("text", { class: faint ? "ll-lane-name ll-faint" : "ll-lane-name", x: 12, y: y(at) + 4 }, shown);
    }
    for (const { what, color, width: thick, dash, corners, words: said, hovers } of drawing.lines) {
      const d = corners.map((corner, at) => (corner ? `${at && corners[at - 1] ? "L" : "M"}${x(corner[0])},${y(corner[1])}` : "")).join("");
      add("path", { class: what === "next" ? "ll-upcoming" : "", d, fill: "none", stroke: color, "stroke-width": thick, "stroke-dasharray": dash });
      if (hovers.length) add("path", { d, fill: "none", stroke: "transparent", "stroke-width": 12, "pointer-events": "none" });
      for (const [at, row, hover] of hovers) add("circle", { cx: x(at), cy: y(row), r: 9, fill: "transparent", "data-hover": hover });
      for (const [at, row, text] of said) add("text", { class: "ll-tick", x: x(at), y: y(row) + 14 }, text);
    }
    const defs = add("defs", {});
    drawing.bars.forEach((mark, number) => {
      if (mark.shape) defs.append(hatch(mark, `ll-hatch-${number}`));
      for (const [entry, row, start, long, glyph, beside, hover] of mark.bars) {
        const bar = add("g", { class: "ll-bar", "data-entry": entry, "data-hover": hover });
        const [from, wide] = [x(start), Math.max(NARROWEST_BAR_PX, x(start + long) - x(start))];
        const tall = mark.wide * lane;
        const fill = mark.shape ? `url(#ll-hatch-${number})` : mark.fill;
        bar.append(shape("rect", { x: from, width: wide, y: y(row) - tall / 2, height: tall, rx: Math.min(3, wide / 2), fill, stroke: mark.line, "stroke-width": 1.5 }));
        bar.append(shape("rect", { x: from - 3, width: wide + (beside ? 22 : 6), y: y(row) - tall / 2, height: tall, fill: "transparent" }));
        const inside = !beside && wide > 12;
        if (inside && mark.shape) bar.append(shape("rect", { x: from + wide / 2 - 8, width: 16, y: y(row) - 8, height: 16, rx: 4, fill: mark.fill }));
        if (inside || beside) {
          const look = { class: "ll-sign", x: inside ? from + wide / 2 : from + wide + 9, y: y(row) + 5, fill: inside ? mark.ink : mark.line };
          bar.append(shape("text", look, glyph));
        }
      }
    });
    for (const { x: at, y: row, color, text, hover, entry } of drawing.points) {
      const point = add("g", { class: "ll-bar", "data-entry": entry, "data-hover": hover });
      point.append(shape("path", { d: `M${x(at)},${y(row) - 6} l6,6 l-6,6 l-6,-6 z`, fill: color, class: "ll-diamond" }));
      if (text) point.append(shape("text", { class: "ll-tick", x: x(at), y: y(row) - 9 }, text));
    }
    for (const at of drawing.failures) add("line", { class: "ll-failure", x1: x(at), x2: x(at), y1: top, y2: floor });
    for (const { x: at, y: row, text, color, left: beside, hover } of drawing.notes) {
      const look = { x: x(at) + (beside ? 4 : -4), y: y(row) + 4, fill: color, "text-anchor": beside ? "start" : "end", "data-hover": hover };
      add("text", { class: "ll-words-on", ...look }, text);
    }
    if (drawing.notice) add("text", { class: "ll-tick ll-notice", x: left, y: height - 10 }, drawing.notice);
    here = add("line", { class: "ll-moment", y1: top, y2: floor });
    placed = x;
    chart.replaceChildren(...nodes);
    mark();
  }

  /** What comes after the moment that is shown is pale, and a line says where it is. */
  function mark() {
    if (!here) return;
    const [position, past] = [model.get("position"), model.get("past")];
    for (const node of chart.querySelectorAll("[data-entry]")) node.classList.toggle("ll-later", Number(node.dataset.entry) >= position);
    for (const node of chart.querySelectorAll(".ll-upcoming")) node.classList.toggle("ll-later", past);
    const all = drawing.bars.flatMap(({ bars }) => bars);
    const last = all.find(([entry]) => entry === position - 1);
    const later = [...all.filter(([entry]) => entry >= position).map((bar) => bar[2]), ...drawing.points.filter(({ entry }) => entry >= position).map((point) => point.x)];
    const at = last ? last[2] + last[3] : Math.min(...later);
    here.style.display = past && Number.isFinite(at) ? "" : "none";
    if (past && Number.isFinite(at)) for (const end of ["x1", "x2"]) here.setAttribute(end, placed(at));
  }

  chart.addEventListener("click", (event) => {
    const node = event.target.closest("[data-entry]");
    if (node) travel(Number(node.dataset.entry) + 1);
  });
  new ResizeObserver(draw).observe(body);
  model.on("change", mark);
}

export default { render };
