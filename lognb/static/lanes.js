// The lanes of a story over one axis of time. Marks are painted on a canvas; the cursor, the names of the lanes and what
// the keyboard reaches are elements over it. Where marks are closer than they can be told apart, one stands for all of
// them, as high as they are many and in the colour of the worst.
import { h, number, plain, clock, onTheme } from "./common.js";
import { ticks } from "./axes.js";
import { hands } from "./lanehands.js";
import { FLAG, columnsOf, isWrong, levelOf, shortly } from "./marks.js";

const NAMES = 124, RIGHT = 14, TOP = 14, CLOSE = 4, AXIS = 20; // px
const TALL = { spans: 9, trace: 15, idle: 16, sessions: 26 };
const BARS = new Set(["pages", "network", "spans", "idle"]);

export class Lanes {
  /** `on` has move(ns, item) for a click, hide(lane, on), zoomed(from, to) and text(item) -> {text, kind, service} | null. */
  constructor(on) {
    Object.assign(this, { on, hidden: new Set(), view: null, past: [], cursor: null, chosen: -1, frame: 0, trace: null, drag: null, step: TALL.trace });
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.surface = h("div", { class: "ls-surface", role: "slider", tabindex: 0, "data-lm-suppress-shortcuts": "true", "aria-label": "time of the story", "aria-orientation": "horizontal",
      "aria-description": "Arrows move the cursor, plus and minus zoom, 0 shows all, Backspace the zoom before" });
    this.line = h("div", { class: "ls-cursor", "aria-hidden": "true", hidden: true }, h("i", {}));
    this.band = h("div", { class: "ls-band", "aria-hidden": "true", hidden: true });
    this.tip = h("div", { class: "ls-tip", "aria-hidden": "true", hidden: true });
    this.names = h("div", { class: "ls-names", role: "group", "aria-label": "lanes" });
    this.field = h("div", { class: "ls-field" }, this.canvas, this.band, this.surface, this.names);
    this.axis = h("div", { class: "ls-axis", "aria-hidden": "true" });
    this.el = h("div", { class: "ls-lanes" }, h("div", { class: "ls-scroll" }, this.field), this.axis, this.line, this.tip);
    hands(this);
    this.off = onTheme(() => this.again());
    this.sized = new ResizeObserver(() => this.again());
    this.sized.observe(this.el);
  }

  /** Another story: `data` and its marks; `clock` is of onOneClock. */
  set(data, marks, clock) {
    const first = this.data === undefined || this.data.id !== data.id || this.data.kind !== data.kind;
    Object.assign(this, { data, marks, clock });
    this.counts = data.lanes.map(() => [0, 0]);
    for (let i = 0; i < marks.n; i++) {
      this.counts[marks.lane[i]][0] += 1;
      if (isWrong(marks, i)) this.counts[marks.lane[i]][1] += 1;
    }
    let [low, high] = [Infinity, -Infinity];
    for (let i = 0; i < marks.n; i++) { low = Math.min(low, clock.at[i]); high = Math.max(high, clock.until[i]); }
    if (!(high >= low)) [low, high] = [0, 1e9];
    const pad = Math.max((high - low) * 0.015, 1e6);
    this.all = { from: low - pad, to: high + (data.kind === "trace" ? 14 * pad : pad) }; // names stand behind their spans
    if (first) { this.view = null; this.past = []; this.trace = null; this.hidden = new Set(); }
    this.again();
  }

  again() {
    if (!this.frame) this.frame = requestAnimationFrame(() => { this.frame = 0; this.draw(); });
  }

  get seen() { return this.view || this.all; }
  x(t) { const { from, to } = this.seen; return NAMES + ((t - from) / (to - from)) * this.wide; }
  t(x) { const { from, to } = this.seen; return from + ((x - NAMES) / this.wide) * (to - from); }
  ns(t) { return BigInt(this.data.origin) + BigInt(Math.round(t)); }
  ink(name) { return this.style.getPropertyValue(name).trim(); }

