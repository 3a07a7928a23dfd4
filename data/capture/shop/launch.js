// Run the bundled front as if it were installed in /srv/shop, for the reason that launch.py gives.
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { Script, constants } = require("node:vm");

const [bundle] = process.argv.slice(2);
const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(bundle, "utf-8")}\n})`;
const module_ = { exports: {} };
const options = {
  filename: "/srv/shop/front.js",
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER, // the exporter imports node:http when first used
};
new Script(source, options).runInThisContext()(
  module_.exports,
  createRequire(bundle),
  module_,
  "/srv/shop/front.js",
  "/srv/shop",
);
