// How the values of a list are drawn, said and sorted, by the kind of their column.

import { h, number, plain, clock } from "./common.js";

const LEVELS = ["unspecified", "trace", "debug", "info", "warn", "error", "fatal"];
const WIDTHS = { text: "minmax(120px, 3fr)", code: "minmax(110px, 1.4fr)", words: "minmax(90px, 1fr)", number: 68, errors: 64, bar: 78, bytes: 72, share: 66, time: 84,
  duration: 78, severity: 80, trend: 100, flag: 74, change: 72, shift: 120 };
const DAYS = 118; // of a time with its day
const LEAST = { text: 230, code: 110, words: 90 };
const RIGHT = new Set(["number", "errors", "bar", "bytes", "share", "duration"]);
const CUT = 600; // characters of a value in a row
const [MORE, FEWER] = [new Set(["new", "grown"]), new Set(["gone", "shrunk"])];
const FULL = 6; // log2: where the bar of a shift ends
const SVG = "http://www.w3.org/2000/svg";

/** What a column takes at least, px, and as a track of a grid; `days` are there times of several days. */
export function trackOf(column, width, days) {
  const usual = (column.kind === "time" && days && DAYS) || WIDTHS[column.kind] || WIDTHS.text;
  const said = width || column.width;
  if (said) return [said, `${said}px`];
  return typeof usual === "number" ? [usual, `${usual}px`] : [LEAST[column.kind] || LEAST.text, usual];
}

/** Are the values of a column numbers, which stand at the right? */
export function atRight(column) {
  return RIGHT.has(column.kind);
}

/** The class that gives the colour of a severity. */
export function levelOf(severity) {
  return `ll-of-${LEVELS.includes(severity) ? severity : "none"}`;
}

/** Does one look for the largest of a column first? */
export function largestFirst(column) {
  return !["text", "code", "change"].includes(column.kind);
}

export function sortable(column) {
  return column.kind !== "trend";
}

/** A length of time in ns, in its largest units: "2 d 4 h", "1.5 s", "12 ms". */
export function lasting(ns) {
  const sign = ns < 0 ? "−" : "";
  const n = Math.abs(ns);
  if (n >= 6e10) {
    const s = Math.round(n / 1e9);
    const parts = [[Math.floor(s / 86400), "d"], [Math.floor(s / 3600) % 24, "h"], [Math.floor(s / 60) % 60, "min"], [s % 60, "s"]];
    const first = parts.findIndex(([many]) => many);
    return sign + parts.slice(first, first + 2).filter(([many]) => many).map(([many, unit]) => `${number(many)} ${unit}`).join(" ");
  }
  const [width, unit] = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]].find(([below]) => n >= below) || [1, "ns"];
  return `${sign}${Number((n / width).toPrecision(3))} ${unit}`;
}

function size(bytes) {
  let [value, i] = [bytes, 0];
  while (value >= 999.5 && i < 4) { value /= 1000; i++; }
  return `${i === 0 || value >= 9.95 ? value.toFixed(0) : value.toFixed(1)} ${["B", "kB", "MB", "GB", "TB"][i]}`;
}

function part(share) {
  const percent = share * 100;
  if (!percent) return "0 %";
  if (percent < 0.1) return "<0.1 %";
  if (share < 1 && percent >= 99.5) return percent < 99.95 ? `${percent.toFixed(1)} %` : ">99.9 %";
  return `${percent.toFixed(percent < 9.95 ? 1 : 0)} %`;
}

function amount(n) {
  return Number.isInteger(n) || Math.abs(n) >= 1000 ? number(Math.round(n)) : String(Number(n.toPrecision(4)));
}

/** A value as text of one line; "" where there is none. */
export function said(column, value, zone) {
  if (value === null || value === undefined) return "";
  switch (column.kind) {
    case "number": case "errors": case "bar": return amount(value);
    case "bytes": return size(value);
    case "shift": return value > 0 ? "more" : "fewer";
    case "share": return part(value);
    case "duration": return lasting(value);
    case "time": { const at = clock(value, zone); return `${at.day} ${at.clock}${at.rest} ${zone}`; }
    case "words": return value.map(plain).join(", ");
    case "flag": return value ? column.head : "";
    case "trend": return `from ${number(value[0] || 0)} to ${number(value[value.length - 1] || 0)}, at most ${number(Math.max(0, ...value))}`;
    default: return plain(value);
  }
}

