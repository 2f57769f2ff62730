/** `npm run dev`: the studio with hot reload of the page, the backend and the render service. Ends with Ctrl-C. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createServer } from "vite";
import { bundleBackend, watchBackend } from "./studio/backend-bundle.ts";
import { ROOT } from "./studio/paths.ts";
import { claimPort } from "./studio/ports.ts";
import { runMain } from "./studio/plain-error.ts";
import { readSettings } from "./studio/settings.ts";
import { untilAskedToStop } from "./studio/stop-signals.ts";
import { startStudio } from "./studio/studio.ts";

await runMain(async () => {
  const asked = untilAskedToStop();
  const settings = readSettings(process.env);
  const port = await claimPort(settings.host, settings.port);
  const studio = await startStudio(
    { ...settings, host: "127.0.0.1", port: 0 },
    { source: await bundleBackend(), pageDir: placeholderPage(), watch: true },
  );
  const stopWatching = await watchBackend(reloader((source) => studio.backend.reload(source)));
  const page = await createServer({
    root: ROOT,
    server: {
      host: settings.host,
      port,
      strictPort: true,
      // The backend compares a page's Origin with the Host it is asked under, so that must stay the page's.
      proxy: { "/api": { target: studio.backend.url, ws: true, changeOrigin: false } },
    },
  });
  await page.listen();
  console.log(`Tapesync is ready at http://localhost:${port}`);
  await asked;
  await page.close();
  await stopWatching();
  await studio.stop();
  process.exit();
});

/** Vite serves the page; the backend's own assets are only there because it has the binding. */
function placeholderPage(): string {
  const folder = path.join(ROOT, "dist/dev-page");
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "index.html"), "<!doctype html><title>Tapesync</title>\n");
  return folder;
}

/** One reload at a time; the first bundle is the one that runs already. */
function reloader(reload: (source: string) => Promise<void>): (source: string) => void {
  let running: string | undefined;
  let last = Promise.resolve();
  return (source) => {
    const isFirst = running === undefined;
    if (source === running) return;
    running = source;
    if (isFirst) return;
    last = last
      .then(() => reload(source))
      .then(
        () => console.log("[backend] reloaded"),
        (error: unknown) => console.error("[backend] did not reload:", error),
      );
  };
}
