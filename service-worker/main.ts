import { drainInBackground } from "./background-upload.ts";
import { serveAppShell } from "./precache.ts";
import { updateWhenAsked } from "./update-flow.ts";

serveAppShell();
updateWhenAsked();
drainInBackground();
