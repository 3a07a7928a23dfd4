// Stands for the console in all of the bundle (esbuild's inject). A recording that does not fit together makes the
// Replayer say so, at times thousands of times; that is said in the widget, and is no error of the notebook.
let hear = () => {};

/** Give what is said to `fn(text)`, until the next one is given. */
export function listen(fn) {
  hear = fn;
}

const say = (...args) => hear(args.map((a) => (typeof a === "string" ? a : a instanceof Error ? a.message : "")).filter(Boolean).join(" "));

export const console = { log() {}, debug() {}, info() {}, warn: say, error: say };
