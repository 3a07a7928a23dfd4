// The second wall around a recording, in the frame that shows it. The first is lognb/replay/sanitize.py, which takes out
// what could run or load; this one holds without it. The frame's sandbox runs no scripts, its policy loads nothing, and
// no element or attribute that could do either is made in it, nor what a policy does not know of: a connection ahead of
// need, a link.
import { Adopted } from "./adopt.js";

const NEVER = new Set(["script", "iframe", "frame", "frameset", "object", "embed", "applet", "portal", "fencedframe", "base", "meta", "template"]);
const HANDED = new Set(["src", "href", "xlink:href", "srcset", "imagesrcset", "poster", "background", "data", "lowsrc", "dynsrc", "longdesc", "cite",
  "codebase", "classid", "archive", "profile", "manifest", "icon", "usemap", "rrweb-original-src", "rrweb-original-srcset"]);
const DROPPED = new Set(["action", "formaction", "ping", "srcdoc", "target", "http-equiv", "nonce", "is", "attributionsrc", "autofocus"]);
const STILL = /^\s*(#|data:(image|font)\/|data:application\/(x-)?font)/i; // a picture in SVG runs nothing and loads nothing
const XHTML = "http://www.w3.org/1999/xhtml";
const REMOTE = /^\s*https?:\/\//i;

/** What the frame may load: pictures and fonts that are in the recording; with `remote` also those at other addresses. */
function policy(remote) {
  const there = remote ? " http: https:" : "";
  return `default-src 'none'; img-src data:${there}; font-src data:${there}; style-src 'unsafe-inline'${there}; form-action 'none'; base-uri 'none'`;
}

/** Whether an attribute may stand in the frame. */
function harmless(name, value, remote) {
  const key = String(name).toLowerCase(), text = String(value);
  if (key.startsWith("on") || DROPPED.has(key)) return false;
  if (key === "attributename") return !/href|src/i.test(text);
  if (!HANDED.has(key)) return true;
  return STILL.test(text) || (remote && (REMOTE.test(text) || key.endsWith("srcset")));
}

/**
 * Fence the empty frame of a Replayer in, before anything is built in it; `strict` where the page around lets no style in.
 * Gives {whole(): is the fence still there?, styles: Adopted where it is strict}.
 */
export function guard(frame, remote, strict) {
  const view = frame.contentWindow, doc = frame.contentDocument;
  const meta = doc.createElement("meta");
  meta.httpEquiv = "Content-Security-Policy";
  meta.content = policy(remote);
  doc.head.append(meta); // it binds the document from now on, also when it is written anew and the element is gone
  frame.tabIndex = -1;
  frame.inert = true; // no key reaches a link in it
  const element = view.Element.prototype, page = view.Document.prototype;
  const { setAttribute, setAttributeNS } = element, { createElement, createElementNS } = page;
  const styles = strict ? new Adopted(view) : null;
  const safe = (tag) => {
    const name = String(tag).toLowerCase().split(":").pop();
    return NEVER.has(name) || (name === "link" && !remote) ? "noscript" : tag;
  };
  const styled = (el, name, value) => {
    if (!styles || String(name).toLowerCase() !== "style" || !el.style) return false;
    el.style.cssText = value;
    return true;
  };
  // A picture at "#" would be the page around it.
  const itself = (el, name, value) => String(value).trim() === "#" && HANDED.has(String(name).toLowerCase()) && el.localName !== "a" && el.localName !== "area";
  element.setAttribute = function (name, value) {
    if (styled(this, name, value) || itself(this, name, value)) return;
    if (harmless(name, value, remote)) setAttribute.call(this, name, value);
    else if (name === "href" && (this.localName === "a" || this.localName === "area")) setAttribute.call(this, name, "#"); // it looks like a link
  };
  element.setAttributeNS = function (space, name, value) {
    if ((!space && styled(this, name, value)) || itself(this, name, value)) return;
    if (harmless(name, value, remote)) setAttributeNS.call(this, space, name, value);
  };
  const made = (make, tag, space) => (styles && /^([^:]*:)?style$/i.test(tag) ? styles.take(make, space) : make(safe(tag)));
  page.createElement = function (tag) { return made((name) => createElement.call(this, name), tag, XHTML); };
  page.createElementNS = function (space, tag) { return made((name) => createElementNS.call(this, space, name), tag, space); };
  return { styles, whole: () => frame.contentDocument === doc && view.Element.prototype === element };
}

/** Whether an event may be given to the Replayer: it makes fonts in the notebook's page, where the policy is another. */
export function allowed(data, remote) {
  if (data.source !== 10) return true;
  return data.buffer === true || /^\s*url\(\s*["']?data:[^)\\]*\)\s*$/i.test(String(data.fontSource)) || remote === true;
}
