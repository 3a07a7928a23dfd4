// What a story is drawn from: one mark for each thing that happened, packed in numbers, on one clock.

const NONE = 255;
export const LEVELS = ["unspecified", "trace", "debug", "info", "warn", "error", "fatal"];
export const FLAG = { browser: 1, row: 2, record: 4, loud: 8 };

/**
 * {n, time, end, lane, level, flags, depth} of the bytes that story_marks.py packs. Times are numbers of ns since the
 * story's origin, exact for a hundred days; `end` is NaN for a moment.
 */
export function unpack(view) {
  const bytes = view && view.byteLength ? view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) : new ArrayBuffer(0);
  const n = bytes.byteLength / 20;
  const part = (k) => new Uint8Array(bytes, 16 * n + k * n, n);
  return { n, time: new Float64Array(bytes, 0, n), end: new Float64Array(bytes, 8 * n, n), lane: part(0), level: part(1), flags: part(2), depth: part(3) };
}

/** Marks with the browser's times moved by `offset` ns: {at, until, order, times}; `order` has them by time. */
export function onOneClock(marks, offset) {
  const at = new Float64Array(marks.n), until = new Float64Array(marks.n);
  for (let i = 0; i < marks.n; i++) {
    const by = marks.flags[i] & FLAG.browser ? offset : 0;
    at[i] = marks.time[i] + by;
    until[i] = Number.isNaN(marks.end[i]) ? at[i] : marks.end[i] + by;
  }
  const order = Uint32Array.from({ length: marks.n }, (_, i) => i);
  if (offset) order.sort((a, b) => at[a] - at[b] || a - b); // they come in the order of their own clocks
  const times = Float64Array.from(order, (i) => at[i]);
  return { at, until, order, times };
}

/** The first place in sorted `times` whose time is not below `t`. */
export function placeOf(times, t) {
  let [low, high] = [0, times.length];
  while (low < high) {
    const mid = (low + high) >> 1;
    if (times[mid] < t) low = mid + 1;
    else high = mid;
  }
  return low;
}

/** Whether a mark is an error, in words: its level, null for none. */
export function levelOf(marks, i) {
  return marks.level[i] === NONE ? null : LEVELS[marks.level[i]];
}

export function isWrong(marks, i) {
  return marks.level[i] !== NONE && marks.level[i] >= 5;
}

/**
 * Marks of one lane in columns of `step` px: [{x, n, i, level}], the item `i` the worst of its column, the first of
 * equals. `xOf` gives the place of a time.
 */
export function columnsOf(marks, clock, lane, from, to, xOf, step) {
  const found = [];
  let last = null;
  for (let k = placeOf(clock.times, from); k < clock.times.length && clock.times[k] <= to; k++) {
    const i = clock.order[k];
    if (marks.lane[i] !== lane) continue;
    const x = xOf(clock.times[k]), level = marks.level[i] === NONE ? -1 : marks.level[i];
    if (last && x - last.from < step) {
      last.n += 1;
      last.flags |= marks.flags[i];
      if (level > last.level) Object.assign(last, { level, i, x });
    } else found.push((last = { from: x, x, n: 1, i, level, flags: marks.flags[i] }));
  }
  return found;
}

/** A length of time as people say it: "0.42 s", "31 ms", "2 min 5 s". */
export function shortly(ns) {
  const n = Math.abs(ns);
  if (n < 1e3) return `${n} ns`;
  if (n < 1e6) return `${+(n / 1e3).toPrecision(3)} µs`;
  if (n < 1e9) return `${+(n / 1e6).toPrecision(3)} ms`;
  if (n < 6e10) return `${+(n / 1e9).toPrecision(3)} s`;
  const s = Math.round(n / 1e9), pair = (a, u, b, v) => (b ? `${a} ${u} ${b} ${v}` : `${a} ${u}`);
  if (s < 3600) return pair(Math.floor(s / 60), "min", s % 60, "s");
  if (s < 86400) return pair(Math.floor(s / 3600), "h", Math.round((s % 3600) / 60), "min");
  return pair(Math.floor(s / 86400), "d", Math.round((s % 86400) / 3600), "h");
}
