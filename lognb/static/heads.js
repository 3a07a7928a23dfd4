// The heads of a list's columns: sorted by a click, widened at their edge; where there is no room for all, some are left out.

import { h } from "./common.js";
import { edge } from "./edge.js";
import { trackOf, atRight, sortable } from "./shown.js";

const FIXED = 64; // px that a row has beside its columns

export class Heads {
  /** sort(column); changed() after a width. `grid` is what the tracks of the rows are said to. */
  constructor(grid, { sort, changed }) {
    Object.assign(this, { grid, sort, changed, shown: [], left: [], widths: {}, layout: 0 });
    this.el = h("div", { role: "row", class: "ll-row ll-head", "aria-rowindex": "1" });
  }

  /** Those of `columns` for which there is room, of the highest rank left out first. */
  lay(columns, room, { by, down, widths }, days) {
    this.days = days;
    let used = FIXED;
    const fits = new Set();
    for (const column of [...columns].sort((a, b) => a.rank - b.rank)) {
      const wide = trackOf(column, widths[column.name], days)[0] + 10;
      if (column.rank > 0 && used + wide > room) continue;
      fits.add(column);
      used += wide;
    }
    const shown = columns.filter((column) => fits.has(column));
    Object.assign(this, { shown, widths, left: columns.filter((c) => !shown.includes(c)) });
    this.tracks();
    const now = JSON.stringify([shown, by, down]);
    if (now === this.drawnAs) return;
    this.drawnAs = now;
    this.layout++;
    const had = this.el.contains(document.activeElement) ? document.activeElement.dataset.name : null;
    const silent = (text) => h("div", { role: "columnheader", class: "ll-cell" }, h("span", { class: "ll-unseen" }, text));
    this.el.replaceChildren(silent("chosen"), silent("open"), ...shown.map((column) => this.cell(column, by, down)));
    this.grid.setAttribute("aria-colcount", shown.length + 2);
    if (had) [...this.el.querySelectorAll("button")].find((button) => button.dataset.name === had)?.focus();
  }

  cell(column, by, down) {
    const on = by === column.name;
    const props = { role: "columnheader", class: `ll-cell${atRight(column) ? " ll-right" : ""}`, "aria-sort": on ? (down ? "descending" : "ascending") : null };
    const grip = edge((width) => this.widen(column, width), () => this.changed());
    if (!sortable(column)) return h("div", props, h("span", { class: "ll-name" }, column.head), grip);
    const button = h("button", { "data-name": column.name, title: `sort by ${column.head}`, onclick: () => this.sort(column) },
      h("span", { class: "ll-name" }, column.head), h("span", { "aria-hidden": "true", class: "ll-arrow" }, on ? (down ? "↓" : "↑") : ""));
    button.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: -20, ArrowRight: 20 }[event.key];
      if (!way || !event.shiftKey) return;
      event.preventDefault();
      this.widen(column, button.parentElement.offsetWidth + way);
      this.changed();
    });
    return h("div", props, button, grip);
  }

  widen(column, width) {
    this.widths[column.name] = Math.max(40, Math.round(width));
    this.tracks();
  }

  tracks() {
    this.grid.style.setProperty("--ll-columns", ["16px", "14px", ...this.shown.map((c) => trackOf(c, this.widths[c.name], this.days)[1])].join(" "));
  }
}