  // ---- where lanes are
  plan() {
    const lanes = this.data.lanes, shown = lanes.filter((_, i) => !this.hidden.has(i)).length, room = this.room ? this.room() - AXIS : 0;
    const usual = Math.max(lanes.length > 9 ? 24 : 34, Math.min(44, Math.floor((room - this.fixed()) / Math.max(1, shown)))); // beside a recording there may be more room
    let y = TOP;
    this.rows = [];
    const put = (row) => { this.rows.push({ ...row, y }); y += row.tall; };
    if (this.data.sessions.length > 1) put({ kind: "sessions", name: "sessions", lane: -1, tall: TALL.sessions });
    lanes.forEach((lane, i) => {
      if (this.isWaterfall(lane)) return;
      const off = this.hidden.has(i);
      const own = lane.kind === "spans" ? Math.max(usual, lane.deep * TALL.spans + 12) : lane.kind === "idle" ? TALL.idle : usual;
      put({ ...lane, lane: i, off, tall: off ? 18 : own });
    });
    if (this.trace) put({ kind: "trace", name: `trace ${this.trace.id.slice(0, 6)}`, lane: -2, tall: this.trace.spans.length * TALL.trace + 12 });
    this.tall = y + 2;
  }

  /** The story of a trace has its spans in the waterfall, and needs no second lane of them. */
  isWaterfall(lane) {
    return lane.kind === "spans" && this.data.kind === "trace" && this.trace !== null;
  }

  /** The height of what does not grow. */
  fixed() {
    const extra = this.data.lanes.filter((lane) => !this.isWaterfall(lane)).reduce((sum, lane, i) => sum + (this.hidden.has(i) ? 18 : lane.kind === "spans" ? Math.max(0, lane.deep * TALL.spans - 22) : 0), 0);
    return TOP + 2 + extra + (this.data.sessions.length > 1 ? TALL.sessions : 0) + (this.trace ? this.trace.spans.length * TALL.trace + 12 : 0);
  }

  label(row) {
    if (row.lane < 0) {
      const close = row.kind === "trace" && h("button", { class: "ls-close", "aria-label": "close the trace", title: "close the trace (t)", onclick: () => this.showTrace(null) }, "×");
      return h("div", { class: "ls-name" }, close || null, h("span", { title: row.kind === "trace" ? this.trace.id : null }, row.name));
    }
    const [n, wrong] = this.counts[row.lane], said = `${wrong ? `${number(wrong)} ` : ""}${plain(row.name)}: ${number(n)}${wrong ? `, ${number(wrong)} wrong` : ""}`;
    return h("button", { class: `ls-name${row.kind === "logs" ? " ls-strong" : ""}`, "aria-pressed": String(!row.off), "aria-label": said, title: `${said}; click to ${row.off ? "show" : "hide"}`,
      onclick: () => this.toggle(row.lane) }, wrong ? [h("b", { class: "ls-wrong" }, number(wrong)), " "] : null, h("span", {}, plain(row.name)));
  }

  toggle(lane) {
    if (!this.hidden.delete(lane)) this.hidden.add(lane);
    this.on.hide(lane, this.hidden.has(lane));
    this.again();
  }

