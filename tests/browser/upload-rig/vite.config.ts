import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { VitePWA } from "vite-plugin-pwa";

/** The app's own service worker, around the rig's page. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [
    VitePWA({
      strategies: "injectManifest",
      srcDir: "../../../service-worker",
      filename: "sw.ts",
      registerType: "prompt",
      injectRegister: false,
      injectManifest: { rollupFormat: "iife", globPatterns: ["**/*.{js,html}"], globIgnores: ["sw.js"] },
      manifest: false,
    }),
  ],
  worker: { format: "es" },
  build: { target: "es2022", minify: false },
});
