// One window of a recording: rrweb's Replayer, driven by our clock and in slices. Its own clock goes through all events
// at each seek, and does in one task what stands between two moments; a page of a notebook must not wait that long.
import { h } from "./common.js";
import { allowed, guard } from "./guard.js";
import { prepare, prepareMutation } from "./sheets.js";

const SLICE = 10; // ms of work before the page gets its turn
const LARGEST = 16_384; // px of a recorded page's width and height
const [FULL, INCREMENTAL, META] = [2, 3, 4];
const [MUTATION, MOVE, SCROLL, RESIZE, TOUCH_MOVE, CANVAS, DRAG] = [0, 1, 3, 4, 6, 9, 12];

/** Lets the page paint and hear keys. */
const breathe = () => (globalThis.scheduler?.yield ? scheduler.yield() : new Promise((done) => setTimeout(done)));

export class Stage {
  /**
   * `kit`: the module replay.js; `chunks`: Chunks; `numbers`: which of them are this window's, in order. It calls
   * resized(), note(text) for what cannot be shown, and lost() where its frame was emptied: one that is moved in the page.
   * `strict`: the page lets in no style that stands in line.
   */
  constructor(kit, chunks, numbers, { remote, strict, resized, note, lost }) {
    this.kit = kit;
    this.chunks = chunks;
    this.numbers = numbers;
    this.remote = Boolean(remote);
    this.strict = Boolean(strict);
    this.resized = resized;
    this.note = note;
    this.lost = lost;
    this.el = h("div", { class: "rp-stage", "aria-hidden": "true" });
    this.width = this.height = 0;
  }

  /** Make the frame; the element must be in the page. Does nothing where it is there and whole. */
  ready() {
    if (this.whole?.()) return;
    this.el.replaceChildren();
    this.el.classList.remove("rp-pointed");
    // A list of two that never plays: events come from us.
    const none = [0, 1].map((timestamp) => ({ type: 0, timestamp, data: {} }));
    this.replayer = new this.kit.Replayer(none, {
      root: this.el, liveMode: true, mouseTail: false, triggerFocus: false, UNSAFE_replayCanvas: false,
      // rrweb's virtual DOM makes elements and pictures in the notebook's own page, where no fence is.
      useVirtualDom: false, logger: { log() {}, warn: (...args) => this.hear(args.slice(1)) },
    });
    const { iframe } = this.replayer, { whole, styles } = guard(iframe, this.remote, this.strict);
    Object.assign(this, { whole, styles });
    iframe.addEventListener("load", () => { if (this.whole === whole && !whole()) this.lost(); });
    this.chunk = -1; // the number, in `numbers`, of the piece that comes next in time
    this.index = 0;
    this.time = -Infinity; // ms until which all is shown
    this.width = this.height = 0;
    this.moves = [];
    this.scrolls = new Map();
  }

  destroy() {
    this.whole = null;
    this.el.remove();
  }

  hear(args) {
    this.note(args.map((a) => (typeof a === "string" ? a : a?.message || "")).join(" "));
  }

  /** Show the moment `ms`. `wanted()` is asked between slices, false gives up; `busy()` is told when it takes long. */
  async seek(ms, wanted, busy) {
    this.ready();
    let from = -1;
    for (let k = 0; k < this.numbers.length; k++) {
      const piece = this.chunks.list[this.numbers[k]];
      if (piece.full !== null && (from < 0 || piece.full <= ms)) from = k;
    }
    if (from < 0) return; // nothing in this window can be shown
    ms = Math.max(ms, this.chunks.list[this.numbers[from]].full);
    if (ms < this.time || from > this.chunk || (from === this.chunk && this.index === 0)) {
      this.chunk = from;
      this.index = 0;
      this.time = -Infinity;
    }
    let step = this.advance(ms, true, SLICE);
    while (step !== "done") {
      busy(Math.max(0, this.time));
      // What is not laid out costs no layout. A page that stands stays until what comes is here.
      if (step === "load") await this.chunks.load(this.numbers[this.chunk]);
      else this.el.classList.add("rp-hidden");
      await breathe();
      if (!wanted()) return;
      step = this.advance(ms, true, SLICE);
    }
    this.el.classList.remove("rp-hidden");
    this.settle();
  }

