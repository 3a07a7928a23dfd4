// The styles of a recorded page, made ready for it to be played: what is under the recorded mouse has the class ":hover",
// since the mouse of whoever looks is elsewhere. rrweb does this with a whole parser, 0.3 s for 1 MB in one task; it
// keeps what it made, so what stands there already is not made again.

const TOKEN = /"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|\/\*[\s\S]*?\*\/|[{};]/g;

/** Each rule for :hover also for the class; rules for the size of the device ask for the size of the page. */
export function hovered(css) {
  let made = "", copied = 0, start = 0;
  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(css); found; found = TOKEN.exec(css)) {
    const sign = found[0];
    if (sign === "{") {
      const head = css.slice(start, found.index), after = replaced(head);
      if (after !== head) {
        made += css.slice(copied, start) + after;
        copied = found.index;
      }
    }
    if (sign === "{" || sign === "}" || sign === ";") start = found.index + 1;
  }
  return made + css.slice(copied);
}

function replaced(head) {
  const bare = head.trimStart();
  if (bare.startsWith("@")) return /^@media/i.test(bare) ? head.replace(/\b(min|max)-device-(width|height)\b/g, "$1-$2") : head;
  return head.includes(":hover") ? `${head.trimEnd()}, ${head.replaceAll(":hover", ".\\:hover").trim()} ` : head;
}

/** Put all styles of a node and of what is in it into `cache`, where rrweb looks first. */
export function prepare(node, cache) {
  const waiting = [node];
  while (waiting.length) {
    const one = waiting.pop();
    const css = one.isStyle ? one.textContent : one.attributes?._cssText;
    if (typeof css === "string") keep(css, cache);
    if (Array.isArray(one.childNodes)) for (const child of one.childNodes) waiting.push(child);
  }
}

function keep(css, cache) {
  const text = css.split("/* rr_split */").join(""); // where rrweb notes the ends of a sheet's text nodes
  if (!cache.has(text)) cache.set(text, hovered(text));
}

/** The same for what a mutation brings. */
export function prepareMutation({ adds, attributes }, cache) {
  for (const add of Array.isArray(adds) ? adds : []) if (add.node) prepare(add.node, cache);
  for (const { attributes: given } of Array.isArray(attributes) ? attributes : []) if (typeof given?._cssText === "string") keep(given._cssText, cache);
}
