import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { npm } from "./npm.mjs";
import { step } from "./report.mjs";

/** Installs the packages of package-lock.json, unless exactly these are there already. */
export async function ensurePackages(root) {
  const stamp = path.join(root, "node_modules", ".tapesync-stamp");
  const wanted = lockDigest(root);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  step("Installing the packages of package-lock.json (a minute or two) …");
  // --include=dev: the page is built here, also where NODE_ENV says production.
  npm(["ci", "--include=dev"], { cwd: root, what: "Installing the packages" });
  writeFileSync(stamp, wanted);
}

/** Native packages differ by platform, so a folder that is shared between two machines is installed anew. */
function lockDigest(root) {
  const lock = readFileSync(path.join(root, "package-lock.json"));
  return createHash("sha256").update(lock).update(`${process.platform} ${process.arch}`).digest("hex");
}