  // ---- drawing
  draw() {
    if (!this.data || !this.el.clientWidth) return;
    this.plan();
    const { canvas, field } = this, width = field.clientWidth, dpr = window.devicePixelRatio || 1;
    this.wide = Math.max(50, width - NAMES - RIGHT);
    field.style.height = `${this.tall}px`;
    Object.assign(canvas, { width: Math.round(width * dpr), height: Math.round(this.tall * dpr) });
    Object.assign(canvas.style, { width: `${width}px`, height: `${this.tall}px` });
    this.style = getComputedStyle(this.el);
    const g = (this.g = canvas.getContext("2d"));
    g.setTransform(dpr, 0, 0, dpr, 0, 0);
    g.clearRect(0, 0, width, this.tall);
    this.font = this.ink("--ls-font") || "system-ui, sans-serif";
    for (const row of this.rows) {
      g.strokeStyle = this.ink("--ln-line");
      g.lineWidth = 1;
      g.beginPath();
      g.moveTo(NAMES, Math.round(row.y + row.tall) - 0.5);
      g.lineTo(width - RIGHT, Math.round(row.y + row.tall) - 0.5);
      g.stroke();
      if (row.off) continue;
      g.save();
      g.beginPath();
      g.rect(NAMES - 4, row.y, this.wide + 8, row.tall);
      g.clip();
      if (row.kind === "sessions") this.sessions(row);
      else if (row.kind === "trace") this.waterfall(row);
      else if (BARS.has(row.kind)) this.bars(row);
      else this.dots(row);
      g.restore();
    }
    const drawn = JSON.stringify([this.rows.map((r) => [r.name, r.y, r.off]), this.counts]);
    if (drawn !== this.drawn) {
      this.drawn = drawn;
      const focus = [...this.names.children].indexOf(document.activeElement);
      this.names.replaceChildren(...this.rows.map((row) => {
        const el = this.label(row);
        Object.assign(el.style, { top: `${row.y}px`, height: `${row.tall - 1}px`, width: `${NAMES - 10}px` });
        return el;
      }));
      if (focus >= 0) this.names.children[focus]?.focus();
    }
    this.marksOfAxis(width);
    this.place();
  }

  marksOfAxis(width) {
    const { from, to } = this.seen, zone = this.data.zone || "UTC";
    const found = to - from > 50 ? ticks(this.ns(from), this.ns(to), zone, Math.max(2, Math.floor(this.wide / 110))) : [];
    this.axis.replaceChildren(...found.map(({ at, label }) => h("span", { style: { left: `${this.x(Number(at - BigInt(this.data.origin)))}px` } }, label)),
      h("em", { title: "the width of what is shown" }, shortly(to - from)));
    this.axis.style.width = `${width}px`;
  }

  colour(level) {
    return this.ink(level === null || level < 0 ? "--ls-info" : `--ls-${["unspecified", "trace", "debug", "info", "warn", "error", "fatal"][level]}`);
  }

  dots(row) {
    const { g } = this, mid = row.y + row.tall / 2, round = row.kind === "clicks" || row.kind === "inputs", room = row.tall - 6;
    const found = columnsOf(this.marks, this.clock, row.lane, this.seen.from, this.seen.to, (t) => this.x(t), CLOSE);
    for (const c of found) {
      const wrong = c.level >= 5 || c.flags & FLAG.loud, more = Math.log2(c.n);
      g.fillStyle = round && c.level < 4 && !wrong ? this.ink("--ls-click") : wrong ? this.colour(Math.max(5, c.level)) : this.colour(c.level);
      if (round) {
        const r = Math.min(room / 2, (wrong ? 5 : 3.5) + more / 2);
        g.beginPath();
        g.roundRect(c.x - r - (wrong ? 1.5 : 0), mid - r, 2 * r + (wrong ? 3 : 0), 2 * r, r);
        if (row.kind === "inputs") { g.strokeStyle = g.fillStyle; g.lineWidth = 1.5; g.stroke(); } else g.fill();
      } else {
        const tall = Math.min(room, (wrong ? 18 : 12) + 2 * more), w = wrong ? 5 : 3;
        g.fillRect(Math.round(c.x - w / 2), Math.round(mid - tall / 2), w, tall);
      }
      if (c.i === this.chosen) this.ring(c.x - 5, mid - room / 2, 10, room);
    }
    if (round) this.words(row, found.filter((c) => c.level >= 5 || c.flags & FLAG.loud).map((c) => ({ x: c.x + 9, i: c.i })));
  }

