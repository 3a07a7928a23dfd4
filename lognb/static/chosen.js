// The rows that are selected, and what is done with them; and the strip of those that are pinned.

import { h, number, plain, copy } from "./common.js";
import { menu } from "./menu.js";

const RANGE = 10000; // rows that are selected at once
const FORMATS = [["csv", "CSV"], ["jsonl", "JSON lines (OTLP)"], ["parquet", "Parquet (a folder)"]];

/** Record ids, so that a selection outlives the pages it was made in. */
export class Chosen {
  constructor(table) {
    Object.assign(this, { table, ids: new Set(), anchor: null });
  }

  get size() {
    return this.ids.size;
  }

  has(id) {
    return this.ids.has(id);
  }

  clear() {
    this.ids.clear();
    this.anchor = null;
    this.table.draw();
  }

  /** A row, or with `range` all from the one selected last, or from `from` where there is none. */
  async select(index, range, from = index) {
    const { pages } = this.table;
    const here = pages.row(index);
    if (range) {
      this.anchor ??= from;
      const [first, last] = [Math.min(this.anchor, index), Math.max(this.anchor, index)];
      for (const id of await pages.ids(first, last, RANGE)) this.ids.add(id);
      if (last - first + 1 > RANGE) this.table.say(`${number(RANGE)} of ${number(last - first + 1)} rows selected; export all to have more`);
    } else if (here) {
      const id = here.page.ids[here.at];
      if (!this.ids.delete(id)) this.ids.add(id);
      this.anchor = index;
    }
    this.table.draw();
  }

  async copy() {
    const { table } = this;
    if (!this.size) return table.say("no rows are selected; Space selects one");
    const bodies = await table.tell("bodies", { ids: [...this.ids] });
    if (!bodies) return undefined;
    await copy(bodies.join("\n"));
    return table.say(`${number(bodies.length)} ${bodies.length === 1 ? "body" : "bodies"} copied`);
  }

  menu(anchor) {
    const { table, size } = this;
    const what = size ? `${number(size)} selected` : `all ${number(table.data.count)} records`;
    const write = async (format) => {
      table.say(`writing ${what} …`);
      const done = await table.tell("export", { format, ids: size ? [...this.ids] : null });
      if (done) table.say(`${number(done.records)} ${done.records === 1 ? "record" : "records"} in ${done.path}`);
    };
    menu(table.el, anchor, `export ${what}`, [...FORMATS.map(([format, name]) => [name, () => write(format)]), size && ["copy the bodies", () => this.copy(), "c"]]);
  }
}

/** Draw the strip above the rows. */
export async function pinStrip(table) {
  const { data, pins } = table;
  pins.hidden = !(data.pinned || []).length;
  const page = pins.hidden ? null : await table.tell("pinned", {});
  if (!page) return;
  const notes = data.notes || {};
  pins.replaceChildren(...page.ids.map((id, i) => h("div", { class: "lt-pin" }, table.small(page, i, false),
    notes[id] ? h("span", { class: "lt-note", title: notes[id] }, plain(notes[id])) : null,
    table.can.offers("unpin") ? h("button", { "aria-label": "unpin", title: "unpin", onclick: () => table.can.unpin(id) }, "×") : null)));
}
