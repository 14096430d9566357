// What happened, a line an event, the newest last.
import { beforePicture, follow, make, part, reveal, say, whenShown } from "./dom.js";
import { grouped } from "./lists.js";

function create({ at, event, text, tone }) {
  const line = make("div", "ll-happened", "", { role: "listitem", "data-tone": tone });
  line.append(make("span", "ll-at", at), make("span", "ll-event", event), make("span", "ll-text", text, { title: text }));
  return line;
}

function update(line, { later }) {
  line.classList.toggle("ll-later", later);
}

function render({ model, el }) {
  const { root, note } = part(el, model, "events", "Events");
  const body = make("div", "ll-body", "", { tabindex: "0", role: "log", "aria-label": "Events", "aria-live": "off" });
  const lines = make("div", "", "", { role: "list" });
  const next = make("div", "ll-next");
  body.append(lines, next);
  root.append(body);
  let wasPast = false;
  let atEnd = true;
  let follows = false;
  body.addEventListener("scroll", () => (atEnd = body.scrollHeight - body.scrollTop - body.clientHeight < 24));
  /** What has happened last is in view; the newest line, for whoever looks there. */
  const settle = () => {
    const later = model.get("later");
    const all = lines.querySelectorAll(".ll-happened");
    const happened = all.length - later;
    if (later && happened) {
      reveal(body, all[Math.max(0, happened - 4)]); // with what led to it
      reveal(body, all[happened - 1]);
    } else if (later) body.scrollTop = 0;
    else if (follows) body.scrollTop = body.scrollHeight;
    follows = false;
  };
  const end = follow(model, root, () => {
    const earlier = model.get("earlier");
    // a line never changes, but a branch or a reset puts another one in its place
    const shown = model.get("lines");
    const happened = shown.length - model.get("later");
    follows ||= atEnd || wasPast;
    const items = shown.map((line, index) => ({ ...line, number: earlier + index, later: index >= happened }));
    grouped(lines, items, ({ later, ...line }) => JSON.stringify(line), create, update, () => make("div", "ll-group", "", { role: "presentation" }));
    say(next, model.get("next"));
    say(note, earlier ? `${earlier} earlier not shown` : "");
    beforePicture(body, settle);
    wasPast = model.get("later") > 0;
  });
  const unseen = whenShown(body, () => {
    follows = true;
    settle();
  });
  return () => {
    end();
    unseen();
  };
}

export default { render };