  bars(row) {
    const { g, marks, clock } = this, { from, to } = this.seen, said = [];
    g.font = `11px ${this.font}`;
    for (let k = 0; k < clock.order.length; k++) {
      const i = clock.order[k];
      if (marks.lane[i] !== row.lane || clock.at[i] > to || clock.until[i] < from) continue;
      const a = Math.max(NAMES - 3, this.x(clock.at[i])), b = Math.min(NAMES + this.wide + 3, this.x(clock.until[i]));
      const w = Math.max(row.kind === "pages" ? 2 : 3, b - a), wrong = isWrong(marks, i);
      let [y, tall] = [row.y + (row.tall - 12) / 2, 12];
      if (row.kind === "pages") [y, tall] = [row.y + 5, row.tall - 11];
      if (row.kind === "idle") [y, tall] = [row.y + 5, row.tall - 11];
      if (row.kind === "spans") [y, tall] = [row.y + 5 + marks.depth[i] * TALL.spans, TALL.spans - 2];
      g.globalAlpha = row.kind === "spans" && !wrong ? Math.max(0.4, 0.85 - 0.12 * marks.depth[i]) : 1;
      g.fillStyle = this.ink(wrong ? "--ls-error" : { pages: "--ls-page", network: levelOf(marks, i) === "warn" ? "--ls-warn" : "--ls-ok", idle: "--ln-line", spans: "--ln-accent" }[row.kind]);
      g.beginPath();
      g.roundRect(a + (row.kind === "pages" ? 1 : 0), y, Math.max(1, w - (row.kind === "pages" ? 2 : 0)), tall, row.kind === "spans" ? 1 : Math.min(3, w / 2));
      g.fill();
      g.globalAlpha = 1;
      if (i === this.chosen) this.ring(a - 2, y - 2, w + 4, tall + 4);
      if (row.kind === "pages" && w > 22) this.inside(this.on.text(i)?.text, a + 7, y + tall / 2, w - 12, "--ln-ink");
      if (wrong && row.kind === "network") said.push({ x: b + 4, i });
    }
    this.words(row, said);
  }

  /** Words beside what is wrong, as far as there is room for them. */
  words(row, said) {
    const { g } = this;
    let end = -Infinity;
    g.font = `10.5px ${this.font}`;
    g.textBaseline = "middle";
    for (const { x, i } of said.slice(0, 200)) {
      const text = this.on.text(i);
      if (!text || x < end) continue;
      const word = plain(text.short || text.kind).slice(0, 60), w = g.measureText(word).width;
      if (x + w > NAMES + this.wide) continue;
      g.lineWidth = 3;
      g.strokeStyle = this.ink("--ln-bg");
      g.strokeText(word, x, row.y + row.tall / 2 + 0.5);
      g.fillStyle = this.ink("--ls-error-word");
      g.fillText(word, x, row.y + row.tall / 2 + 0.5);
      end = x + w + 8;
    }
  }

  inside(text, x, y, room, ink) {
    if (!text || room < 12) return;
    const { g } = this;
    let word = plain(text).slice(0, 200);
    while (word.length > 1 && g.measureText(word).width > room) word = `${word.slice(0, Math.max(1, Math.floor(word.length * 0.8) - 1))}…`;
    if (word.length < 2 && text.length > 1) return;
    g.fillStyle = this.ink(ink);
    g.textBaseline = "middle";
    g.fillText(word, x, y + 0.5);
  }

  ring(x, y, w, tall) {
    const { g } = this;
    g.strokeStyle = this.ink("--ln-ink");
    g.lineWidth = 1.5;
    g.strokeRect(x, y, w, tall);
  }

  sessions(row) {
    const { g } = this;
    g.font = `11px ${this.font}`;
    for (const s of this.data.sessions) {
      const a = this.x(s.at), w = Math.max(3, this.x(s.until) - a);
      g.fillStyle = this.ink(s.recorded ? "--ls-recorded" : "--ls-page");
      g.beginPath();
      g.roundRect(a, row.y + 4, w, row.tall - 9, 3);
      g.fill();
      if (w > 40) this.inside(s.id.slice(0, 8), a + 5, row.y + row.tall / 2 - 0.5, w - 8, "--ln-ink");
    }
  }

