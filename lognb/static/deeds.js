// What is done with the rows of a list: the query includes, excludes or shows their records; they are copied.

import { h, number, copy } from "./common.js";
import { menu } from "./menu.js";
import { said } from "./shown.js";

/** The keys of a list. */
export const HELP = [["j k ↓ ↑", "the next, the last row"], ["← →", "another column"], ["PgUp PgDn Home End", "far away"], ["Enter", "open the row, or close it; Tab goes into it"],
  ["i", "include: records of this row"], ["x", "exclude them"], ["o", "only them"], ["r", "show them in the table"], ["s", "sort by the column"], ["m", "all of these; also a right click"],
  ["f", "find in the list"], ["c", "copy the list"], ["/", "to the search of records"], ["Esc", "close"], ["?", "these keys"]];
const NEXT = { include: "exclude", exclude: null };

export class Deeds {
  constructor(list) {
    this.list = list;
    this.hover();
  }

  /** Ask for something about a row; an error is shown and gives undefined. */
  of(kind, index, more = {}) {
    const { answer, data } = this.list;
    const row = answer.row(index);
    if (row === null || (!data.narrows && ["toggle", "only", "records"].includes(kind))) return undefined;
    return this.list.tell(kind, { revision: answer.revision, row, ...more });
  }

  /** Include or exclude a row; what is so already becomes neither. */
  choose(index, state) {
    return this.of("toggle", index, { state: this.list.stateOf(index) === state ? null : state });
  }

  /** As a click in a facet: included, excluded, neither. */
  next(index) {
    const now = this.list.stateOf(index);
    return this.of("toggle", index, { state: now === null ? "include" : NEXT[now] });
  }

  /** [[text, fn, key], …] for the records of a row, wherever it stands by then. */
  all(row) {
    const at = () => this.list.answer.place(row);
    return [["show its records", () => this.of("records", at()), "r"], ["only", () => this.of("only", at()), "o"], ["include", () => this.choose(at(), "include"), "i"], ["exclude", () => this.choose(at(), "exclude"), "x"]];
  }

  buttons(row) {
    return this.list.data.narrows ? h("div", { class: "ll-deeds" }, this.all(row).map(([text, fn]) => h("button", { onclick: fn }, text))) : null;
  }

  /** The menu of a row, at the column in focus. */
  menu(index) {
    const { list } = this;
    const anchor = list.drawn.get(index)?.el.children[list.col + 2];
    const column = list.columns[list.col];
    if (!anchor || !column) return;
    const [value, row] = [list.answer.value(column, index), list.answer.row(index)];
    const text = ["text", "code"].includes(column.kind) ? value : said(column, value, list.data.zone);
    const name = list.data.opens ? `open the ${list.data.opens}` : list.opened.has(row) ? "close" : "open";
    menu(list.el, anchor, said(column, value, list.data.zone).slice(0, 80) || "(none)", [[name, () => list.open(list.answer.place(row)), "Enter"], ...(list.data.narrows ? this.all(row) : []),
      text ? ["copy the value", () => this.put(text, "copied")] : null], list.grid);
  }

  /** The menu of the whole list. */
  copies(anchor) {
    const { list } = this;
    const { answer } = list;
    const rows = answer.order.map((p) => answer.got.at[p]);
    const what = `${number(rows.length)} ${rows.length === 1 ? "row" : "rows"}${answer.found > rows.length ? ` of ${number(answer.found)}` : ""}`;
    const take = async (format) => {
      const text = await list.tell("copy", { revision: answer.revision, format, rows });
      if (text !== undefined) await this.put(text, `${what} copied`);
    };
    menu(list.el, anchor, what, [["as Markdown", () => take("markdown")], ["as CSV", () => take("csv")], list.data.code ? ["the code that gives them", () => this.put(list.data.code, "copied")] : null]);
  }

  async put(text, told) {
    await copy(text);
    this.list.note(told);
  }

  /** Buttons in the row under the mouse; keys have "o" and "r", so they are in nobody's way. */
  hover() {
    const { list } = this;
    const button = (text, title, kind) => h("button", { tabindex: "-1", "aria-hidden": "true", title, onclick: (event) => { event.stopPropagation(); this.of(kind, Number(acts.parentElement.dataset.index)); } }, text);
    const acts = h("span", { class: "ll-acts", role: "presentation" }, button("only", "only the records of this row", "only"), button("records", "show its records in the table", "records"));
    list.rows.addEventListener("pointerover", (event) => {
      const row = event.target.closest(".ll-row");
      if (!row || !list.data.narrows) acts.remove();
      else if (acts.parentElement !== row) row.append(acts);
    });
    list.rows.addEventListener("pointerleave", () => acts.remove());
  }
}
