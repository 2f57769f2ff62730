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
  if (!installedByHand(root)) {
    step("Installing the packages of package-lock.json (a minute or two) …");
    // --include=dev: the page is built here, also where NODE_ENV says production.
    npm(["ci", "--include=dev"], { cwd: root, what: "Installing the packages" });
  }
  writeFileSync(stamp, wanted);
}

/** Native packages differ by platform, so a folder that is shared between two machines is installed anew. */
function lockDigest(root) {
  const lock = readFileSync(path.join(root, "package-lock.json"));
  return createHash("sha256").update(lock).update(`${process.platform} ${process.arch}`).digest("hex");
}

/**
 * Whether somebody has run npm since, so that the folder holds what the lock file says. npm writes down what it has
 * installed once it is done; optional packages, most of them for other platforms, may be missing there.
 */
function installedByHand(root) {
  const record = path.join(root, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const wanted = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(readFileSync(record, "utf8")).packages;
  const names = new Set([...Object.keys(wanted), ...Object.keys(installed)]);
  names.delete("");
  return [...names].every((name) => {
    if (!installed[name]) return wanted[name].optional === true;
    return wanted[name]?.integrity === installed[name].integrity && isForThisPlatform(installed[name]);
  });
}

function isForThisPlatform(entry) {
  const fits = (list, own) => !list || list.includes(own);
  return fits(entry.os, process.platform) && fits(entry.cpu, process.arch);
}
