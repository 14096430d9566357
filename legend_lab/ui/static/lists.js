// Lists that are updated in place. An element is made once per key and then only updated; `node.item` is always the
// newest item.

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
const MOST = 40;

/**
 * `list` for hundreds of rows: they lie in groups (`createGroup` makes one), and a group out of sight is neither laid out
 * nor painted. For a page to watch each row for that takes longer than all else.
 *
 * A row that is moved from one group to another is no longer kept by the page where it is on the screen. So rows stay in
 * their groups; where one becomes too big, those before the place that grew leave it, since it is those after it that would
 * move away under a person's eyes.
 */
export function grouped(parent, items, key, create, update, createGroup) {
  const wanted = keyed(items, key);
  const present = keep(parent.querySelectorAll(":scope > * > *"), wanted);
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  const coming = new Map([...parent.children].map((group) => [group, group.children.length])); // those not yet in place
  let group = null;
  let index = 0;
  const enter = (next) => {
    group = next;
    index = 0;
  };
  const makeRoom = () => {
    const after = coming.get(group) ?? 0;
    if (!group || (!after && index >= TOGETHER)) {
      const next = group ? group.nextElementSibling : parent.firstElementChild;
      enter(next && next.children.length < TOGETHER ? next : parent.insertBefore(createGroup(), next));
    } else if (index + after >= MOST) {
      const before = parent.insertBefore(createGroup(), group);
      before.append(...[...group.children].slice(0, index));
      index = 0;
    }
  };
  for (const [name, item] of wanted) {
    const node = present.get(name) ?? create(item);
    const home = node.parentElement;
    if (home && home !== group && (!group || isBefore(group, home))) enter(home);
    if (home) coming.set(home, coming.get(home) - 1);
    if (!group || home !== group) makeRoom();
    fill(node, name, item, update);
    put(group, node, index);
    index += 1;
  }
  for (const each of [...parent.children]) {
    const shown = [...each.children].filter((node) => !node.hidden);
    each.hidden = !shown.length;
    if (shown.length) guess(each, shown, createGroup);
    else if (!each.firstChild) each.remove();
  }
  if (parent.contains(focused) && document.activeElement === document.body) focused.focus({ preventScroll: true });
}

/**
 * A group out of sight is as tall as so many rows should be. Of one in view the page knows it, and would no longer keep in
 * place what is seen if it were told. One that has been in view is remembered as tall as it was: where its rows have
 * changed out of sight, they get a group that the page knows nothing of.
 */
function guess(group, rows, createGroup) {
  const was = group.told;
  if (was === rows.length) return;
  group.told = rows.length;
  if (was !== undefined && rows[0].checkVisibility({ contentVisibilityAuto: true })) return;
  const own = was === undefined ? group : createGroup();
  own.told = rows.length;
  own.style.setProperty("--rows", rows.length);
  if (own === group) return;
  own.append(...group.children);
  group.replaceWith(own);
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
