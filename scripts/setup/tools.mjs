import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { SetupError, step } from "./report.mjs";

const FONTS = "/usr/share/fonts";

/**
 * Programs that the tests and benchmarks use: which names they may have on PATH, the Debian packages that bring them,
 * and whether the command can do without.
 */
const TOOLS = {
  chromium: {
    programs: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    // Without any font Chromium draws no text, and text has no size.
    packages: () => ["chromium", ...(hasFont() ? [] : ["fonts-dejavu-core"])],
    override: "TAPESYNC_CHROMIUM",
  },
  ffmpeg: { programs: ["ffmpeg"], and: ["ffprobe"], packages: () => ["ffmpeg"] },
  xmllint: {
    programs: ["xmllint"],
    packages: () => ["libxml2-utils"],
    without: "the timeline is not checked against its DTD",
  },
  nft: {
    programs: ["nft"],
    and: ["ip", "tc"],
    packages: () => ["nftables", "iproute2"],
    without: "the call on bad networks is neither tested nor measured",
  },
  curl: { programs: ["curl"], packages: () => ["curl"], without: "uploads are not compared with curl" },
};

/**
 * Makes sure that the named tools are there; installs them with apt-get when that is possible.
 * @returns {{ env: Record<string, string> }} environment that tells programs where a tool is
 * @throws {SetupError} naming what to install, when a tool that the command needs is missing
 */
export function ensureTools(names) {
  let missing = names.filter((name) => !find(TOOLS[name]));
  if (missing.length > 0 && canInstall()) {
    install(missing.flatMap((name) => TOOLS[name].packages()));
    missing = names.filter((name) => !find(TOOLS[name]));
  }
  const needed = missing.filter((name) => !TOOLS[name].without);
  if (needed.length > 0) {
    const packages = needed.flatMap((name) => TOOLS[name].packages()).join(" ");
    throw new SetupError(
      `This command needs ${needed.join(" and ")}. Please install the package(s): ${packages}\n` +
        `On Debian or Ubuntu: sudo apt-get install ${packages}`,
    );
  }
  for (const name of missing) {
    step(`${name} is missing (package ${TOOLS[name].packages().join(" ")}): ${TOOLS[name].without}.`);
  }
  const env = {};
  if (names.includes("chromium")) env.TAPESYNC_CHROMIUM = find(TOOLS.chromium);
  return { env };
}

function find(tool) {
  const given = tool.override ? process.env[tool.override] : undefined;
  if (given && !isExecutable(given)) throw new SetupError(`${tool.override} names ${given}, which is not a program.`);
  if (given) return given;
  if ((tool.and ?? []).some((program) => !onPath(program))) return undefined;
  for (const program of tool.programs) {
    const found = onPath(program);
    if (found) return found;
  }
  return undefined;
}

function onPath(program) {
  for (const folder of (process.env.PATH ?? "").split(path.delimiter)) {
    const file = path.join(folder, program);
    if (folder !== "" && isExecutable(file)) return file;
  }
  return undefined;
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch (error) {
    if (["ENOENT", "EACCES", "ENOTDIR"].includes(error.code)) return false;
    throw error;
  }
}

function hasFont() {
  if (!existsSync(FONTS)) return false;
  return readdirSync(FONTS, { recursive: true }).some((name) => /\.(ttf|otf|ttc)$/.test(String(name)));
}

function canInstall() {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version") && onPath("apt-get") !== undefined;
}

function install(packages) {
  step(`Installing ${packages.join(" ")} with apt-get (a few minutes) …`);
  aptGet(["update"]);
  aptGet(["install", "--yes", "--no-install-recommends", ...packages]);
}

function aptGet(args) {
  const result = spawnSync("apt-get", ["-qq", ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  if (result.status === 0) return;
  throw new SetupError(`apt-get ${args.join(" ")} failed:\n${(result.stderr || String(result.error ?? "")).trim()}`);
}
