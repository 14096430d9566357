// The context's fields and the effects, a small table each; the last row makes a new one.
import { follow, make, say, send } from "./dom.js";
import { designPart } from "./designing.js";
import { hear, showFields, whyLine } from "./fields.js";
import { list } from "./lists.js";

function createRow() {
  const row = make("div", "ld-trow", "", { role: "row" });
  row.append(make("div", "ld-cells"), whyLine());
  return row;
}

function createTable({ title, columns, command }) {
  const table = make("div", `ld-table ld-table-${command}`, "", { role: "table", "aria-label": title });
  const heading = make("div", "ll-heading");
  heading.append(make("span", "ll-title", title), make("span", "ll-note"));
  const head = make("div", "ld-thead", "", { role: "row" });
  head.append(...columns.map((column) => make("span", "", column, { role: "columnheader" })));
  table.append(heading, head, make("div", "ld-trows", "", { role: "rowgroup" }));
  return table;
}

function render({ model, el }) {
  const { root } = designPart(el, model, "tables");
  const body = make("div", "ll-body");
  root.append(body);
  hear(body, ({ place }, text, node) => {
    const { command } = node.closest(".ld-table").item;
    send(root, model, { command, name: node.closest(".ld-trow").item.key, place, text });
  });
  function paint() {
    const refused = model.get("refused");
    list(body, model.get("tables"), ({ title }) => title, createTable, (table, { command, rows }) => {
      const [heading, head, inside] = table.children;
      say(heading.lastChild, rows.length > 1 ? String(rows.length - 1) : "none yet");
      head.hidden = rows.length < 2;
      list(inside, rows, ({ key }, index) => (key === "" ? "new" : index), createRow, (row, { key, fields }) => {
        row.classList.toggle("ld-new", key === "");
        showFields(row.firstChild, row.lastChild, fields, ({ place }) => refused[`${command}/${key}/${place}`]);
        for (const cell of row.firstChild.children) cell.setAttribute("role", "cell");
      });
    });
  }
  return follow(model, root, paint);
}

export default { render };
