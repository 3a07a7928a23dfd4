// Plays a recording (rrweb): the page as it was, and a bar below it. Times are decimal strings of ns of the story's clock;
// the recording's own are ms of the browser's, `offset` (ns) is what is added. lognb/replay/parts.py makes what it plays.
import { clock, h, number, plain } from "./common.js";
import { Chunks } from "./chunks.js";
import { Stage } from "./stage.js";
import { elapsed, picture, spoken, track } from "./track.js";

const KIT = Symbol.for("lognb.replay @rrweb/replay 2.1.6"); // one for the page, however many players there are
const SPEEDS = [1, 2, 4, 8];
const BUDGET = 12, JUMP = 5000, NOTES = 20;
const PLAY = "M4 2.5v11l9.5-5.5z", PAUSE = "M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z";
const BACK = "M8 3V.8L4.2 4 8 7.2V5a4.2 4.2 0 1 1-4.2 4.2H1.9A6.1 6.1 0 1 0 8 3z";

/** The module replay.js, of which `load` gives the text; asked for once in a page. */
function kit(load) {
  globalThis[KIT] ??= (async () => {
    const address = URL.createObjectURL(new Blob([await load()], { type: "text/javascript" }));
    try {
      return await import(address);
    } finally {
      URL.revokeObjectURL(address);
    }
  })();
  globalThis[KIT].catch(() => { delete globalThis[KIT]; });
  return globalThis[KIT];
}

/**
 * Put a player into `el`.
 *
 * options: `load()` gives the text of replay.js (a Promise); `recording` is what parts.py says of it, `events(i)` gives its
 * piece i (a Promise of gzip bytes); `offset` ns; `marks` [{time, text, severity}]; `zone`; `speed`; `skipIdle`; `time` where
 * to open; `height` px at most; `strict` where the page's policy lets in no style that stands in line.
 * on, each may be missing: time(ns, playing) at each new picture; playing(bool); window(id); speed(x); skipIdle(bool).
 *
 * Gives {seek(ns), time(), play(), pause(), playing(), next(step), speed(x), skipIdle(bool), window(id or null), offset(ns),
 * marks(list), zone(name), ready (a Promise: the first picture stands), destroy()}.
 */
