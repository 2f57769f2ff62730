import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { npm } from "./npm.mjs";
import { step } from "./report.mjs";

/** Runs TypeScript files without a flag since 22.18; workerd's tools ask for 22.12. */
const OLDEST = [22, 18];
/** Comes as an npm package, so that a machine that can install this project can also get it. */
const FETCHED = "24.21.0";

/**
 * Makes sure that a Node which is new enough exists and is the first on PATH.
 * @returns {Promise<string>} path of the node executable to use
 */
export async function ensureNode(root) {
  if (isNewEnough(process.versions.node)) return process.execPath;
  const folder = path.join(root, ".node");
  const bin = path.join(folder, "bin");
  const executable = path.join(bin, process.platform === "win32" ? "node.exe" : "node");
  if (!works(executable)) {
    step(`Node ${process.versions.node} is too old here; fetching Node ${FETCHED} into .node/ …`);
    fetchNode(folder, bin);
  }
  process.env.PATH = `${bin}${path.delimiter}${process.env.PATH ?? ""}`;
  return executable;
}

function fetchNode(folder, bin) {
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "package.json"), '{ "private": true }\n');
  npm(["install", "--prefix", folder, "--no-save", "--no-package-lock", "--global=false", `${name}@${FETCHED}`], {
    cwd: folder,
    what: `Fetching Node ${FETCHED}`,
  });
  if (!existsSync(bin)) symlinkSync(path.join("node_modules", name, "bin"), bin, "junction");
}

function works(executable) {
  if (!existsSync(executable)) return false;
  const asked = spawnSync(executable, ["--version"], { encoding: "utf8" });
  return asked.status === 0 && asked.stdout.trim() === `v${FETCHED}`;
}

function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}
