// A recording alone: the player, and its other half in Python.
import { h, notebook, plain } from "./common.js";
import { player } from "./player.js";

const TOLD = 250; // ms between two times that Python hears of while it plays

export function mount(el, port) {
  const root = h("div", { class: "rc" }), fault = h("p", { class: "rc-fault", role: "alert", hidden: true });
  el.append(root, fault);
  let made = null, sought = 0, told = 0, ended = false, rate = 1, skipping = false;

  const tell = (time, playing) => {
    if (playing && performance.now() - told < TOLD) return;
    told = performance.now();
    port.ask("at", { time, playing }).catch(failed);
  };
  const failed = (error) => {
    fault.textContent = plain(error.message);
    fault.hidden = false;
  };

  async function open() {
    const { recording } = await port.ask("recording", {});
    if (ended) return;
    const d = port.get("data");
    sought = d.seek ? d.seek.n : 0;
    made = player(root, {
      recording,
      load: async () => (await port.ask("player", {})).text,
      events: async (i) => (await port.ask("events", { i })).buffers[0],
      offset: d.offset, marks: d.marks, zone: d.zone, speed: d.speed, skipIdle: d.skip_idle, time: d.seek && d.seek.time,
    }, {
      time: tell,
      speed: (x) => {
        if (x !== rate && made) port.ask("speed", { x }).catch(failed);
        rate = x;
      },
      skipIdle: (on) => {
        if (on !== skipping && made) port.ask("skip_idle", { on }).catch(failed);
        skipping = on;
      },
    });
    made.ready.then(() => root.classList.add("rc-ready"));
  }
  open().catch(failed);

  const off = port.on("data", () => {
    const d = port.get("data");
    if (!made || !d) return;
    made.marks(d.marks);
    made.offset(d.offset);
    made.zone(d.zone);
    if (d.speed !== rate) made.speed(d.speed);
    if (d.skip_idle !== skipping) made.skipIdle(d.skip_idle);
    if (!d.seek || d.seek.n === sought) return;
    sought = d.seek.n;
    if (d.seek.time !== null) made.seek(d.seek.time);
    if (d.seek.play !== null) (d.seek.play ? made.play : made.pause)();
  });
  return () => {
    ended = true;
    off();
    made?.destroy();
  };
}

export default notebook(mount);
