// A story: what is known of one session, user or trace on lanes over one axis, the recording beside it, the rows below.
// The cursor is ours alone: it moves with the recording, a click or a key, and asks the other half for nothing.
import { h, number, plain, clock, later, copy, hideStill, notebook } from "./common.js";
import { Lanes } from "./lanes.js";
import { player } from "./player.js";
import { Rows } from "./storyrows.js";
import { FLAG, isWrong, levelOf, onOneClock, shortly, unpack } from "./marks.js";
import { details } from "./record.js";
import { smallRow } from "./cells.js";
import { line, closeMenu } from "./menu.js";
import { heading, plainDetails } from "./storyhead.js";

const SEVERE = [["", "all levels"], ["3", "info and above"], ["4", "warn and above"], ["5", "errors"]];
const LEAD = 5e9; // ns of the recording that are shown before a row that was clicked

export function mount(el, port) {
  let d = null, marks = null, times = null, cursor = null, chosen = -1, offset = 0, least = "", wrong = [], told = null, show = () => {};
  let reel = null, film = null, opening = 0, playing = false, before = false, seeking = false;

  const lanes = new Lanes({
    move: (t, item) => (item >= 0 ? pick(item) : go(t)), hide: () => { filter(); }, zoomed: () => tools(),
    text: (i) => texts(i), session: (id) => toSession(id),
  });
  const rows = new Rows({
    pick: (i) => pick(i), heard: () => lanes.again(), lane: (i) => d.lanes[marks.lane[i]].name, ns: (t) => ns(t),
    texts: (offset, limit) => port.ask("texts", { offset, limit }), details: (i) => detailOf(i),
  });
  const fault = h("div", { class: "ls-fault", role: "alert", hidden: true }), said = h("span", { class: "ls-said", role: "status" });
  const head = h("div", { class: "ls-head" }), slot = h("div", { class: "ls-player", hidden: true });
  const press = (text, title, onclick, props = {}) => h("button", { title, onclick, ...props }, text);
  const sessions = h("select", { "aria-label": "session", hidden: true, onchange: () => toSession(sessions.value) });
  const levels = h("select", { "aria-label": "rows of which severity", onchange: () => { least = levels.value; filter(); } }, SEVERE.map(([value, text]) => h("option", { value }, text)));
  const lead = press("5 s before", "A click shows the recording 5 s before, to see what led there", () => { before = !before; tools(); if (chosen >= 0) pick(chosen); }, { "aria-pressed": "false" });
  const last = press("‹ error", "The error before (N)", () => jump(-1)), next = press("error ›", "The next error (n)", () => jump(1));
  const zoomOut = press("−", "Zoom out (-)", () => lanes.by(2), { "aria-label": "zoom out" }), zoomIn = press("+", "Zoom in (+)", () => lanes.by(0.5), { "aria-label": "zoom in" });
  const whole = press("all", "All of the story (0)", () => lanes.zoom(lanes.all.from, lanes.all.to)), back = press("back", "The zoom before (Backspace)", () => lanes.back());
  const count = h("span", { class: "ln-soft ln-num" }), linked = h("span", { class: "ls-links" });
  const bar = h("div", { class: "ls-bar-top" }, h("span", { class: "ls-tools" }, last, next, sessions, levels, lead), linked, h("span", { class: "ls-tools" }, count, zoomOut, zoomIn, whole, back));
  const foot = h("div", { class: "ls-foot" }, h("span", { class: "ls-keys" }), said, h("span", { class: "ls-joined" }));
  const root = h("div", { class: "ls-story", role: "region", "aria-label": "story" }, head, fault, h("div", { class: "ls-main" }, lanes.el, slot), bar, rows.el, foot);
  el.append(root);
  lanes.room = () => (slot.hidden || root.classList.contains("ls-narrow") ? 0 : (slot.firstElementChild?.offsetHeight ?? 0) + 20);

  const ns = (t) => BigInt(d.origin) + BigInt(Math.round(t));
  const from = (text) => Number(BigInt(text) - BigInt(d.origin));
  const texts = (i) => rows.text(i) || (rows.want(i), null);

  // ---- asking
  function tell(kind, args) {
    return port.ask(kind, args).catch((error) => { fail(error.message); });
  }
  function fail(text) {
    fault.replaceChildren(h("span", {}, plain(text)), press("×", "dismiss", () => { fault.hidden = true; }, { "aria-label": "dismiss" }));
    fault.hidden = !text;
  }

  // ---- what came
  function read() {
    const data = port.get("data") || {};
    if (data.origin === undefined) return;
    const another = !d || d.told !== data.told;
    d = data;
    if (another) {
      show();
      show = hideStill(d.still);
      marks = unpack(port.get("marks"));
      offset = Number(d.clock.offset_ns || 0);
      told = port.get("texts");
      [chosen, cursor, playing] = [-1, null, false];
      for (const s of d.sessions) Object.assign(s, { at: from(s.since), until: from(s.to) });
      sessions.replaceChildren(h("option", { value: "" }, `all ${number(d.sessions.length)} sessions`), ...d.sessions.map((s) => h("option", { value: s.id }, sessionName(s))));
      sessions.hidden = d.sessions.length < 2;
      fault.hidden = true;
      for (const r of d.recordings) Object.assign(r, { at: from(r.since), until: from(r.to) });
      empty();
    }
    clocks();
    draw();
    if (another) {
      begin();
      if (d.inside) requestAnimationFrame(() => { el.scrollIntoView({ block: "nearest" }); rows.grid.focus({ preventScroll: true }); });
    }
  }
  function sessionName(s) {
    const at = clock(String(ns(s.at)), d.zone || "UTC");
    return `${at.day.slice(5)} ${at.clock.slice(0, 8)} · ${shortly(s.until - s.at)}${s.recorded ? " · recorded" : ""}`;
  }
  /** All times anew, after another offset of the browser's clock. */
  function clocks() {
    times = onOneClock(marks, offset);
    wrong = [...times.order].filter((i) => isWrong(marks, i) && d.lanes[marks.lane[i]].kind !== "spans");
  }
  function draw() {
    heading(head, d, { offset, go: port.can("go") ? (to, id) => tell("go", { to, id }) : null, shift, close: () => tell("close", {}), copy: (text) => { copy(text); say("copied"); } });
    lanes.set(d, marks, times);
    filter();
    tools();
    linked.replaceChildren(...d.links.map((link) => h("a", { href: address(link.url), target: "_blank", rel: "noopener noreferrer" }, plain(link.name), " ↗")).filter((a) => /^https?:/.test(a.protocol)));
    const joined = Object.entries(d.joined).map(([by, n]) => `${number(n)} ${by === "neither" ? "otherwise" : `by ${plain(by)}`}`);
    foot.lastChild.textContent = joined.length ? `joined: ${joined.join(", ")}` : "";
    foot.firstChild.textContent = ["click a row for its record", d.recordings.length && "space play", "n next error", "t trace", port.can("pin") && "p pin", "+ − zoom", "j k rows"].filter(Boolean).join(" · ");
  }
  /** Where one begins: at the time that was asked for, else at the first error, else at the start. */
  function begin() {
    if (d.at) {
      const t = from(d.at);
      if (d.at_item !== null) pick(d.at_item);
      else go(t);
      close(d.at_item === null ? t : times.at[d.at_item]);
    } else go(wrong.length ? times.at[wrong[0]] : times.times[0] ?? 0);
    if (d.kind === "trace") trace(d.id);
  }
  /** Show the neighbourhood of a time in a long story. */
  function close(t) {
    const all = lanes.all.to - lanes.all.from;
    if (all > 36e11) lanes.zoom(t - 9e11, t + 9e11);
  }
  function filter() {
    if (!d) return;
    rows.set(d, marks, times, (i) => {
      if (lanes.hidden.has(marks.lane[i]) || !(marks.flags[i] & FLAG.row)) return false;
      return !least || marks.flags[i] & FLAG.loud || (marks.level[i] === 255 ? least === "3" : marks.level[i] >= Number(least));
    }, told);
    if (cursor !== null) rows.moved(cursor, false);
    tools();
  }
  function tools() {
    if (!d) return;
    count.textContent = rows.said();
    lead.hidden = !d.recordings.length;
    lead.setAttribute("aria-pressed", String(before));
    back.disabled = !lanes.past.length;
    whole.disabled = !lanes.view;
    for (const button of [last, next]) button.disabled = !wrong.length;
  }
  function say(text) { said.textContent = text; }
  /** An address of another tool, at the cursor. */
  function address(url) {
    const at = cursor === null ? null : ns(cursor), start = d.recordings[0] ? BigInt(d.recordings[0].since) + BigInt(Math.round(offset)) : BigInt(d.origin);
    const seconds = at === null || at < start ? 0n : (at - start) / 1000000000n, when = at ?? BigInt(d.origin);
    return url.replace("{seconds}", seconds).replace("{ms}", when / 1000000n).replace("{iso}", new Date(Number(when / 1000000n)).toISOString());
  }
  const relink = later(() => { d.links.forEach((link, i) => { if (linked.children[i]) linked.children[i].href = address(link.url); }); }, 200);

  // ---- the cursor
  /** Move to a time; `by` the player means that it is there already. */
  function go(t, by = "") {
    cursor = t;
    lanes.move(t, by !== "player" || playing);
    rows.moved(t, by !== "pick");
    if (by === "player") return relink();
    if (filmOf(t) !== film) load(t);
    else if (reel) { seeking = true; reel.seek(String(ns(t))); seeking = false; }
    return relink();
  }
  /** A mark or a row was chosen: the recording shows that moment, or what led to it. */
  function pick(i) {
    chosen = i;
    lanes.choose(i);
    const t = times.at[i];
    go(film && before ? Math.max(t - LEAD, lanes.all.from) : t, "pick");
    const k = rows.rowOf(i);
    if (k >= 0) rows.focusOn(k);
    const text = texts(i);
    if (text) say(`${clock(String(ns(t)), d.zone || "UTC").clock} ${plain(text.text).slice(0, 120)}`);
  }
  function jump(way) {
    if (!wrong.length) { say("no error in this story"); return; }
    const now = chosen >= 0 ? times.at[chosen] : cursor ?? -Infinity, at = wrong.indexOf(chosen);
    let k = at >= 0 ? at + way : way > 0 ? wrong.findIndex((i) => times.at[i] > now) : wrong.findLastIndex((i) => times.at[i] < now);
    if (k < 0 || k >= wrong.length) k = way > 0 ? 0 : wrong.length - 1; // round again
    const i = wrong[k];
    if (lanes.hidden.has(marks.lane[i])) lanes.toggle(marks.lane[i]);
    pick(i);
    say(`error ${k + 1} of ${wrong.length}`);
  }
  function toSession(id) {
    const s = d.sessions.find((one) => one.id === id);
    sessions.value = s ? id : "";
    if (!s) { lanes.zoom(lanes.all.from, lanes.all.to); return; }
    const pad = Math.max((s.until - s.at) * 0.05, 1e8);
    lanes.zoom(s.at - pad, s.until + pad);
    go(s.at);
  }
  /** The browser's clock by so many ns more. */
  function shift(by) {
    offset = by;
    const at = chosen >= 0 ? chosen : null;
    clocks();
    if (reel) { reel.offset(String(Math.round(offset))); reel.marks(marked()); }
    draw();
    if (at !== null) pick(at);
  }
  async function trace(id) {
    if (lanes.trace && (!id || lanes.trace.id === id)) { lanes.showTrace(null); return; }
    if (!id) { say("nothing here belongs to a trace"); return; }
    const found = await tell("trace", { id });
    if (!found) return;
    const spans = found.spans.map((s) => ({ ...s, at: from(s.since), until: from(s.to), self: s.own === null ? null : Number(s.own) }));
    lanes.showTrace({ id, spans });
    say(`trace ${id.slice(0, 8)}: ${number(found.spans.length)}${found.of > found.spans.length ? ` of ${number(found.of)}` : ""} spans${found.note ? `; ${found.note}` : ""}`);
  }

  // ---- the recording
  /** The recording of a time: the one that is on then, else the nearest. */
  function filmOf(t) {
    const far = (r) => Math.max(0, r.at + offset - t, t - r.until - offset);
    return d.recordings.reduce((best, r) => (best === null || far(r) < far(best) ? r : best), null);
  }
  function empty() {
    opening += 1;
    if (reel) reel.destroy();
    [reel, film, playing] = [null, null, false];
    slot.replaceChildren();
    slot.hidden = true;
    root.classList.remove("ls-replayed");
  }
  /** Put the recording of the cursor's time beside the lanes, if another stands there. */
  async function load(t) {
    const wanted = filmOf(t);
    if (wanted === film) return;
    empty();
    if (!wanted) return;
    film = wanted;
    slot.hidden = false;
    root.classList.add("ls-replayed");
    slot.append(h("div", { class: "ls-none ln-soft", role: "status" }, "opening the recording …"));
    const mine = opening, session = film.session;
    try {
      const { recording } = await port.ask("recording", { session });
      if (mine !== opening) return;
      slot.replaceChildren();
      reel = player(slot, {
        recording, load: async () => (await port.ask("player", {})).text, events: async (i) => (await port.ask("events", { session, i })).buffers[0],
        strict: d.strict, offset: String(Math.round(offset)), marks: marked(), zone: d.zone || "UTC", time: cursor === null ? null : String(ns(cursor)), height: 300,
      }, { time: (time, on) => { if (!seeking) { playing = on; go(from(time), "player"); } }, playing: (on) => { playing = on; } });
      draw();
    } catch (error) {
      if (mine === opening) slot.replaceChildren(h("div", { class: "ls-none", role: "alert" }, plain(`the recording could not be opened: ${error.message}`)));
    }
  }
  /** The errors, as marks of the player. */
  function marked() {
    return wrong.slice(0, 1000).map((i) => ({ time: String(ns(times.at[i])), text: texts(i)?.text || "error", severity: levelOf(marks, i) }));
  }

  // ---- a record whole
  const can = {
    root, offers: (kind) => port.can(kind), ask: (kind, args) => port.ask(kind, args), words: () => null, zone: () => d.zone || "UTC",
    get filter() { return d.inside ? (field, op, value, id) => tell("filter", id === undefined ? { field, op, value } : { field, op, id }) : null; },
    columns: () => false, go: (to, id, record) => tell("go", { to, id, record }), facet: (field) => tell("facet", { field }), split: () => false,
    pinned: (id) => d.pinned.includes(id), pin: (id, note) => tell("pin", { id, note }), unpin: (id) => tell("unpin", { id }), say, leave: () => rows.grid.focus(),
    small: (page, i, own) => smallRow(page, i, own, { zone: d.zone || "UTC", words: null }, async () => { const record = await tell("record", { id: page.ids[i] }); return record && details(record, can); }),
  };
  async function detailOf(i) {
    const text = texts(i);
    if (text?.id) {
      const record = await tell("record", { id: text.id });
      return record && details(record, can);
    }
    const found = await tell("item", { i });
    return found && plainDetails(found, { trace: (id) => trace(id), go: port.can("go") ? (to, id) => tell("go", { to, id }) : null });
  }

  // ---- keys
  function key(event) {
    const at = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || at.closest("input, select, textarea, .lt-pop, a, .rp")) return;
    if (event.key === "Escape") { if (closeMenu() || rows.close()) { event.preventDefault(); event.stopPropagation(); } return; }
    if (at.closest("button") && (event.key === " " || event.key === "Enter")) return;
    const item = chosen >= 0 ? chosen : rows.items[rows.now] ?? -1, text = item >= 0 ? texts(item) : null, page = Math.max(1, Math.floor(rows.scroll.view / 24) - 1);
    const far = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    const doing = {
      " ": () => reel && (reel.playing() ? reel.pause() : reel.play()), n: () => jump(1), N: () => jump(-1), t: () => trace(text?.trace), p: () => pin(text),
      "+": () => lanes.by(0.5), "=": () => lanes.by(0.5), "-": () => lanes.by(2), 0: () => whole.click(), Enter: () => rows.toggle(rows.at),
    }[event.key];
    if (doing) doing();
    else if (far !== undefined && !at.closest(".lt-details")) {
      const start = rows.at >= 0 ? rows.at : rows.now;
      rows.focusOn(start + far);
      if (rows.at >= 0) pick(rows.items[rows.at]);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
  function pin(text) {
    if (!port.can("pin")) return;
    if (!text?.id) { say("only records can be pinned"); return; }
    if (d.pinned.includes(text.id)) { tell("unpin", { id: text.id }); return; }
    line(root, rows.el, "a note to the pin", "", (note) => tell("pin", { id: text.id, note }).then(() => say("pinned")));
  }
  root.addEventListener("keydown", key);

  const sized = new ResizeObserver(() => root.classList.toggle("ls-narrow", el.clientWidth < 860));
  sized.observe(el);
  const beside = new ResizeObserver(() => lanes.again());
  beside.observe(slot);
  const offs = [port.on("data", read), () => sized.disconnect(), () => beside.disconnect()];
  read();
  return () => { offs.forEach((off) => off()); show(); closeMenu(); empty(); lanes.end(); rows.end(); };
}

export default notebook(mount);
