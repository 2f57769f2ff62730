/** `npm start`: the whole studio on one machine, serving the production page. Ends with Ctrl-C. */
import { bundleBackend } from "./studio/backend-bundle.ts";
import { ensurePage } from "./studio/page-build.ts";
import { PAGE_DIR } from "./studio/paths.ts";
import { runMain } from "./studio/plain-error.ts";
import { readSettings } from "./studio/settings.ts";
import { untilAskedToStop } from "./studio/stop-signals.ts";
import { startStudio } from "./studio/studio.ts";

await runMain(async () => {
  const asked = untilAskedToStop();
  const settings = readSettings(process.env);
  ensurePage();
  const source = await bundleBackend();
  const studio = await startStudio(settings, { source, pageDir: PAGE_DIR, watch: false });
  console.log(`Tapesync is ready at http://localhost:${studio.port}`);
  await asked;
  await studio.stop();
  // Something that still holds the event loop must not keep the terminal.
  process.exit();
});
