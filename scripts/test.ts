/** `npm test`: every test, quick ones first; arguments go to vitest (`npm test -- tests/unit`). */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { ROOT } from "./studio/paths.ts";

const vitest = path.join(ROOT, "node_modules/vitest/vitest.mjs");
const result = spawnSync(process.execPath, [vitest, "run", ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: "inherit",
});
process.exitCode = result.status ?? 1;
