// Lists that are updated in place. An element is made once per key and then only updated, so focus, scrolling and
// selections survive; `node.item` is always the newest item.
import { style } from "./dom.js";

/** The children of `parent` become one element per item, in order. */
export function list(parent, items, key, create, update = () => {}) {
  const wanted = keyed(items, key);
  const present = keep(parent.children, wanted);
  let index = 0;
  for (const [name, item] of wanted) {
    const node = present.get(name) ?? create(item);
    fill(node, name, item, update);
    put(parent, node, index);
    index += 1;
  }
}

const TOGETHER = 20; // with more, much of a group that is partly in view is out of sight; with fewer, there are many groups

/**
 * `list` for hundreds of rows: they lie in groups (`createGroup` makes one), and a group out of sight is neither laid out
 * nor painted. For a page to watch each row for that takes longer than all else. A row stays in its group while the order
 * allows it.
 */
export function grouped(parent, items, key, create, update, createGroup) {
  const wanted = keyed(items, key);
  const present = keep(parent.querySelectorAll(":scope > * > *"), wanted);
  let group = null;
  let index = 0;
  const enter = (next) => {
    group = next;
    index = 0;
  };
  for (const [name, item] of wanted) {
    const node = present.get(name) ?? create(item);
    const home = node.parentElement;
    if (home && home !== group && (!group || isBefore(group, home))) enter(home);
    else if (!group || index >= (home === group ? 2 * TOGETHER : TOGETHER)) {
      const next = group ? group.nextElementSibling : parent.firstElementChild;
      enter(next && next.children.length < TOGETHER ? next : parent.insertBefore(createGroup(), next));
    }
    fill(node, name, item, update);
    put(group, node, index);
    index += 1;
  }
  for (const each of [...parent.children]) {
    const shown = [...each.children].filter((node) => !node.hidden).length;
    each.hidden = !shown;
    style(each, "--rows", shown); // one that was never in view is as tall as so many rows should be
    if (!each.firstChild) each.remove();
  }
}

/** `update` for a list, called only for what differs from what the element shows: of hundreds of rows, that is a few. */
export function whereChanged(update) {
  return (node, item) => {
    const told = JSON.stringify(item);
    if (node.told === told) return;
    node.told = told;
    update(node, item);
  };
}

function keyed(items, key) {
  return new Map(items.map((item, index) => [String(key(item, index)), item]));
}

/** Those of `nodes` that are still wanted, by key; the others go. */
function keep(nodes, wanted) {
  const present = new Map();
  for (const node of [...nodes]) {
    if (wanted.has(node.dataset.key)) present.set(node.dataset.key, node);
    else node.remove();
  }
  return present;
}

function fill(node, name, item, update) {
  if (node.dataset.key !== name) node.dataset.key = name;
  node.item = item;
  update(node, item);
}

function put(parent, node, index) {
  if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
}

function isBefore(node, other) {
  return Boolean(node.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING);
}
