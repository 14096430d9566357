// The program, one row a step, with what became of each and a fault menu.
import { follow, list, make, part, reveal, rows, say, send, whenShown } from "./dom.js";

const GLYPHS = {
  pending: ["·", "not run"],
  current: ["▸", "next"],
  done: ["✓", "done"],
  failed: ["✗", "failed"],
  undone: ["↩", "undone"],
  undo_failed: ["⊗", "undo failed"],
  paused: ["‖", "paused"],
  uncertain: ["?", "uncertain"],
};
const UNTOUCHED = { state: "pending", status: "", faults: [] };

function createRow({ path, name, depth, kind, input }) {
  const row = make("div", `ll-row ll-${kind}`, "", { role: "row", tabindex: "-1", title: path });
  row.style.setProperty("--depth", depth);
  const what = make("div", "ll-what", "", { role: "gridcell" });
  if (kind === "block") {
    row.append(make("span", "ll-twist", "▾", { "aria-hidden": "true" }), what);
    row.setAttribute("aria-expanded", "true");
    what.append(make("span", "ll-name", name));
    return row;
  }
  const glyph = make("div", "ll-glyph", "", { role: "gridcell" });
  what.append(make("span", "ll-name", name));
  if (input) what.append(make("span", "ll-input", input, { title: input }));
  const status = make("div", "ll-status", "", { role: "gridcell" });
  const cell = make("div", "ll-fault", "", { role: "gridcell" });
  cell.append(make("button", "ll-zap", "⚡\uFE0E", { type: "button", tabindex: "-1", "aria-haspopup": "menu" }));
  row.append(glyph, what, status, cell);
  return row;
}

function updateStep(row, { path }, { state, status, faults }) {
  const [glyph, , words, cell] = row.children;
  const [sign, meaning] = GLYPHS[state];
  row.dataset.state = state;
  say(glyph, sign);
  glyph.title = meaning;
  glyph.setAttribute("aria-label", meaning);
  say(words, status || meaning);
  words.title = status;
  const zap = cell.firstChild;
  zap.classList.toggle("ll-set", faults.length > 0);
  zap.dataset.count = faults.length > 1 ? faults.length : "";
  const planned = faults.length ? `${faults.length} planned` : "none planned";
  zap.setAttribute("aria-label", `Faults of ${path}: ${planned}`);
  zap.title = `Faults: ${planned}`;
}

// The menu is a popover: it lies above everything and no pane cuts it off.
function faultMenu(root, model) {
  const menu = make("div", "ll-menu", "", { role: "menu", popover: "auto" });
  let row = null;
  root.append(menu);

  const choices = () => [...menu.querySelectorAll('[role="menuitemcheckbox"]')];
  const build = () => {
    const head = make("div", "ll-menu-head");
    const name = make("span", "ll-name", row.item.path, { title: row.item.path });
    head.append(name, make("span", "", "first attempt"), make("span", "", "every attempt"));
    menu.setAttribute("aria-label", `Faults of ${row.item.path}`);
    menu.replaceChildren(head, ...model.get("menu").map(group));
  };
  const group = ({ label, lines }) => {
    const node = make("div", "ll-menu-group", "", { role: "group", "aria-label": label });
    node.append(make("div", "ll-menu-label", label), ...lines.map(line));
    return node;
  };
  const line = ({ label, why, choices }) => {
    const node = make("div", "ll-menu-line", "", { title: why });
    node.append(make("span", "", label));
    for (const { id, attempt, label: whole } of choices) {
      const choice = make("button", `ll-choice ll-${attempt}`, "", {
        type: "button", role: "menuitemcheckbox", tabindex: "-1", "aria-label": whole, "data-choice": id,
      });
      node.append(choice);
    }
    return node;
  };
  const check = () => {
    const { faults } = model.get("marks")[row?.item.path] ?? UNTOUCHED;
    for (const choice of choices()) choice.setAttribute("aria-checked", String(faults.includes(choice.dataset.choice)));
  };
  const place = () => {
    const [at, size] = [row.getBoundingClientRect(), menu.getBoundingClientRect()];
    const below = at.bottom + size.height < innerHeight;
    menu.style.top = `${Math.max(4, below ? at.bottom : Math.min(at.top - size.height, innerHeight - size.height - 4))}px`;
    menu.style.left = `${Math.max(4, Math.min(at.right - size.width, innerWidth - size.width - 4))}px`;
  };
  const open = (onRow) => {
    row = onRow;
    build();
    check();
    menu.showPopover();
    place();
    choices()[0]?.focus({ preventScroll: true });
  };
  const close = () => menu.matches(":popover-open") && menu.hidePopover();

  menu.addEventListener("click", (event) => {
    const { choice } = event.target.closest("button")?.dataset ?? {};
    if (choice) send(root, model, { command: "toggle_fault", path: row.item.path, choice });
  });
  menu.addEventListener("keydown", (event) => {
    const all = choices();
    const at = all.indexOf(document.activeElement);
    const column = (node) => (node.classList.contains("ll-every") ? 1 : 0);
    const lines = [...menu.querySelectorAll(".ll-menu-line")];
    const lineAt = lines.indexOf(document.activeElement.closest(".ll-menu-line"));
    const inLine = (index) => {
      const found = [...lines[(index + lines.length) % lines.length].querySelectorAll("button")];
      return found[Math.min(column(all[at] ?? found[0]), found.length - 1)];
    };
    const to = {
      ArrowDown: () => inLine(lineAt + 1),
      ArrowUp: () => inLine(lineAt - 1),
      ArrowLeft: () => lines[lineAt]?.querySelector(".ll-first"),
      ArrowRight: () => lines[lineAt]?.querySelector(".ll-every"),
      Home: () => all[0],
      End: () => all.at(-1),
    }[event.key];
    if (to) to()?.focus();
    else if (event.key === "Escape" || event.key === "Tab" || event.key === "f") {
      close();
      row.focus({ preventScroll: true });
    } else if (event.key !== "Enter" && event.key !== " ") return;
    else document.activeElement.click();
    event.preventDefault(); // the root takes no key that the menu took
  });
  const scrolled = (event) => event.target !== menu && close(); // it would stay where its row no longer is
  menu.addEventListener("toggle", (event) => {
    const way = event.newState === "open" ? "addEventListener" : "removeEventListener";
    window[way]("scroll", scrolled, true);
  });
  return { open, check, end: () => window.removeEventListener("scroll", scrolled, true) };
}

