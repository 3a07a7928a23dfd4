// The rows of an answer that are here: all, or the first of so many in the order that was asked for.

import { number } from "./common.js";
import { compare, readable, said } from "./shown.js";

export class Answer {
  /** ask({revision, by, down, text}) gives {total, found, at, cells}, or {stale}. */
  constructor(ask) {
    Object.assign(this, { ask, revision: -1, got: null, order: [], found: 0, most: {}, days: false });
  }

  /** Are all rows here, whatever is looked for? */
  get whole() {
    return this.got !== null && this.got.found === this.got.total && this.got.at.length === this.got.total;
  }

  /** The rows of a revision; whether they are here. */
  async load(revision, { by: wanted, down, text }, columns) {
    const by = columns.some((c) => c.name === wanted) ? wanted : null;
    const known = revision === this.revision;
    if (known && this.whole) return true;
    // Most answers are small: asked for as they are, they need no more questions.
    let got = known ? null : await this.ask({ revision });
    if (known || (got && !got.stale && got.at.length < got.total && (by || text))) got = await this.ask({ revision, by, down, text });
    if (!got || got.stale) return false;
    Object.assign(this, { got, revision });
    return true;
  }

  /** Sort and search, if all are here; else the other half did. */
  arrange(columns, { by, down, text }) {
    const { got } = this;
    const all = [...got.at.keys()];
    const word = text.trim().toLowerCase();
    const column = columns.find((c) => c.name === by);
    this.order = this.whole && word ? all.filter((p) => columns.some((c) => readable(c, got.cells[c.name][p]).includes(word))) : all;
    if (this.whole && column) {
      const values = got.cells[by];
      const last = (p) => Number(values[p] === null);
      this.order.sort((a, b) => last(a) - last(b) || (last(a) ? 0 : (down ? -1 : 1) * compare(column, values[a], values[b])) || a - b);
    }
    this.found = this.whole ? this.order.length : got.found;
  }

  /** What is drawn beside a value: its part of the largest, and the day where there are several. */
  measure(columns, zone) {
    const { cells } = this.got;
    const now = `${this.revision}|${zone}|${this.got.at.length}`;
    if (now === this.measured) return;
    this.measured = now;
    this.most = Object.fromEntries(columns.filter((c) => c.kind === "bar").map((c) => [c.name, cells[c.name].reduce((most, n) => Math.max(most, n ?? 0), 0)]));
    const days = new Set();
    for (const column of columns.filter((c) => c.kind === "time")) {
      const known = cells[column.name].filter((ns) => ns !== null);
      if (!known.length) continue;
      const [low, high] = known.reduce(([a, b], ns) => [compare(column, ns, a) < 0 ? ns : a, compare(column, ns, b) > 0 ? ns : b], [known[0], known[0]]);
      for (const ns of [low, high]) days.add(said(column, ns, zone).slice(0, 10));
    }
    this.days = days.size > 1;
  }

  /** What is in view, in words, and `more`. */
  tally(first, last, columns, { by, down, text }, more) {
    const { got, found, order } = this;
    if (!got) return "";
    const column = columns.find((c) => c.name === by);
    return [order.length ? `rows ${number(first + 1)}–${number(last + 1)} of ${number(found)}` : text ? "no row has this in it" : "no rows", found < got.total && `found in ${number(got.total)}`,
      found > order.length && `the first ${number(order.length)} are here: find or sort to see others`, column && `by ${column.head} ${down ? "↓" : "↑"}`, ...more].filter(Boolean).join(" · ");
  }

  /** The number in the answer of the row that stands at `i`, null where there is none. */
  row(i) {
    return this.got && this.order[i] !== undefined ? this.got.at[this.order[i]] : null;
  }

  /** Where a row stands, -1 for nowhere. */
  place(row) {
    return this.order.findIndex((p) => this.got.at[p] === row);
  }

  value(column, i) {
    return this.got.cells[column.name]?.[this.order[i]] ?? null;
  }
}
