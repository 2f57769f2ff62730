/** `npm run check`: format, lint, types, boundaries, unused code. Runs all of them, fails when one does. */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { ROOT } from "./studio/paths.ts";

const bin = (name: string) => path.join(ROOT, "node_modules/.bin", name);

const STEPS = [
  { name: "format", command: [bin("biome"), "format"] },
  { name: "lint", command: [bin("oxlint"), "--type-aware"] },
  { name: "types", command: [bin("tsc"), "-b"] },
  { name: "boundaries", command: [process.execPath, path.join(ROOT, "scripts/check-boundaries.ts")] },
  { name: "unused code", command: [bin("knip"), "--no-config-hints"] },
];

const failed: string[] = [];
for (const { name, command } of STEPS) {
  const [program = "", ...args] = command;
  const startedAt = performance.now();
  const result = spawnSync(program, args, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (result.error) console.error(result.error.message);
  if (result.status !== 0) failed.push(name);
  console.log(`${result.status === 0 ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
}
if (failed.length > 0) {
  console.error(`Check failed: ${failed.join(", ")}`);
  process.exitCode = 1;
}