  /** Apply what happened until `ms`, for at most `budget` ms: "done", "more", or "load" where a piece is not here yet. */
  advance(ms, sync, budget) {
    const until = performance.now() + budget;
    this.kit.listen((text) => this.note(text));
    for (;;) {
      if (this.chunk >= this.numbers.length) break;
      const events = this.chunks.here(this.numbers[this.chunk]);
      if (!events) return "load";
      const event = events[this.index];
      if (!event) {
        this.chunk += 1;
        this.index = 0;
        continue;
      }
      if (event.at > ms) break;
      this.index += 1;
      this.time = Math.max(this.time, event.at);
      this.cast(event, sync);
      if (performance.now() > until) return "more";
    }
    this.time = ms;
    this.follow(ms, sync);
    if (!sync && this.chunk + 1 < this.numbers.length) this.ahead();
    return "done";
  }

  /** Opens the next piece before it is needed. */
  ahead() {
    const events = this.chunks.here(this.numbers[this.chunk]);
    if (events && this.index * 2 >= events.length) this.chunks.load(this.numbers[this.chunk + 1]);
  }

  cast(event, sync) {
    const { type, data } = event, { replayer } = this;
    try {
      if (type === META) this.resize(data.width, data.height);
      else if (type === FULL) this.page(event);
      else if (type === INCREMENTAL && allowed(data, this.remote)) {
        if (data.source === MOVE || data.source === TOUCH_MOVE || data.source === DRAG) {
          const moves = data.positions.map((p) => ({ ...p, at: event.timestamp + p.timeOffset }));
          this.moves = sync ? moves : [...this.moves, ...moves];
        } else if (data.source === SCROLL && sync) this.scrolls.set(data.id, data);
        else if (data.source === CANVAS) this.note("drawings on a canvas are not shown: that would need scripts");
        else if (data.source === RESIZE) this.resize(data.width, data.height);
        else {
          if (data.source === MUTATION) prepareMutation(data, replayer.cache.stylesWithHoverClass);
          replayer.applyIncremental(event, sync);
          if (data.source === MUTATION) this.styles?.settle(this.restyles(data));
        }
        if (replayer.mousePos) this.moves = [{ ...replayer.mousePos, at: event.timestamp }]; // a click, in a seek
        replayer.mousePos = null;
      }
    } catch (error) {
      this.note(`an event could not be shown: ${error.message}`);
    }
  }

  page(event) {
    const { replayer } = this;
    replayer.firstFullSnapshot = true; // the Replayer's own first picture, which it would make a moment later
    replayer.mediaManager.reset();
    replayer.styleMirror.reset();
    this.scrolls.clear();
    this.moves = [];
    prepare(event.data.node, replayer.cache.stylesWithHoverClass);
    replayer.rebuildFullSnapshot(event, true);
    this.styles?.settle(true);
    const { left = 0, top = 0 } = event.data.initialOffset || {};
    this.scrolls.set(event.data.node.id, { id: event.data.node.id, x: left, y: top });
  }

  /** Does a mutation change what a style says? */
  restyles({ texts, attributes }) {
    const node = ({ id }) => this.replayer.getMirror().getNode(id);
    const some = (list, of) => Array.isArray(list) && list.some((one) => of(node(one))?.nodeName === "STYLE");
    return some(texts, (text) => text?.parentNode) || some(attributes, (el) => el);
  }

  resize(width, height) {
    const size = [width, height].map((n) => Math.round(Math.min(LARGEST, Math.max(1, Number(n) || 1))));
    if (size[0] === this.width && size[1] === this.height) return;
    [this.width, this.height] = size;
    this.replayer.handleResize({ width: size[0], height: size[1] });
    this.resized();
  }

  /** Put the mouse where it was at `ms`. */
  follow(ms, sync) {
    let last = null;
    while (this.moves.length && this.moves[0].at <= ms) last = this.moves.shift();
    if (!last) return;
    this.el.classList.add("rp-pointed"); // until then nobody knows where the mouse is
    try {
      this.replayer.moveAndHover(Number(last.x) || 0, Number(last.y) || 0, last.id, sync, null);
    } catch (error) {
      this.note(`the mouse could not be shown: ${error.message}`);
    }
  }

  /** After a seek: what was put off because only its end counts. */
  settle() {
    const { replayer } = this;
    try {
      for (const data of this.scrolls.values()) replayer.applyScroll(data, true);
      replayer.emitter.emit("flush");
      this.scrolls.clear();
    } catch (error) {
      this.note(`an event could not be shown: ${error.message}`);
    }
  }

  /** Whether what moves by itself in the page moves. */
  run(on) {
    this.replayer?.iframe.contentDocument?.documentElement?.classList.toggle("rrweb-paused", !on);
  }
}
