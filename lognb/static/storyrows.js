// The rows of a story: what happened, one below the other in the order of the one clock, whichever lane it is of. Texts of
// long stories come as they are looked at; which row is now is known without them.
import { h, number, plain, clock } from "./common.js";
import { Scroll } from "./scroll.js";
import { FLAG, levelOf, placeOf } from "./marks.js";

const LINE = 24; // px, as in story.css
const STEP = 200; // rows of a question for texts
let lists = 0;

export class Rows {
  /** `on` has pick(item, open), texts(from, limit) -> Promise, details(item) -> Promise of an element | null. */
  constructor(on) {
    Object.assign(this, { on, items: new Uint32Array(), times: new Float64Array(), at: -1, now: -1, drawn: new Map(), spare: [], known: [], asked: new Set(), name: `ls${++lists}`, version: 0 });
    this.rows = h("div", { class: "ls-rows", role: "rowgroup" });
    this.grid = h("div", { class: "ls-grid", role: "grid", tabindex: "0", "aria-label": "what happened", "aria-colcount": "4" }, this.rows);
    this.scroll = new Scroll(this.rows, LINE, () => this.draw());
    this.scroll.bar.classList.add("ls-bar");
    this.none = h("div", { class: "ls-none ln-soft", hidden: true }, "nothing here; show a lane, or a lower severity");
    this.el = h("div", { class: "ls-list" }, this.grid, this.scroll.bar, this.none);
    this.rows.addEventListener("click", (event) => this.click(event));
    this.size = new ResizeObserver(() => this.measure());
    this.size.observe(this.rows);
    this.grown = new ResizeObserver(() => this.grow());
  }

  /** Another story, or other rows of it: those that `keep(i)` wants. `first` are the texts that came with it. */
  set(data, marks, times, keep, first) {
    if (this.data !== data.told) {
      Object.assign(this, { data: data.told, known: [], asked: new Set(), at: -1 });
      this.close();
    }
    if (first && !this.known.length) this.keep(0, first);
    const focus = this.at >= 0 ? this.items[this.at] : -1;
    Object.assign(this, { marks, clock: times, zone: data.zone || "UTC", pinned: new Set(data.pinned) });
    const day = (ns) => ns && clock(ns, this.zone).day;
    this.days = day(data.since) !== day(data.to);
    this.grid.classList.toggle("ls-days", this.days);
    this.items = times.order.filter((i) => keep(i));
    this.times = Float64Array.from(this.items, (i) => times.at[i]);
    this.at = focus < 0 ? -1 : this.items.indexOf(focus);
    this.scroll.count = this.items.length;
    this.none.hidden = this.items.length > 0;
    this.grid.setAttribute("aria-rowcount", this.items.length);
    for (const [, open] of this.scroll.open) { open.el.remove(); this.grown.unobserve(open.el); }
    this.scroll.open.clear();
    this.version += 1;
    this.measure();
  }

  measure() {
    if (!this.rows.clientHeight) return;
    this.scroll.measure();
    this.draw();
  }

  text(i) {
    return this.known[i] || null;
  }

  keep(from, page) {
    page.text.forEach((text, k) => {
      this.known[from + k] = { text, kind: page.kinds[page.kind[k]], service: page.services[page.service[k]], trace: page.traces[page.trace[k]], id: page.id[k], short: page.short[k] };
    });
  }

  /** Ask for the texts of an item and its neighbours. */
  want(i) {
    const page = Math.floor(i / STEP);
    if (this.asked.has(page)) return;
    this.asked.add(page);
    const told = this.data;
    this.on.texts(page * STEP, STEP).then((found) => {
      if (told !== this.data) return;
      this.keep(page * STEP, found);
      this.version += 1;
      this.draw();
      this.on.heard();
    }, () => setTimeout(() => this.asked.delete(page), 3000));
  }

  draw() {
    const [first, last] = this.scroll.range(), wanted = new Set();
    for (let k = first; k <= last; k++) wanted.add(k);
    for (const [k, row] of this.drawn) {
      if (wanted.has(k)) continue;
      this.drawn.delete(k);
      row.style.display = "none";
      this.spare.push(row);
    }
    for (const k of wanted) this.place(k);
    for (const [k, open] of this.scroll.open) {
      if (open.el.parentNode !== this.rows) this.rows.append(open.el);
      open.el.style.display = wanted.has(k) || open.el.contains(document.activeElement) ? "" : "none";
      open.el.style.transform = `translateY(${this.scroll.top(k) + LINE - this.scroll.y}px)`;
    }
  }

