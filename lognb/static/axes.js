// Lengths of time, stretches of it and amounts in words, and round ticks for axes. Times are BigInts of nanoseconds.
import { number, clock } from "./common.js";

const S = 1000000000n, MIN = 60n * S, HOUR = 60n * MIN, DAY = 24n * HOUR;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const STEPS = [
  ...Array.from({ length: 9 }, (_, k) => [1n, 2n, 5n].map((n) => n * 10n ** BigInt(k))).flat(),
  ...[1n, 2n, 5n, 10n, 15n, 30n].map((n) => n * S), ...[1n, 2n, 5n, 10n, 15n, 30n].map((n) => n * MIN),
  ...[1n, 2n, 3n, 6n, 12n].map((n) => n * HOUR), ...[1n, 2n, 7n, 14n].map((n) => n * DAY),
];

/** A length of time in its two largest units, as lognb says it everywhere: "2 d 4 h", "20 min", "10 s", "5 ms". */
export function long(ns) {
  let left = BigInt(ns);
  const parts = [];
  for (const [unit, n] of [["d", DAY], ["h", HOUR], ["min", MIN], ["s", S], ["ms", 1000000n], ["µs", 1000n], ["ns", 1n]]) {
    if (left >= n && parts.length < 2) parts.push(`${number(left / n)} ${unit}`);
    else if (parts.length) break;
    left %= n;
  }
  return parts.join(" ") || "0 s";
}

/** Bytes in powers of 1000. */
export function size(n) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let i = 0;
  for (; n >= 999.5 && i < 4; i++) n /= 1000;
  return `${i === 0 || n >= 9.95 ? n.toFixed(0) : n.toFixed(1)} ${units[i]}`;
}

/** The day and the time of day of `ns` in a zone, as fine as `ns` and `beside` need. */
export function moment(ns, zone, beside = 0n) {
  const at = clock(ns, zone), [year, month, day] = at.day.split("-");
  const fine = (unit) => BigInt(ns) % unit || BigInt(beside) % unit;
  const time = (at.clock + at.rest).slice(0, fine(S) ? 18 : fine(MIN) ? 8 : 5);
  return { day: `${Number(day)} ${MONTHS[month - 1]} ${year}`, time };
}

/** A stretch of time in words, day and year said once. */
export function stretch(since, until, zone) {
  let [a, b] = [moment(since, zone, until), moment(until, zone, since)];
  while (a.time.includes(".") && a.time.endsWith("000") && b.time.endsWith("000")) {
    a = { ...a, time: a.time.slice(0, -3) };
    b = { ...b, time: b.time.slice(0, -3) };
  }
  if (a.day === b.day) return `${a.time}–${b.time}, ${a.day}`;
  const day = a.day.slice(-4) === b.day.slice(-4) ? a.day.slice(0, -5) : a.day;
  return `${a.time}, ${day} – ${b.time}, ${b.day}`;
}

/** How many ns the clocks of a zone are ahead of UTC at a time. */
function ahead(ns, zone) {
  const at = clock(ns, zone), ms = BigInt(Date.parse(`${at.day}T${at.clock}Z`));
  return ms * 1000000n + BigInt(at.rest) - BigInt(ns);
}

/** Round times of a zone's clocks in [since, until], at most `most`: [{at, label}]; a new day's first is its date. */
export function ticks(since, until, zone, most) {
  const found = [], span = until - since;
  const step = STEPS.find((s) => span / s < BigInt(Math.max(1, most)));
  if (step === undefined) {
    const months = Number(span / (30n * DAY)), first = new Date(Number(since / 1000000n)), year = first.getUTCFullYear();
    const every = [1, 3, 6, 12, 24, 60, 120, 240, 600, 1200].find((n) => months / n < most) || 1200;
    for (let m = Math.ceil((year * 12 + first.getUTCMonth()) / every) * every; ; m += every) {
      const wall = BigInt(Date.UTC(Math.floor(m / 12), m % 12)) * 1000000n, at = wall - ahead(wall, zone);
      if (at > until) return found;
      if (at >= since) found.push({ at, label: every % 12 ? `${MONTHS[m % 12]} ${Math.floor(m / 12)}` : String(m / 12) });
    }
  }
  let wall = since + ahead(since, zone);
  wall = wall - (((wall % step) + step) % step);
  for (; ; wall += step) {
    const at = wall - ahead(wall - ahead(wall, zone), zone);
    if (at > until) return found;
    if (at < since) continue;
    const { clock: time, rest, day } = clock(at, zone), [, month, of] = day.split("-");
    const digits = step % S ? Math.max(3, 9 - String(step).match(/0*$/)[0].length) : 0;
    let label = step % MIN === 0n ? time.slice(0, 5) : step % S === 0n ? time.slice(0, 8) : (time + rest).slice(0, 9 + digits);
    if (step >= DAY || ((wall % DAY) + DAY) % DAY === 0n) label = `${Number(of)} ${MONTHS[month - 1]}`;
    found.push({ at, label });
  }
}

/** Round numbers up to `most`, about three; on a log scale the powers of ten. */
export function levels(most, log) {
  if (log) return Array.from({ length: Math.floor(Math.log10(Math.max(1, most))) + 1 }, (_, i) => 10 ** i);
  const rough = most / 3, power = 10 ** Math.floor(Math.log10(rough)), step = Math.max(1, [1, 2, 5, 10].find((n) => n * power >= rough) * power);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}
