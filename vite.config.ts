import { defineConfig } from "vite";
import { VitePWA } from "vite-plugin-pwa";
import solid from "vite-plugin-solid";

/** `bg` of src/ui/styles/tokens.css: what the window shows before the first paint. */
const BACKGROUND = "#101112";

export default defineConfig({
  plugins: [
    solid(),
    VitePWA({
      strategies: "injectManifest",
      // Named for its address, /sw.js.
      srcDir: "service-worker",
      filename: "sw.ts",
      // The page asks before it updates, and never during a take.
      registerType: "prompt",
      // No script of the plugin's in the page: the app registers the worker itself.
      injectRegister: false,
      injectManifest: {
        rollupFormat: "iife",
        sourcemap: false,
        // The whole app works offline, so lazy chunks and workers are kept too; pictures for shops are not.
        globPatterns: ["**/*.{js,css,html,svg,png,ico,woff2,wasm}"],
        globIgnores: ["screenshots/**", "sw.js"],
        maximumFileSizeToCacheInBytes: 6 * 1024 * 1024,
      },
      manifest: {
        id: "/",
        name: "Tapesync",
        short_name: "Tapesync",
        description: "Everybody is recorded on their own device, at full quality; the editor gets it all in sync.",
        lang: "en",
        dir: "ltr",
        start_url: "/",
        scope: "/",
        display: "standalone",
        orientation: "any",
        background_color: BACKGROUND,
        theme_color: BACKGROUND,
        categories: ["music", "photo", "productivity"],
        icons: [
          { src: "/icons/icon.svg", sizes: "any", type: "image/svg+xml", purpose: "any" },
          { src: "/icons/icon-192.png", sizes: "192x192", type: "image/png", purpose: "any" },
          { src: "/icons/icon-512.png", sizes: "512x512", type: "image/png", purpose: "any" },
          { src: "/icons/icon-maskable-512.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
        ],
        screenshots: [
          {
            src: "/screenshots/desktop.png",
            sizes: "1280x800",
            type: "image/png",
            form_factor: "wide",
            label: "A take with two people",
          },
          {
            src: "/screenshots/phone.png",
            sizes: "390x844",
            type: "image/png",
            form_factor: "narrow",
            label: "A guest's phone",
          },
        ],
      },
    }),
  ],
  worker: { format: "es" },
  build: {
    outDir: "dist/page",
    emptyOutDir: true,
    target: "es2022",
    sourcemap: false,
    // Nothing inline: the content security policy allows files of this origin alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
