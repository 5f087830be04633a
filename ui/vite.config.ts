import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `trackrecord ui --port 8765 --no-browser` beside `npm run dev` gives hot reloading on real data.
const server = process.env.TRACKRECORD_URL ?? "http://127.0.0.1:8765";

export default defineConfig({
  base: "./",
  plugins: [react()],
  build: {
    outDir: "../src/trackrecord/server/_ui",
    emptyOutDir: true,
    sourcemap: false,
    // The first versions with `light-dark()`, which both themes are written in.
    target: ["chrome123", "firefox120", "safari17.5"],
    license: { fileName: "THIRD_PARTY_LICENSES.md" },
  },
  server: { host: "127.0.0.1", proxy: { "/api": { target: server, changeOrigin: true } } },
  worker: { format: "es" },
});
