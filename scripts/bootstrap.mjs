#!/usr/bin/env node
/**
 * The door to every command: sets up what the command needs, then becomes it. Plain JavaScript without a dependency,
 * because nothing is installed yet when it starts; runs on Node 18 and newer. Silent when there is nothing to do.
 *
 * Usage: node scripts/bootstrap.mjs start|dev|test|check|demux|bench [arguments]
 */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { withSetupLock } from "./setup/lock.mjs";
import { ensureNode } from "./setup/node.mjs";
import { ensurePackages } from "./setup/packages.mjs";
import { SetupError } from "./setup/report.mjs";
import { runCommand } from "./setup/run.mjs";
import { ensureTools } from "./setup/tools.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

/**
 * What runs, what it needs beside Node and the packages, and whether it works in the folder the person stands in
 * (npm changes to the repository's and leaves the person's in INIT_CWD). `tethered` programs start processes of their own and end with this one.
 */
const COMMANDS = {
  start: { program: "scripts/start.ts", tools: [], tethered: true },
  dev: { program: "scripts/dev.ts", tools: [], tethered: true },
  check: { program: "scripts/check.ts", tools: [] },
  demux: { program: "container/demux-cli.ts", tools: [], inCallersFolder: true },
  test: { program: "scripts/test.ts", tools: ["chromium", "ffmpeg", "xmllint", "nft"] },
  bench: { program: "bench/main.ts", tools: ["chromium", "ffmpeg", "curl", "nft"] },
};

async function main() {
  const [name, ...args] = process.argv.slice(2);
  const command = COMMANDS[name];
  if (!command) throw new SetupError(`Usage: npm run ${Object.keys(COMMANDS).join("|")}`);

  const tools = await withSetupLock(root, async () => {
    const node = await ensureNode(root);
    await ensurePackages(root);
    return { node, ...ensureTools(command.tools) };
  });
  return runCommand({
    node: tools.node,
    program: path.join(root, command.program),
    args,
    cwd: command.inCallersFolder ? (process.env.INIT_CWD ?? process.cwd()) : root,
    env: tools.env,
    tethered: command.tethered === true,
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
