// The rows of the table by index: pages come when they are wanted, are kept while they are of use, and few at a time.

const SIZE = 200; // rows of a page
const KEPT = 48; // pages
const AT_ONCE = 3; // questions on their way

/** ask(offset, limit, revision) -> Promise of a page; changed() is called when rows have come; failed(error). */
export class Pages {
  constructor(ask, changed, failed) {
    Object.assign(this, { ask, changed, failed, revision: null, count: 0, pages: new Map(), old: null, top: null, first: 0, last: -1 });
    this.waiting = new Set();
    this.flying = 0;
    this.calm = 0;
  }

  /** Other rows, `count` of them. Those of before are drawn until the new ones are here. */
  reset(revision, count, page) {
    if (this.pages.size) this.old = this.pages;
    Object.assign(this, { revision, count, pages: new Map(), waiting: new Set(), first: 0, last: -1 });
    this.top = page || null; // the first rows, which came with the news
  }

  /** {page, at} of a row, null while it is not here. */
  row(index) {
    const number = Math.floor(index / SIZE);
    const at = index - number * SIZE;
    const top = this.top && index < this.top.ids.length ? this.top : null;
    const page = this.pages.get(number) || top || (this.old && this.old.get(number));
    return page && at < page.ids.length && index < this.count ? { page, at } : null;
  }

  /**
   * Rows [first, last] are in view: their pages are asked for, then their neighbours in the direction of travel; after
   * a jump those only when it is quiet again, as a scroll bar that is dragged passes thousands.
   */
  want(first, last) {
    if (Math.abs(first - this.first) > 2 * SIZE) {
      clearTimeout(this.calm);
      this.calm = setTimeout(() => { this.calm = 0; this.pump(); }, 120);
    }
    this.down = first >= this.first;
    Object.assign(this, { first, last });
    this.pump();
  }

  pump() {
    if (!this.count || this.last < this.first) return;
    const [low, high] = [Math.floor(this.first / SIZE), Math.floor(this.last / SIZE)];
    const wanted = [];
    for (let n = low; n <= high; n++) wanted.push(n);
    if (!this.calm) wanted.push(...(this.down ? [high + 1, low - 1] : [low - 1, high + 1]));
    const end = Math.ceil(this.count / SIZE);
    for (const n of wanted) {
      if (this.flying >= AT_ONCE) return;
      if (n < 0 || n >= end || this.pages.has(n) || this.waiting.has(n)) continue;
      this.fetch(n);
    }
  }

  fetch(number) {
    const { revision, waiting } = this;
    waiting.add(number);
    this.flying += 1;
    const landed = (page) => {
      this.flying -= 1;
      if (page.stale) return; // news of other rows is on its way
      waiting.delete(number);
      if (page.revision === this.revision) {
        this.keep(page);
        this.changed();
      }
      this.pump();
    };
    return this.ask(number * SIZE, SIZE, revision).then(landed, (error) => {
      if (revision === this.revision) this.failed(error);
      this.flying -= 1; // the page is asked for again when its rows come into view anew
      if (revision === this.revision) setTimeout(() => waiting.delete(number), 3000);
    });
  }

  keep(page) {
    const number = Math.floor(page.offset / SIZE);
    this.pages.set(number, page);
    const near = (n) => Math.abs(n - this.first / SIZE);
    if (this.pages.size > KEPT) {
      const far = [...this.pages.keys()].reduce((a, b) => (near(b) > near(a) ? b : a));
      this.pages.delete(far);
    }
    const [low, high] = [Math.floor(this.first / SIZE), Math.floor(Math.min(this.last, this.count - 1) / SIZE)];
    let whole = true;
    for (let n = low; n <= high; n++) whole = whole && this.pages.has(n);
    if (whole) this.old = null;
  }

  /** The ids of rows [first, last], wherever they are; at most `most`. */
  async ids(first, last, most) {
    const { revision } = this;
    const end = Math.min(last, first + most - 1, this.count - 1);
    const out = [];
    for (let at = first; at <= end; ) {
      const here = this.row(at);
      const page = here ? here.page : await this.ask(Math.floor(at / SIZE) * SIZE, SIZE, revision);
      if (revision !== this.revision || page.revision !== revision) return [];
      const from = at - page.offset;
      const some = page.ids.slice(from, from + end - at + 1);
      if (!some.length) break;
      out.push(...some);
      at += some.length;
    }
    return out;
  }
}
