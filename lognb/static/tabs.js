// The tabs above a list; the arrow keys go from one to another, and Enter opens it, since that may take a while.

import { h, number } from "./common.js";

export class Tabs {
  /** `panel` is the id of what a tab shows; open(name) asks for one. */
  constructor(panel, open) {
    Object.assign(this, { panel, open });
    this.el = h("div", { class: "ll-tabs", role: "tablist", "aria-label": "what is listed" });
    this.el.addEventListener("keydown", (event) => this.key(event));
  }

  /** tabs: [{name, title, rows}]; `tab` is the name of the one that is open, null for the first, whose panel is elsewhere. */
  draw(tabs, tab) {
    this.el.hidden = !tabs.length;
    const now = JSON.stringify([tabs, tab]);
    if (now === this.drawnAs) return;
    this.drawnAs = now;
    const had = this.el.contains(document.activeElement) ? document.activeElement.dataset.name : null;
    this.el.replaceChildren(...tabs.map(({ name, title, rows }, i) => {
      const on = tab === null ? i === 0 : name === tab;
      return h("button", { role: "tab", class: "ll-tab", "aria-selected": String(on), tabindex: on ? "0" : "-1", "data-name": name, id: on ? `${this.panel}-tab` : null,
        "aria-controls": on && tab !== null ? this.panel : null, onclick: () => this.open(name) }, title, rows === null || rows === undefined ? null : h("span", { class: "ll-many" }, number(rows)));
    }));
    if (had) [...this.el.children].find((button) => button.dataset.name === had)?.focus();
  }

  key(event) {
    const way = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
    if (!way) return;
    event.preventDefault();
    const all = [...this.el.children];
    const now = all.indexOf(document.activeElement);
    all[Math.abs(way) === 1 ? (now + way + all.length) % all.length : way > 0 ? all.length - 1 : 0].focus();
  }
}
