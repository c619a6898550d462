import { cpSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { defineConfig } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const output = join(here, "..", "static");
const engine = join(here, "node_modules", "@cesium", "engine");

// What CesiumJS asks for by URL: its workers, its decoders (Draco, KTX2), the earth's rotation; never pictures of the sky or the earth.
const engineFiles = {
  name: "engine-files",
  apply: "build",
  closeBundle() {
    for (const [from, to] of [
      ["Build/Workers", "Workers"],
      ["Source/Assets/approximateTerrainHeights.json", "Assets/approximateTerrainHeights.json"],
      ["Source/Assets/IAU2006_XYS", "Assets/IAU2006_XYS"],
      ["Source/ThirdParty/draco_decoder.wasm", "ThirdParty/draco_decoder.wasm"],
      ["Source/ThirdParty/basis_transcoder.wasm", "ThirdParty/basis_transcoder.wasm"],
    ]) {
      const source = join(engine, from);
      if (!existsSync(source)) throw new Error(`${source} is missing: run npm ci`);
      cpSync(source, join(output, "cesium", to), { recursive: true });
    }
  },
};

const REGISTERS = ["/assets", "/buildings", "/dispatches", "/drivers", "/energies", "/meters", "/people", "/posts", "/rooms", "/titles", "/units", "/vehicles", "/visits"];

const service = process.env.TWIN_SERVICE ?? "http://127.0.0.1:8000";

export default defineConfig({
  define: { CESIUM_BASE_URL: JSON.stringify("/cesium/") },
  build: { sourcemap: process.env.TWIN_SOURCEMAP === "1", outDir: output, assetsDir: "page", emptyOutDir: true, target: "es2022", assetsInlineLimit: 0, chunkSizeWarningLimit: 6000, modulePreload: { polyfill: false } },
  server: { proxy: Object.fromEntries(["/sites", "/tiles", "/session", "/records", "/search", "/inventory", "/requests", "/occupancy", "/what-if", "/energy", "/events", "/incidents", "/collections", "/spatial", "/sta", "/work-items", ...REGISTERS].map((path) => [path, service]).concat([["/live", { target: service, ws: true }]])) },
  plugins: [engineFiles],
});