  /** One trace, a line for each span, names beside them; spans that nothing waited for are pale. */
  waterfall(row) {
    const { g, trace } = this;
    g.font = `10px ${this.font}`;
    g.textBaseline = "middle";
    trace.spans.forEach((s, k) => {
      const y = row.y + 5 + k * TALL.trace, a = this.x(s.at), w = Math.max(2, this.x(s.until) - a);
      g.globalAlpha = s.error || s.critical ? 1 : 0.45;
      g.fillStyle = this.ink(s.error ? "--ls-error" : "--ln-accent");
      g.fillRect(a, y + 1, w, TALL.trace - 4);
      g.globalAlpha = 1;
      const word = plain(`${s.service || "(no service)"} ${s.name} ${shortly(s.until - s.at)}${s.note ? ` · ${s.note}` : ""}`).slice(0, 120), wide = g.measureText(word).width;
      const inside = a + w + 5 + wide >= NAMES + this.wide && a - 5 - wide <= NAMES;
      const x = inside ? Math.max(NAMES + 2, a + 4) : a + w + 5 + wide < NAMES + this.wide ? a + w + 5 : a - 5 - wide;
      g.lineWidth = 3;
      g.strokeStyle = this.ink("--ln-bg");
      if (!inside) g.strokeText(word, x, y + TALL.trace / 2 - 1);
      g.fillStyle = this.ink(inside ? "--ln-bg" : s.error ? "--ls-error-word" : "--ln-ink-soft");
      g.fillText(word, x, y + TALL.trace / 2 - 1);
    });
  }

  // ---- the cursor
  /** Put the cursor at a time; whether it moved the view to stay in it. */
  move(t, follow = true) {
    this.cursor = t;
    const { from, to } = this.seen;
    if (follow && this.view && (t < from || t > to)) {
      const half = (to - from) / 2;
      this.view = this.bound(t - half, t + half);
      this.again();
      this.on.zoomed();
    }
    this.place();
  }

  place() {
    if (!this.data || this.wide === undefined) return;
    const shown = this.cursor !== null && this.cursor >= this.seen.from && this.cursor <= this.seen.to;
    this.line.hidden = !shown;
    if (shown) this.line.style.transform = `translateX(${this.x(this.cursor)}px)`;
    const { from, to } = this.seen, whole = to - from || 1;
    this.surface.setAttribute("aria-valuemin", 0);
    this.surface.setAttribute("aria-valuemax", 100);
    this.surface.setAttribute("aria-valuenow", this.cursor === null ? 0 : Math.round(Math.max(0, Math.min(100, ((this.cursor - from) / whole) * 100))));
    this.surface.setAttribute("aria-valuetext", this.cursor === null ? "no time chosen" : this.say(this.cursor));
  }

  say(t) {
    const at = clock(String(this.ns(t)), this.data.zone || "UTC");
    return `${at.clock}`;
  }

  choose(item) {
    this.chosen = item;
    this.again();
  }

  showTrace(trace) {
    this.trace = trace;
    if (trace && trace.spans.length) {
      const from = Math.min(...trace.spans.map((s) => s.at)), to = Math.max(...trace.spans.map((s) => s.until)), pad = Math.max((to - from) * 0.25, 1e6);
      this.zoom(from - pad, to + pad * 2);
    }
    this.again();
    if (trace) requestAnimationFrame(() => requestAnimationFrame(() => { this.field.parentNode.scrollTop = this.tall; }));
  }

  // ---- zoom
  bound(from, to) {
    const whole = this.all.to - this.all.from, wide = Math.min(whole, Math.max(1000, to - from));
    const start = Math.max(this.all.from, Math.min(this.all.to - wide, from));
    return wide >= whole * 0.999 ? null : { from: start, to: start + wide };
  }

  zoom(from, to, step = true) {
    if (step) this.past = [...this.past, this.view].slice(-50);
    this.view = this.bound(from, to);
    this.again();
    this.on.zoomed();
  }

  by(factor, at = this.cursor) {
    const { from, to } = this.seen, centre = at === null || at < from || at > to ? (from + to) / 2 : at;
    this.zoom(centre - (centre - from) * factor, centre + (to - centre) * factor, false);
  }

  back() {
    this.view = this.past.pop() ?? null;
    this.again();
    this.on.zoomed();
  }

  end() {
    this.off();
    this.sized.disconnect();
    cancelAnimationFrame(this.frame);
  }
}
