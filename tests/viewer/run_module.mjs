// Runs a module of the page that needs no browser: `node run_module.mjs MODULE.ts FUNCTION`, a list of arguments and of answers as JSON on
// stdin and stdout. An argument {hex} becomes an ArrayBuffer, {call} is a list of arguments; typed columns come as arrays, an exception as {error, kind}.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const [, , source, name] = process.argv;
const typescript = createRequire(new URL("../../viewer/web/package.json", import.meta.url))("typescript");

function address(path) {
  const { outputText } = typescript.transpileModule(readFileSync(path, "utf8"), { compilerOptions: { module: "ESNext", target: "ES2022" } });
  const whole = outputText.replace(/from "(\.[^"]+)"/g, (_, other) => `from "${address(`${join(dirname(path), other)}.ts`)}"`);
  return `data:text/javascript;base64,${Buffer.from(whole).toString("base64")}`;
}

const module = await import(address(source));

// Where a mover is drawn: fixes are put in at their moments, then places are asked for.
function drive({ fixes, at }) {
  const motion = new module.Motion();
  for (const [mover, now_ms] of fixes) motion.put(mover, now_ms);
  return at.map((now_ms) => motion.placeOf(1, now_ms));
}

const answers = JSON.parse(readFileSync(0, "utf8")).map((given) => {
  try {
    if (given.call) return module[name](...given.call);
    return name === "drive" ? drive(given) : module[name](Uint8Array.from(Buffer.from(given.hex, "hex")).buffer);
  } catch (error) {
    return { error: error.message, kind: error.name };
  }
});
process.stdout.write(JSON.stringify(answers, (_, value) => (ArrayBuffer.isView(value) ? [...value] : value)));
