// What lognb/static/stage.js needs of rrweb, as one module without imports; `npm run build` writes it.
export { Replayer } from "@rrweb/replay";
export { listen } from "./console.js";
