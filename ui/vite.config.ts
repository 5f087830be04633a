import react from "@vitejs/plugin-react";
import { appendFileSync, readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

const outDir = "../src/trackrecord/server/_ui";
const LICENSES = "THIRD_PARTY_LICENSES.md";

/** Vite lists the licences of bundled scripts; the font comes in through a style sheet, so its licence is added here. */
function fontLicense(): Plugin {
  return {
    name: "font-license",
    apply: "build",
    closeBundle() {
      const text = readFileSync("node_modules/@fontsource-variable/inter/LICENSE", "utf-8");
      appendFileSync(`${outDir}/${LICENSES}`, `\n## Inter, from @fontsource-variable/inter (OFL-1.1)\n\n${text}`);
    },
  };
}

// `trackrecord ui --port 8765 --no-browser` beside `npm run dev` gives hot reloading on real data.
const server = process.env.TRACKRECORD_URL ?? "http://127.0.0.1:8765";

export default defineConfig({
  base: "./",
  plugins: [react(), fontLicense()],
  build: {
    outDir,
    emptyOutDir: true,
    sourcemap: false,
    // The first versions with `light-dark()`, which both themes are written in.
    target: ["chrome123", "firefox120", "safari17.5"],
    license: { fileName: LICENSES },
  },
  server: { host: "127.0.0.1", proxy: { "/api": { target: server, changeOrigin: true } } },
  worker: { format: "es" },
});
