// Stacked bars on a canvas.

/**
 * Paint one bar for each bucket of `d`, its series from the bottom up, into `area`; `tall` is the height of a number.
 * Gives the bucket that each column shows: where there are more buckets than pixels, the highest of those in it.
 */
export function bars(g, { d, area, totals, value, tall, dpr, ink, colour }) {
  const { left, bottom, width } = area, slots = Math.min(d.buckets, Math.max(1, Math.floor(width * dpr)));
  const columns = Array.from({ length: slots }, (_, c) => {
    const from = Math.floor((c * d.buckets) / slots), to = Math.max(from + 1, Math.floor(((c + 1) * d.buckets) / slots));
    let best = from;
    for (let i = from + 1; i < to; i++) if (totals[i] > totals[best]) best = i;
    return best;
  });
  const gap = width / slots > 3 ? 1 : 0, heights = new Float64Array(slots);
  const snap = (at) => Math.round(at * dpr) / dpr;
  const xs = Array.from({ length: slots + 1 }, (_, c) => snap(left + (c * width) / slots));
  // On a log scale the height is that of the sum, and the parts share it by their own logarithms.
  const weight = (n) => (d.log ? Math.log1p(n) : n);
  const wholes = columns.map((i) => d.series.reduce((sum, _, s) => sum + weight(value(i, s)), 0));
  d.series.forEach((series, s) => {
    g.fillStyle = ink(colour(s));
    g.globalAlpha = series.level ? 1 : 0.85;
    columns.forEach((i, c) => {
      const n = value(i, s);
      if (!n) return;
      const part = Math.max(1, (tall(totals[i]) * weight(n)) / wholes[c]);  // one among thousands shows
      // Whole pixels, else the page would shine through where two parts meet.
      const low = snap(bottom - heights[c]), high = snap(bottom - heights[c] - part);
      g.fillRect(xs[c], high, Math.max(1 / dpr, xs[c + 1] - xs[c] - gap), low - high);
      heights[c] += part;
    });
  });
  g.globalAlpha = 1;
  (d.partial || []).forEach((cut, last) => {
    const c = last ? slots - 1 : 0;
    if (cut && slots === d.buckets) hatch(g, xs[c], xs[c + 1] - xs[c] - gap, bottom - heights[c], bottom, ink("--ln-bg"));
  });
  return columns;
}

function hatch(g, x, width, top, bottom, ink) {
  g.save();
  g.beginPath();
  g.rect(x, top, width, bottom - top);
  g.clip();
  g.beginPath();
  for (let y = bottom + width; y > top - width; y -= 4) {
    g.moveTo(x - 1, y + 1);
    g.lineTo(x + width + 1, y - width - 1);
  }
  g.strokeStyle = ink;
  g.lineWidth = 1.5;
  g.stroke();
  g.restore();
}
