import { spawnSync } from "node:child_process";
import { createHash, type Hash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { PAGE_DIR, ROOT } from "./paths.ts";
import { PlainError } from "./plain-error.ts";

/** Everything that ends up in the page, and what decides how it is built. */
const SOURCES = [
  "index.html",
  "media",
  "package-lock.json",
  "package.json",
  "protocol",
  "public",
  "service-worker",
  "src",
  "vite.config.ts",
  "workers",
];

/** Beside the page, not in it: it is not for the public. */
const STAMP = path.join(PAGE_DIR, "../page.stamp");

/**
 * Builds the production page into dist/page, unless it was built from exactly these sources.
 * @throws {PlainError} with the builder's output, when the page does not build
 */
export function ensurePage(): void {
  const wanted = sourceDigest();
  if (existsSync(path.join(PAGE_DIR, "index.html")) && existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted)
    return;
  console.log("Building the page …");
  const vite = path.join(ROOT, "node_modules/vite/bin/vite.js");
  const result = spawnSync(process.execPath, [vite, "build", "--logLevel", "warn"], {
    cwd: ROOT,
    encoding: "utf8",
    // A test runner's NODE_ENV must not end up in the page.
    env: { ...process.env, NODE_ENV: "production" },
  });
  if (result.status !== 0) throw new PlainError(`The page does not build:\n${result.stdout}${result.stderr}`);
  writeFileSync(STAMP, wanted);
}

function sourceDigest(): string {
  const hash = createHash("sha256");
  for (const name of SOURCES) addToDigest(hash, name);
  return hash.digest("hex");
}

function addToDigest(hash: Hash, name: string): void {
  const file = path.join(ROOT, name);
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) return;
  hash.update(`${name}\0`);
  if (!found.isDirectory()) {
    hash.update(readFileSync(file)).update("\0");
    return;
  }
  for (const entry of readdirSync(file).sort()) addToDigest(hash, `${name}/${entry}`);
}
