import { spawnSync } from "node:child_process";
import { SetupError } from "./report.mjs";

/** Runs npm without its chatter; what it says on an error is shown. */
export function npm(args, { cwd, what }) {
  const all = [...args, "--no-audit", "--no-fund", "--no-progress", "--loglevel=error"];
  const result = spawnSync("npm", all, {
    cwd,
    env: process.env,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (result.status === 0) return;
  const why = result.error ? result.error.message : `${result.stdout ?? ""}${result.stderr ?? ""}`.trim();
  throw new SetupError(`${what} failed: npm ${args.join(" ")}\n${why}`);
}
