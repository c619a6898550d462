// Runs a module of the page that imports nothing: `node run_module.mjs MODULE.ts FUNCTION`, arguments and answer as JSON on stdin and stdout.
// Bytes come as {hex}, typed columns go as arrays, an exception as {error}.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [, , source, name] = process.argv;
const typescript = createRequire(new URL("../../viewer/web/package.json", import.meta.url))("typescript");
const { outputText } = typescript.transpileModule(readFileSync(source, "utf8"), { compilerOptions: { module: "ESNext", target: "ES2022" } });
const module = await import(`data:text/javascript;base64,${Buffer.from(outputText).toString("base64")}`);
const answers = JSON.parse(readFileSync(0, "utf8")).map((given) => {
  const data = Uint8Array.from(Buffer.from(given.hex, "hex"));
  try {
    return module[name](data.buffer);
  } catch (error) {
    return { error: error.message, kind: error.name };
  }
});
process.stdout.write(JSON.stringify(answers, (_, value) => (ArrayBuffer.isView(value) ? [...value] : value)));
