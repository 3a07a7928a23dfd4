// Where rows are on the screen. The position is kept in the space of rows, exact for ten million of them and more: no
// element is as high as all rows, since browsers cut elements at some 33 M px.

import { h } from "./common.js";

const TALLEST = 1_000_000; // px of what the scroll bar scrolls

export class Scroll {
  /** `rows` is the element to scroll in; `height` that of a row; moved() draws. */
  constructor(rows, height, moved) {
    Object.assign(this, { rows, height, moved, count: 0, y: 0, view: 0, open: new Map() });
    this.inner = h("div", {});
    this.bar = h("div", { class: "lt-bar", "aria-hidden": "true", tabindex: "-1" }, this.inner);
    this.set = -1; // where the bar was put by us: its event is no move of the user
    this.bar.addEventListener("scroll", () => this.dragged());
    rows.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    rows.addEventListener("scroll", () => { // by the browser, for what got the focus: the position is ours alone
      const pixels = rows.scrollTop;
      rows.scrollTop = 0;
      if (pixels) this.by(pixels);
    });
    let from = null;
    rows.addEventListener("touchstart", (event) => { from = event.touches[0].clientY; }, { passive: true });
    rows.addEventListener("touchmove", (event) => {
      if (this.by(from - event.touches[0].clientY)) event.preventDefault();
      from = event.touches[0].clientY;
    }, { passive: false });
  }

  /** The height of all rows and of the records that are open: open maps an index to {height}. */
  get total() {
    let sum = this.count * this.height;
    for (const { height } of this.open.values()) sum += height;
    return sum;
  }

  get end() {
    return Math.max(0, this.total - this.view);
  }

  top(index) {
    let sum = index * this.height;
    for (const [at, { height }] of this.open) if (at < index) sum += height;
    return sum;
  }

  /** The row at a position; that of an open record where its details are. */
  at(y) {
    let sum = 0;
    for (const [at, { height }] of [...this.open].sort((a, b) => a[0] - b[0])) {
      const details = (at + 1) * this.height + sum;
      if (y < details) break;
      if (y < details + height) return at;
      sum += height;
    }
    return Math.max(0, Math.min(this.count - 1, Math.floor((y - sum) / this.height)));
  }

  /** [first, last] row in view, also in part; last < first for none. */
  range() {
    if (!this.count || this.view <= 0) return [0, -1];
    return [this.at(this.y), this.at(Math.min(this.total - 1, this.y + this.view - 1))];
  }

  by(pixels) {
    const before = this.y;
    this.go(this.y + pixels);
    return this.y !== before;
  }

  go(y) {
    this.y = Math.max(0, Math.min(this.end, y));
    this.place();
    this.moved();
  }

  /** Bring a row into view, with as much of its details as there is room for. */
  show(index) {
    const top = this.top(index);
    const bottom = top + this.height + Math.min(this.open.get(index)?.height || 0, Math.max(0, this.view - this.height));
    if (top < this.y) this.go(top);
    else if (bottom > this.y + this.view) this.go(bottom - this.view);
    else this.moved();
  }

  /** After another count, height or set of open records. */
  measure() {
    this.view = this.rows.clientHeight;
    this.inner.style.height = `${Math.min(this.total, TALLEST)}px`;
    this.bar.style.visibility = this.end > 0 ? "visible" : "hidden";
    this.y = Math.max(0, Math.min(this.end, this.y));
    this.place();
  }

  place() {
    const most = Math.min(this.total, TALLEST) - this.view;
    this.bar.scrollTop = this.end > 0 ? (this.y / this.end) * most : 0;
    this.set = this.bar.scrollTop;
  }

  dragged() {
    if (Math.abs(this.bar.scrollTop - this.set) < 1) return;
    const most = Math.min(this.total, TALLEST) - this.view;
    this.set = this.bar.scrollTop;
    this.y = most > 0 ? Math.max(0, Math.min(this.end, (this.bar.scrollTop / most) * this.end)) : 0;
    this.moved();
  }

  wheel(event) {
    if (event.ctrlKey || event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
    const unit = [1, this.height, this.view][event.deltaMode];
    if (this.by(event.deltaY * unit)) event.preventDefault(); // at an end the notebook scrolls on
  }
}
