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

// How long a line waits before it is opened again, after each end of it by a code; something was heard by it before.
function waits({ codes }) {
  const waited = [];
  let socket, again;
  Object.assign(globalThis, { location: { href: "http://x/" }, setInterval: () => 0, setTimeout: (act, ms) => { again = act; waited.push(ms); } });
  globalThis.WebSocket = class {
    heard = {};
    constructor() { socket = this; }
    addEventListener(name, act) { this.heard[name] = act; }
    close() {}
  };
  Math.random = () => 0.5;
  const nothing = () => undefined;
  const feed = new module.Feed({ opened: nothing, frame: nothing, names: nothing, states: nothing, line: nothing, problem: nothing });
  feed.ask({ site: "s", bbox: null });
  for (const code of codes) {
    socket.heard.message({ data: JSON.stringify({ type: "problem", title: "t" }) });
    socket.heard.close({ code });
    again();
  }
  return waited;
}

const answers = JSON.parse(readFileSync(0, "utf8")).map((given) => {
  try {
    if (given.call) return module[name](...given.call);
    if (name === "waits") return waits(given);
    return name === "drive" ? drive(given) : module[name](Uint8Array.from(Buffer.from(given.hex, "hex")).buffer);
  } catch (error) {
    return { error: error.message, kind: error.name };
  }
});
process.stdout.write(JSON.stringify(answers, (_, value) => (ArrayBuffer.isView(value) ? [...value] : value)));