export function player(el, options, on = {}) {
  const { recording } = options, { start, end, chunks, windows, active, idle } = recording;
  const pieces = new Chunks(chunks, options.events), stages = new Map(), notes = new Map();
  let offset = BigInt(options.offset || 0), zone = options.zone || "UTC", marks = [];
  let ms = start, running = false, rate = options.speed || 1, skipping = Boolean(options.skipIdle), chosen = null, fitted = true;
  let stage = null, turn = 0, seeking = false, frame = 0, last = 0, gone = false, begun = false, waiting = 0, remarking = 0, given = [];

  const ns = (at) => BigInt(Math.round(at * 1000)) * 1000n + offset;
  const own = (time) => Number((BigInt(time) - offset) / 1000n) / 1000;
  const inside = (at) => Math.min(end, Math.max(start, at));
  const errors = () => marks.filter((m) => m.severity === "error" || m.severity === "fatal");

  // ---- elements
  const button = (name, title, onclick, ...inner) => h("button", { class: `rp-${name}`, title, "aria-label": title, onclick }, inner);
  const go = button("play", "play (space)", () => (running ? pause() : play()), picture(PLAY));
  const back = button("back", "5 s back (←)", () => to(ms - JUMP), picture(BACK), "5 s");
  const far = h("span", { class: "rp-time ln-num" }), wall = h("span", { class: "rp-wall ln-num ln-soft" });
  const line = track({ start, end, idle, seek: (at) => to(at), tell: (at) => wallClock(at) });
  const pace = h("select", { class: "rp-speed", "aria-label": "speed", title: "speed (< and >)", onchange: () => speed(Number(pace.value)) },
    SPEEDS.map((x) => h("option", { value: x }, `${x}×`)));
  const skip = button("skip", "skip idle times, in which nothing happens (i)", () => skipIdle(!skipping), "skip idle");
  const next = button("next", "next error (n), the one before (shift n)", () => error(1), "next error");
  const which = h("select", { class: "rp-window", "aria-label": "window", title: "which window of the browser (w)", onchange: () => choose(which.value || null) },
    h("option", { value: "" }, "follow"), windows.map((w, i) => h("option", { value: w.id }, `window ${i + 1}`)));
  const fit = button("fit", "fit to width, or as large as it was (f)", () => { fitted = !fitted; layout(); }, "fit");
  const told = h("details", { class: "rp-notes", hidden: true }, h("summary"), h("ul"));
  const sheet = h("div", { class: "rp-sheet" }), over = h("div", { class: "rp-over", hidden: true }), hint = h("div", { class: "rp-hint", hidden: true });
  const view = h("div", { class: "rp-view", role: "img", "aria-label": "the recorded page" }, sheet, over, hint);
  const said = h("div", { class: "rp-said", role: "status" });
  const bar = h("div", { class: "rp-bar" }, h("div", { class: "rp-row rp-main" }, go, back, line.el, far),
    h("div", { class: "rp-row" }, wall, h("span", { class: "rp-gap" }), pace, skip, next, windows.length > 1 && which, fit));
  const root = h("div", { class: "rp", role: "group", "aria-label": "recording of a session" }, view, bar, told, said);
  root.style.setProperty("--rp-height", `${Number(options.height) || 420}px`);
  el.append(root);
  root.addEventListener("keydown", key);

  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const busy = event.target.closest("button, select, summary");
    const moves = { ArrowLeft: -JUMP, ArrowRight: JUMP };
    const does = {
      k: () => (running ? pause() : play()), Home: () => to(start), End: () => to(end), n: () => error(1), N: () => error(-1), i: () => skipIdle(!skipping),
      f: () => fit.click(), "<": () => faster(-1), ">": () => faster(1), w: () => windows.length > 1 && turnWindow(),
    };
    if (event.key === " " && !busy) does.k();
    else if (event.key in moves && event.target !== pace && event.target !== which) to(ms + moves[event.key] / (event.shiftKey ? 5 : 1));
    else if (Object.hasOwn(does, event.key) && !(event.target.tagName === "SELECT" && event.key !== "n")) does[event.key]();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // ---- words and places
  function wallClock(at) {
    const { day, clock: hour } = clock(String(ns(at)), zone);
    return `${day} ${hour} ${zone}`;
  }
  function draw() {
    far.textContent = `${elapsed(ms - start)} / ${elapsed(end - start)}`;
    const whole = wallClock(ms);
    wall.textContent = whole.slice(whole.indexOf(" ") + 1);
    wall.title = whole;
    line.show(ms);
  }
  function say(text) { said.textContent = text; }
  function press(one, pressed) { one.setAttribute("aria-pressed", String(pressed)); }
  function flash(text) {
    hint.textContent = text;
    hint.hidden = false;
    clearTimeout(waiting);
    waiting = setTimeout(() => { hint.hidden = true; }, 1500);
  }
  function note(text) {
    const short = plain(text.replace(/'-?\d+'|\d{3,}/g, "…")).slice(0, 300);
    notes.set(short, (notes.get(short) || 0) + 1);
    remark();
  }
  function remark() {
    remarking ||= setTimeout(() => {
      remarking = 0;
      const some = [...notes].slice(0, NOTES);
      told.hidden = !notes.size;
      told.firstChild.textContent = `${number(notes.size)} ${notes.size === 1 ? "thing" : "kinds of things"} could not be shown as recorded`;
      const more = notes.size > some.length ? [h("li", null, `${some.length} of ${number(notes.size)} are listed`)] : [];
      told.lastChild.replaceChildren(...some.map(([text, n]) => h("li", null, n > 1 ? `${text} (${number(n)} times)` : text)), ...more);
    }, 200);
  }
  function fail(error, again) {
    pause();
    over.replaceChildren(h("div", { role: "alert" }, `the recording could not be shown: ${plain(error.message).slice(0, 500)}`), h("button", { onclick: again }, "try again"));
    over.hidden = false;
  }
  function layout() {
    if (!stage || !view.clientWidth) return;
    const width = stage.width || windowOf(stage.id).width || 1280, height = stage.height || windowOf(stage.id).height || 720;
    const most = Number.parseFloat(getComputedStyle(root).getPropertyValue("--rp-height")) || 420;
    const scale = fitted ? Math.min(1, view.clientWidth / width, most / height) : 1;
    view.style.height = `${Math.ceil(Math.min(most, height * scale))}px`;
    view.classList.toggle("rp-large", !fitted);
    Object.assign(sheet.style, { width: `${Math.floor(width * scale)}px`, height: `${Math.floor(height * scale)}px` });
    stage.el.style.transform = `scale(${scale})`;
    press(fit, fitted);
  }
  const windowOf = (id) => windows.find((w) => w.id === id) || windows[0];

  // ---- windows
  function windowAt(at) {
    if (chosen !== null) return chosen;
    let found = active.length ? active[0][1] : windows[0].id;
    for (const [since, id] of active) if (since <= at) found = id;
    return found;
  }
  async function stageAt(at) {
    const id = windowAt(at), module = await kit(options.load);
    if (gone) return null;
    if (!stages.has(id)) {
      const numbers = chunks.map((_, i) => i).filter((i) => chunks[i].window === id);
      const made = new Stage(module, pieces, numbers, { remote: recording.remote, strict: options.strict, resized: () => layout(), note, lost: () => { if (!gone && stage === made) to(ms); } });
      made.id = id;
      made.empty = !numbers.some((i) => chunks[i].full !== null);
      stages.set(id, made);
    }
    return stages.get(id);
  }
  function put(found) {
    if (stage === found && found.el.isConnected) return;
    const before = stage;
    stage = found;
    if (!found.el.isConnected) sheet.append(found.el);
    for (const one of stages.values()) one.el.classList.toggle("rp-away", one !== found);
    over.replaceChildren("this window was recorded without a picture of its page");
    over.hidden = !found.empty;
    if (before) {
      on.window?.(found.id);
      if (windows.length > 1) flash(`window ${windows.indexOf(windowOf(found.id)) + 1}`);
    }
    layout();
  }
  function choose(id) {
    chosen = windows.some((w) => w.id === id) ? id : null;
    which.value = chosen ?? "";
    to(ms);
  }
  function turnWindow() {
    const ids = [null, ...windows.map((w) => w.id)];
    choose(ids[(ids.indexOf(chosen) + 1) % ids.length]);
  }

  // ---- time
  /** Show the moment `at`, ms; a newer wish ends the work on this one. */
  async function to(at) {
    const mine = ++turn, wanted = () => !gone && mine === turn;
    ms = inside(at);
    draw();
    on.time?.(String(ns(ms)), running);
    if (!begun) return; // it opens there
    seeking = true;
    root.classList.add("rp-seeking");
    const slow = setTimeout(() => { if (wanted()) root.classList.add("rp-busy"); }, 150);
    try {
      const found = await stageAt(ms);
      if (!found || !wanted()) return;
      put(found);
      await found.seek(ms, wanted, (reached) => { if (root.classList.contains("rp-busy")) hintSeek(reached); });
      if (wanted()) {
        found.run(running);
        layout();
      }
    } catch (error) {
      if (wanted()) fail(error, () => { over.hidden = true; to(ms); });
    } finally {
      clearTimeout(slow);
      if (wanted()) {
        seeking = false;
        last = performance.now();
        root.classList.remove("rp-busy", "rp-seeking");
      }
    }
  }
  function hintSeek(reached) { flash(`seeking: ${elapsed(Math.max(0, reached - start))} of ${elapsed(ms - start)}`); }
  function play() {
    if (running || gone) return;
    running = true;
    state();
    if (ms >= end) to(start);
    last = performance.now();
    frame = requestAnimationFrame(tick);
  }
  function pause() {
    if (!running) return;
    running = false;
    cancelAnimationFrame(frame);
    state();
    on.time?.(String(ns(ms)), false);
  }
  function state() {
    stage?.run(running);
    go.replaceChildren(picture(running ? PAUSE : PLAY));
    const title = running ? "pause (space)" : "play (space)";
    go.title = title;
    go.setAttribute("aria-label", title);
    say(running ? "playing" : `paused at ${spoken(ms - start)}`);
    on.playing?.(running);
  }
  function tick(now) {
    if (!running || gone) return;
    frame = requestAnimationFrame(tick);
    const passed = Math.min(250, Math.max(0, now - last)) * rate;
    last = now;
    if (seeking || !stage) return;
    let target = Math.min(end, ms + passed);
    const rest = skipping && resumes(target);
    if (rest) {
      flash(`nothing happens for ${spoken(rest - target)}`);
      to(rest);
      return;
    }
    if (windowAt(target) !== stage.id || !stage.whole?.()) {
      to(target);
      return;
    }
    const step = stage.advance(target, false, BUDGET);
    if (step === "load") { to(target); return; }
    if (step === "more") target = Math.max(ms, Math.min(target, stage.time));
    ms = target;
    draw();
    on.time?.(String(ns(ms)), true);
    if (ms >= end) pause();
  }
  /** Where to go on, if nothing happens from here for a while: a second before something does, or before a mark. */
  function resumes(at) {
    const [, until] = idle.find(([from, until]) => from <= at && at < until) || [0, 0];
    const mark = marks.find((m) => m.ms > at && m.ms < until);
    const goal = Math.min(until, mark ? mark.ms : Infinity) - 1000;
    return goal > at + 500 ? goal : 0;
  }
  function error(step) {
    const list = errors(), near = 20; // ms: where one stands is not the next one
    const found = step > 0 ? list.find((m) => m.ms > ms + near && m.ms <= end) : list.findLast((m) => m.ms < ms - near && m.ms >= start);
    if (!found) {
      flash(step > 0 ? "no error after this moment" : "no error before this moment");
      say(hint.textContent);
      return false;
    }
    to(found.ms);
    flash(found.text);
    say(`${found.severity}: ${found.text}`);
    return true;
  }
  function speed(x) {
    rate = x > 0 && Number.isFinite(x) ? x : 1;
    pace.value = String(SPEEDS.includes(rate) ? rate : "");
    on.speed?.(rate);
  }
  function faster(step) { speed(SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, SPEEDS.indexOf(rate) + step))]); }
  function skipIdle(wished) {
    skipping = Boolean(wished);
    press(skip, skipping);
    on.skipIdle?.(skipping);
  }
  function setMarks(list) {
    given = list || [];
    marks = given.map((m) => ({ ms: own(m.time), text: plain(m.text || "").slice(0, 300), severity: m.severity || null })).sort((a, b) => a.ms - b.ms);
    line.mark(marks);
    next.disabled = !errors().length;
  }

  // ---- begin and end
  let opened = () => {};
  const ready = new Promise((done) => { opened = done; });
  // A frame can be made only in an element that is in the page; and what nobody sees is not opened.
  const seen = new IntersectionObserver((entries) => {
    if (begun || !root.isConnected || !entries.some((e) => e.isIntersecting)) return;
    begun = true;
    to(ms).then(opened);
  });
  seen.observe(root);
  const sized = new ResizeObserver(() => layout());
  sized.observe(view);
  speed(rate);
  skipIdle(skipping);
  setMarks(options.marks);
  if (options.time) ms = inside(own(options.time));
  Object.assign(view.style, { height: "240px" });
  press(fit, fitted);
  draw();

  return {
    seek: (time) => to(own(time)),
    time: () => String(ns(ms)),
    play, pause, speed, skipIdle, ready,
    playing: () => running,
    next: (step = 1) => error(step),
    window: choose,
    offset(value) {
      offset = BigInt(value); // the picture stays; what the story has around it moves
      setMarks(given);
      draw();
    },
    marks: setMarks,
    zone(name) { zone = name; draw(); },
    destroy() {
      gone = true;
      cancelAnimationFrame(frame);
      seen.disconnect();
      sized.disconnect();
      for (const one of stages.values()) one.destroy();
      root.remove();
    },
  };
}