  place(k) {
    let row = this.drawn.get(k);
    if (!row) {
      row = this.spare.pop() || h("div", { role: "row" }, ["time", "who", "kind", "text"].map((c, n) => h("span", { role: "gridcell", class: `ls-${c}`, "aria-colindex": n + 1 })));
      row.dataset.state = "";
      this.drawn.set(k, row);
      row.style.display = "";
      if (!row.parentNode) this.rows.append(row);
    }
    row.style.transform = `translateY(${this.scroll.top(k) - this.scroll.y}px)`;
    const i = this.items[k], text = this.text(i);
    if (!text) this.want(i);
    const focus = k === this.at, open = this.scroll.open.has(k);
    const state = [this.version, i, focus, k === this.now, k < this.now, open, Boolean(text)].join("|");
    if (row.dataset.state === state) return;
    row.dataset.state = state;
    row.dataset.index = k;
    row.id = `${this.name}-${k}`;
    const level = levelOf(this.marks, i), told = level && !["unspecified", "info", "debug", "trace"].includes(level);
    row.className = `ls-row ls-line-${level || "none"}${focus ? " ls-at" : ""}${k === this.now ? " ls-now" : ""}${k > this.now && this.now >= -1 ? " ls-later" : ""}${open ? " ls-opened" : ""}`;
    row.setAttribute("aria-rowindex", k + 1);
    row.setAttribute("aria-selected", String(focus));
    row.setAttribute("aria-current", k === this.now ? "time" : "false");
    row.firstChild.setAttribute("aria-expanded", String(open));
    const at = clock(String(this.on.ns(this.clock.at[i])), this.zone), pin = text && text.id && this.pinned.has(text.id);
    const [time, who, kind, said] = row.children;
    time.replaceChildren(...(this.days ? [h("span", { class: "ln-soft" }, `${at.day.slice(5)} `)] : []), at.clock);
    time.title = `${at.day} ${at.clock}${at.rest} ${this.zone}${this.marks.flags[i] & FLAG.browser ? ", the browser's clock" : ""}`;
    who.textContent = text ? plain(text.service || this.on.lane(i)) : "";
    who.title = who.textContent;
    kind.textContent = text ? plain(text.kind) : "";
    kind.title = kind.textContent;
    said.replaceChildren(...[pin ? h("b", { class: "ls-pin", title: "pinned" }, "◆ ") : null, told ? h("b", { class: `ls-of-${level}` }, `${level.toUpperCase()} `) : null,
      text ? plain(text.text) : h("i", { class: "ls-wait" })].filter(Boolean));
    said.title = text ? plain(text.text) : "";
  }

  // ---- where one is
  /** The cursor is at `t`: the last row that is not after it is now. Follows it unless one reads elsewhere. */
  moved(t, follow) {
    const now = placeOf(this.times, t + 1) - 1;
    if (now === this.now && !follow) return;
    this.now = now;
    if (follow && now >= 0) {
      const top = this.scroll.top(now);
      if (top < this.scroll.y + LINE || top + 2 * LINE > this.scroll.y + this.scroll.view) this.scroll.go(top - this.scroll.view / 2);
    }
    this.draw();
  }

  focusOn(k) {
    this.at = Math.max(0, Math.min(this.items.length - 1, k));
    if (!this.items.length) { this.at = -1; return; }
    const top = this.scroll.top(this.at); // what is out of sight comes to the middle, a neighbour only into view
    if (top < this.scroll.y - 2 * LINE || top > this.scroll.y + this.scroll.view + LINE) this.scroll.go(top - this.scroll.view / 2);
    else this.scroll.show(this.at);
    this.draw();
    this.grid.setAttribute("aria-activedescendant", `${this.name}-${this.at}`);
  }

  /** The row of an item, -1 where it is hidden. */
  rowOf(i) {
    return this.items.indexOf(i);
  }

  click(event) {
    const row = event.target.closest(".ls-row");
    if (!row || !this.rows.contains(row) || String(window.getSelection())) return;
    this.grid.focus({ preventScroll: true });
    this.focusOn(Number(row.dataset.index));
    this.on.pick(this.items[this.at]);
    this.toggle(this.at);
  }

  async toggle(k) {
    const open = this.scroll.open.has(k);
    this.close();
    if (open || k < 0) return;
    const i = this.items[k], { version } = this, inner = await this.on.details(i);
    if (!inner || this.items[k] !== i || this.scroll.open.size || version > this.version) return;
    const el = h("div", { class: `ls-detail ls-line-${levelOf(this.marks, i) || "none"}`, role: "row" }, h("div", { role: "gridcell", "aria-colspan": "4" }, inner));
    this.rows.append(el);
    this.scroll.open.set(k, { el, height: el.offsetHeight });
    this.grown.observe(el);
    this.scroll.measure();
    this.scroll.show(k);
  }

  close() {
    for (const [, open] of this.scroll.open) {
      this.grown.unobserve(open.el);
      if (open.el.contains(document.activeElement)) this.grid.focus();
      open.el.remove();
    }
    const any = this.scroll.open.size > 0;
    this.scroll.open.clear();
    this.scroll.measure();
    this.draw();
    return any;
  }

  grow() {
    for (const [, open] of this.scroll.open) {
      if (!open.el.offsetHeight || open.height === open.el.offsetHeight) continue;
      open.height = open.el.offsetHeight;
      this.scroll.measure();
      this.draw();
    }
  }

  said() {
    const n = this.items.length, of = this.marks ? this.marks.n : 0;
    return n === of ? `${number(n)} rows` : `${number(n)} of ${number(of)} rows`;
  }

  end() {
    this.size.disconnect();
    this.grown.disconnect();
  }
}