/** What a search looks into, in lower case. */
export function readable(column, value) {
  if (value === null || value === undefined || !["text", "code", "words", "severity", "change"].includes(column.kind)) return "";
  return (column.kind === "words" ? value.join("\n") : value).toLowerCase();
}

const order = new Intl.Collator("en", { numeric: true });

/** Compares two values that are there. */
export function compare(column, a, b) {
  switch (column.kind) {
    case "time": { const [x, y] = [BigInt(a), BigInt(b)]; return x < y ? -1 : x > y ? 1 : 0; }
    case "severity": return LEVELS.indexOf(a) - LEVELS.indexOf(b);
    case "words": return a.length - b.length || order.compare(a.join(), b.join());
    case "text": case "code": case "change": return order.compare(a, b);
    default: return Number(a) - Number(b);
  }
}

/** Text with a word marked in it. */
export function lit(text, word) {
  const [out, low] = [[], text.toLowerCase()];
  let at = 0;
  for (let found = word ? low.indexOf(word) : -1; found >= 0 && low.length === text.length; found = low.indexOf(word, at)) {
    out.push(text.slice(at, found), h("mark", {}, text.slice(found, found + word.length)));
    at = found + word.length;
  }
  return [...out, text.slice(at)].filter((piece) => piece !== "");
}

/** Fill a cell; `how` is {zone, word, most: the largest of the column, day: show the day of a time}. */
export function fill(cell, column, value, how) {
  cell.removeAttribute("title");
  if (value === null || value === undefined) return cell.replaceChildren(column.kind === "text" ? h("span", { class: "ll-none" }, "(none)") : "");
  const text = said(column, value, how.zone);
  const short = text.length > CUT ? `${text.slice(0, CUT)}…` : text;
  if (["text", "code", "words"].includes(column.kind)) cell.title = short;
  switch (column.kind) {
    case "severity": return cell.replaceChildren(plain(value).toUpperCase());
    case "number": case "errors": return cell.replaceChildren(value ? text : h("span", { class: "ll-soft" }, text));
    case "trend": cell.title = text; return cell.replaceChildren(trend(value), h("span", { class: "ll-unseen" }, text));
    case "bar": {
      const wide = how.most > 0 ? `${Math.max(2, (100 * value) / how.most)}%` : "0";
      return cell.replaceChildren(text, h("span", { class: "ll-fill", "aria-hidden": "true", style: { width: value ? wide : "0" } }));
    }
    case "time": {
      const at = clock(value, how.zone);
      cell.title = text;
      return cell.replaceChildren(how.day ? h("span", { class: "ll-soft" }, `${at.day.slice(5)} `) : "", at.clock.slice(0, 8));
    }
    case "flag": return cell.replaceChildren(value ? h("span", { class: "ll-pill" }, column.head) : "");
    case "change": return cell.replaceChildren(h("span", { class: `ll-pill ll-${MORE.has(value) ? "more" : FEWER.has(value) ? "fewer" : "once"}` }, plain(value)));
    case "shift": {
      const wide = Math.max(1, (50 * Math.min(FULL, Math.abs(value))) / FULL);
      return cell.replaceChildren(h("span", { class: `ll-shift ll-${value > 0 ? "more" : "fewer"}`, "aria-hidden": "true", style: { width: `${wide}%`, left: `${value > 0 ? 50 : 50 - wide}%` } }), h("span", { class: "ll-unseen" }, text));
    }
    case "words": return cell.replaceChildren(...value.slice(0, 20).flatMap((word, i) => [i ? h("span", { class: "ll-soft" }, ", ") : "", ...lit(plain(word).slice(0, CUT), how.word)]).filter((piece) => piece !== ""));
    default: return cell.replaceChildren(...lit(short, how.word));
  }
}

/** Numbers as small bars. */
function trend(values) {
  const [width, height] = [100, 18];
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of [["viewBox", `0 0 ${width} ${height}`], ["preserveAspectRatio", "none"], ["class", "ll-spark"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
  const most = Math.max(1e-9, ...values);
  const step = width / Math.max(1, values.length);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", values.map((n, i) => {
    const tall = n > 0 ? Math.max(1.5, (height * n) / most) : 0;
    return tall ? `M${(i * step).toFixed(2)} ${height}v${(-tall).toFixed(2)}h${(step * (step > 3 ? 0.8 : 1)).toFixed(2)}v${tall.toFixed(2)}z` : "";
  }).join(""));
  svg.append(path);
  return svg;
}