function render({ model, el }) {
  const { root, note } = part(el, model, "listing", "Program");
  const body = make("div", "ll-body", "", { role: "grid", "aria-label": "Program" });
  root.append(body);
  const menu = faultMenu(root, model);
  const closed = new Set();
  let current = "";

  const hidden = (path) => [...closed].some((block) => path.startsWith(`${block}.`));
  const twist = (row, open) => {
    if (open) closed.delete(row.item.path);
    else closed.add(row.item.path);
    paint();
  };
  const nav = rows(body, (row, key) => {
    const block = row.item.kind === "block";
    if (block && key === "ArrowLeft") twist(row, false);
    else if (block && key === "ArrowRight") twist(row, true);
    else if (block && (key === "Enter" || key === " ")) twist(row, closed.has(row.item.path));
    else if (!block && (key === "Enter" || key === "f")) menu.open(row);
    else return false;
    return true;
  });
  body.addEventListener("click", (event) => {
    const row = event.target.closest(".ll-row");
    if (!row) return;
    if (event.target.closest(".ll-zap")) menu.open(row);
    else if (row.item.kind === "block") twist(row, closed.has(row.item.path));
    else nav.select(row);
  });
  root.addEventListener("ll-rows", ({ detail }) => {
    if (detail === "f") nav.selected()?.item.kind === "step" && menu.open(nav.selected());
    else nav.move(detail);
  });

  /** The row that stands for a path: its own, or that of the outermost closed block around it. */
  const shownAs = (path) => {
    const blocks = [...closed].filter((block) => path.startsWith(`${block}.`));
    return blocks.sort((a, b) => a.length - b.length)[0] ?? path;
  };
  function paint() {
    say(note, model.get("summary"));
    const marks = model.get("marks");
    const lit = shownAs(model.get("current"));
    root.classList.toggle("ll-undoing", model.get("undoing"));
    list(body, model.get("program"), (row) => row.path, createRow, (row, item) => {
      row.hidden = hidden(item.path);
      row.classList.toggle("ll-current", item.path === lit);
      if (item.path === lit) row.setAttribute("aria-current", "step");
      else row.removeAttribute("aria-current");
      if (item.kind === "block") row.setAttribute("aria-expanded", String(!closed.has(item.path)));
      else updateStep(row, item, marks[item.path] ?? UNTOUCHED);
    });
    menu.check();
    const row = body.querySelector(".ll-current");
    const selected = nav.selected();
    // the selection goes with the run, unless somebody has moved it elsewhere
    if (!selected) nav.select(row ?? body.querySelector('[role="row"]'), false);
    else if (row && lit !== current && selected.item.path === current) nav.select(row, selected === document.activeElement);
    if (row && lit !== current) reveal(body, row);
    current = lit;
  }
  const end = follow(model, root, paint);
  const unseen = whenShown(body, () => {
    const row = body.querySelector(".ll-current");
    if (row) reveal(body, row);
  });
  return () => {
    end();
    unseen();
    menu.end();
  };
}

export default { render };
