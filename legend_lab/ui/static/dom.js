// What every part shares: making elements, painting them, keys. Texts are only ever set as text, never as markup.

// Control characters, marks that turn the direction of writing, what has no width: all but line ends and tabs. And the
// fifth mark on one letter and all after it, which would cover the lines around.
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?<=\p{M}{4})\p{M}/gu;

/** `text` with everything that cannot be seen written out, as `\u202e`: it can neither hide nor turn what is around it. */
function written(text) {
  return text.replace(UNSEEN, (char) => `\\u${char.codePointAt(0).toString(16).padStart(4, "0")}`);
}

/** A new element; `attributes` are set as such, `text` is shown as text. */
export function make(tag, className = "", text = "", attributes = {}) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = written(text);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, name === "title" ? written(value) : value);
  return node;
}

/** Set text only where it differs: a live region is read out again at every change. */
export function say(node, text) {
  const shown = written(text);
  if (node.textContent !== shown) node.textContent = shown;
}

/** Set what is shown beside the pointer, only where it differs: a tooltip that is set again goes away. */
export function tip(node, text) {
  const shown = written(text);
  if (node.title !== shown) node.title = shown;
}

/** Set a style property only where it differs: all that depends on it would be looked at again. */
export function style(node, name, value) {
  if (node.style.getPropertyValue(name) !== String(value)) node.style.setProperty(name, value);
}

const SOON_MS = 200;

/**
 * Show `paint` now and after every change of the model; returns how to end it. When what had the focus is gone after
 * that (a panel's button, a removed chip), the part keeps the focus, or the keys would go to the notebook.
 *
 * What a command changes comes one part at a time. The one that `closes` comes last and has all of them painted, so that
 * the page is laid out and drawn once; a part that no such part follows is painted soon.
 */
export function follow(model, root, paint, closes = false) {
  const repaint = () => {
    const focused = root.contains(document.activeElement) ? document.activeElement : null;
    paint();
    if (!focused || (root.contains(focused) && focused.checkVisibility())) return;
    const now = document.activeElement;
    if (now !== focused && root.contains(now)) return; // the part has found a better place itself
    const next = [...root.querySelectorAll('[tabindex="0"], button:not([tabindex])')].find((node) => node.checkVisibility());
    (next ?? root).focus({ preventScroll: true });
  };
  let due = 0;
  const now = () => {
    if (!due) return;
    clearTimeout(due);
    due = 0;
    repaint();
  };
  const changed = () => {
    due ||= setTimeout(now, SOON_MS);
    if (closes) for (const other of siblings(root)) other.dispatchEvent(new CustomEvent("ll-paint"));
  };
  model.on("change", changed);
  root.addEventListener("ll-paint", now);
  for (const event of ["pointerdown", "keydown"]) root.addEventListener(event, now, true); // what a person acts on is true
  paint();
  return () => {
    clearTimeout(due);
    due = 0;
    model.off("change", changed);
  };
}

/**
 * Do `act`, which scrolls in `node`, when all that changes before the next picture is there: what measures the page then
 * lays it out only once. Of several acts for one node the last one counts.
 */
export function beforePicture(node, act) {
  if (!node.due) {
    requestAnimationFrame(() => {
      const due = node.due;
      node.due = null;
      due();
    });
  }
  node.due = act;
}

/** Scroll `scroller` (and nothing around it: the notebook stays where it is) until `node` is in view. */
export function reveal(scroller, node) {
  if (!node?.isConnected) return;
  const [outer, inner] = [scroller.getBoundingClientRect(), node.getBoundingClientRect()];
  if (inner.top < outer.top) scroller.scrollTop -= outer.top - inner.top;
  else if (inner.bottom > outer.bottom) scroller.scrollTop += inner.bottom - outer.bottom;
}

/** Call `act` once `node` has a size; a part is first painted before the page shows it. Returns how to call it off. */
export function whenShown(node, act) {
  const observer = new ResizeObserver(() => {
    if (!node.clientHeight) return;
    observer.disconnect();
    act();
  });
  observer.observe(node);
  return () => observer.disconnect();
}

/** A part's root element with its heading and its keys. */
export function part(el, model, name, title = "") {
  const root = make("div", `ll-part ll-${name}`, "", { tabindex: "-1" });
  const note = make("span", "ll-note");
  if (title) {
    const heading = make("div", "ll-heading");
    heading.append(make("span", "ll-title", title), note);
    root.append(heading);
  }
  keys(root, model);
  el.append(root);
  return { root, note };
}

/** All parts of the workbench that `root` is in; it is only known once the page shows it. */
function siblings(root) {
  return (root.closest(".ll-workbench, .ll-design-grid") ?? root.parentElement).querySelectorAll(".ll-part");
}

/** Send a command to Python; the other parts hear of it, too. */
export function send(root, model, command) {
  model.send(command);
  for (const other of siblings(root)) other.dispatchEvent(new CustomEvent("ll-sent", { detail: command }));
}

/** A group of the rows of a grid. */
export function rowGroup() {
  return make("div", "ll-group", "", { role: "rowgroup" });
}

const ROW_KEYS = ["ArrowUp", "ArrowDown", "f"];

// Notebook 7 takes keys before any widget hears of them, unless the element in focus says otherwise; JupyterLab after.
function guard({ target, ctrlKey, metaKey, altKey, shiftKey }) {
  target.toggleAttribute("data-lm-suppress-shortcuts", !(ctrlKey || metaKey || altKey || shiftKey));
}

function keys(root, model) {
  for (const event of ["focusin", "keydown", "keyup"]) root.addEventListener(event, guard);
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter")) return;
    event.stopPropagation(); // or JupyterLab takes them for its own: `b` would insert a cell
    if (event.defaultPrevented || event.target.closest("input, textarea, select")) return;
    const command = model.get("shortcuts")[event.key];
    if (command) {
      if (!event.repeat || event.key.startsWith("Arrow")) send(root, model, { command });
    } else if (event.key === "?") {
      for (const other of siblings(root)) other.dispatchEvent(new CustomEvent("ll-help"));
    } else if (ROW_KEYS.includes(event.key)) {
      for (const other of siblings(root)) other.dispatchEvent(new CustomEvent("ll-rows", { detail: event.key }));
    } else return;
    event.preventDefault();
  });
}

/**
 * One of the rows in `body` can be reached by Tab, the arrows move among them. Rows are elements with role "row".
 * `act(row, key)` is asked about any other key and says whether it took it.
 */
export function rows(body, act) {
  const all = () => [...body.querySelectorAll('[role="row"]:not([hidden])')];
  const selected = () => body.querySelector('[role="row"][tabindex="0"]:not([hidden])');
  const select = (row, focus = true) => {
    for (const other of body.querySelectorAll('[role="row"][tabindex="0"]')) other.tabIndex = -1;
    if (!row) return;
    row.tabIndex = 0;
    if (!focus) return;
    row.focus({ preventScroll: true });
    reveal(body, row);
  };
  const move = (key) => {
    const list = all();
    const at = list.indexOf(selected());
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: list.length - 1 }[key];
    select(list[Math.max(0, Math.min(list.length - 1, to))]);
  };
  body.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const row = event.target.closest('[role="row"]');
    if (!row || event.target !== row) return;
    if (["ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) move(event.key);
    else if (!act(row, event.key)) return;
    event.preventDefault();
  });
  body.addEventListener("focusin", (event) => {
    const row = event.target.closest('[role="row"]');
    if (row && row.tabIndex !== 0) select(row, false);
  });
  return { select, selected, move };
}
