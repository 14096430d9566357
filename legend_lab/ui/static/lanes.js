// The part of a figure that is in view: what plotly draws then costs the same however many lanes there are.

/** How a figure's lanes lie: the room above and below them in px, px for each unit of y, where the first one begins. */
function measures({ layout }) {
  const [bottom, top] = layout.yaxis.range;
  const around = layout.margin.t + layout.margin.b;
  return { around, top, unit: (layout.height - around) / (bottom - top) };
}

/** `figure` with only what is in view in `height` px once it is scrolled `scrolled` px down. */
export function inView(figure, height, scrolled) {
  const { around, top, unit } = measures(figure);
  const from = top + scrolled / unit;
  const to = from + (height - around) / unit;
  const headroom = Math.min(0, top); // words that stand above the first lane stay above the first one in view
  const seen = (y) => y > from - headroom && y < to;
  const ticks = figure.layout.yaxis.tickvals.map(seen);
  const only = (values) => values.filter((_, index) => ticks[index]);
  const { yaxis, annotations = [], shapes = [] } = figure.layout;
  const layout = {
    ...figure.layout,
    height,
    yaxis: { ...yaxis, range: [to, from], tickvals: only(yaxis.tickvals), ticktext: only(yaxis.ticktext) },
    annotations: annotations
      .map((note) => (note.yref !== "paper" && note.y < 0 ? { ...note, y: note.y + from - top } : note))
      .filter((note) => note.yref === "paper" || note.y < from - headroom || seen(note.y)),
    shapes: shapes.filter(({ yref, y0, y1 }) => yref === "paper" || (y1 > from && y0 < to)),
  };
  const data = figure.data.map((trace) => cropped(trace, seen, from, to));
  return { data: data.filter(({ y }) => y.length), layout };
}

/** How far to scroll so that `entry` is in view in `height` px, where it is not yet; null where it is or is not drawn. */
export function scrollTo(figure, entry, height, scrolled) {
  if (entry < 0) return 0; // nothing has happened yet: the beginning
  const { around, top, unit } = measures(figure);
  const place = placeOf(figure, entry);
  if (!place) return null;
  const { y } = place;
  const from = (y - 0.5 - top + Math.min(0, top)) * unit;
  const to = (y + 0.5 - top) * unit - (height - around);
  return from < scrolled ? Math.max(0, from) : to > scrolled ? to : null;
}

/** The part of the time axis to show for `entry` to be in it, as long as `[from, to]`; null where it is, or is not drawn. */
export function panTo(figure, entry, [from, to]) {
  const place = placeOf(figure, entry);
  if (!place || (place.end > from && place.end <= to)) return null;
  const start = place.end - 0.8 * (to - from); // with what led to it
  return [start, start + to - from];
}

/** The lane of `entry` and when it ended. */
function placeOf({ data }, entry) {
  for (const { customdata, base, x, y } of data) {
    const index = customdata?.indexOf(entry) ?? -1;
    if (index >= 0) return { y: y[index], end: x[index] + (base?.[index] ?? 0) };
  }
  return null;
}

/** A trace without the points whose lane is not seen; lines across all lanes are cut to what is in view. */
function cropped(trace, seen, from, to) {
  if (trace.meta === "across") {
    return { ...trace, y: trace.y.map((y) => (y === null ? null : Math.max(from, Math.min(to, y)))) };
  }
  const { length } = trace.y;
  let last = false;
  const kept = trace.y.map((y) => (last = y === null ? last : seen(y))); // a gap goes with the stroke before it
  if (kept.every(Boolean)) return trace;
  const columns = (source) =>
    Object.fromEntries(
      Object.entries(source).map(([name, value]) => {
        if (Array.isArray(value) && value.length === length) return [name, value.filter((_, index) => kept[index])];
        return [name, value?.constructor === Object ? columns(value) : value];
      }),
    );
  return columns(trace);
}

/** What is drawn of each entry in `chart`, with its number. */
export function* entriesIn(chart) {
  const bars = chart.querySelectorAll(".barlayer .trace.bars");
  for (const [index, { customdata }] of chart.data.filter(({ type }) => type === "bar").entries()) {
    for (const [at, node] of bars[index].querySelectorAll(".point").entries()) yield [node, customdata?.[at]];
  }
  const decisions = chart.data.find(({ uid }) => uid === "decisions");
  for (const what of [".point", ".textpoint"]) {
    for (const [at, node] of chart.querySelectorAll(`.tracedecisions ${what}`).entries()) yield [node, decisions.customdata[at]];
  }
}
