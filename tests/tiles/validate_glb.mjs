// Prints, as JSON, what Khronos' validator says of each glb named on the command line: {name: [{code, severity, message, pointer}]}.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, resolve } from "node:path";

const require = createRequire(resolve(import.meta.dirname, "../../viewer/web/package.json"));
const { validateBytes } = require("gltf-validator");
const said = {};
for (const file of process.argv.slice(2)) {
  const report = await validateBytes(new Uint8Array(readFileSync(file)), { maxIssues: 100 });
  said[basename(file)] = report.issues.messages;
}
process.stdout.write(JSON.stringify(said));
