import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as v from "valibot";
import { afterAll, describe, expect, it } from "vitest";
import { deliveryManifest } from "#protocol/delivery-manifest.ts";
import { makeClip, temporaryFolder, removeFolders } from "../unit/media/clips.ts";
import { sha256Hex } from "../unit/media/probe.ts";
import { flipBit, makePage, record, type Tape } from "../unit/media/tapes.ts";

afterAll(removeFolders);

const CLI = resolve(import.meta.dirname, "../../container/demux-cli.ts");

function demux(...args: string[]) {
  const run = spawnSync(process.execPath, [CLI, ...args], { encoding: "utf8" });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

/** Epochs under names and in folders that say nothing, with other files between them. */
function scatter(folder: string, tapes: readonly Tape[]): string[] {
  const paths: string[] = [];
  for (const [index, tape] of tapes.entries()) {
    const into = join(folder, `stick ${index}`, "deep");
    mkdirSync(into, { recursive: true });
    for (const epoch of tape.epochs) {
      const path = join(into, `${(epoch.seq * 7919) % 1000}.bin`);
      writeFileSync(path, epoch.bytes);
      paths.push(path);
    }
  }
  writeFileSync(join(folder, "notes.txt"), "not an epoch");
  return paths;
}

async function twoPeople(): Promise<Tape[]> {
  const tapes: Tape[] = [];
  for (const name of ["Alice", "Bob"]) {
    const base = { page: makePage(), name, seconds: 6, fromUs: 0 };
    tapes.push(await record({ ...base, clip: await makeClip("avc", { seconds: 2 }), source: "camera" }));
    tapes.push(await record({ ...base, clip: await makeClip("opus", { seconds: 2 }), source: "microphone" }));
  }
  return tapes;
}

const manifestOf = (folder: string) =>
  v.parse(deliveryManifest, JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")));

describe("npm run demux", () => {
  it("[DM23] makes the delivery from scattered files whose names say nothing", async () => {
    const folder = temporaryFolder();
    scatter(folder, await twoPeople());
    const out = join(temporaryFolder(), "made", "here");
    expect(demux(folder, "--out", out)).toMatchObject({ code: 0, err: "" });
    expect(readdirSync(out).sort()).toEqual(["Alice.mkv", "Bob.mkv", "SHA256SUMS", "manifest.json", "timeline.fcpxml"]);
    for (const line of readFileSync(join(out, "SHA256SUMS"), "utf8").trim().split("\n")) {
      const [sha256 = "", name = ""] = line.split("  ");
      expect(sha256Hex(readFileSync(join(out, name))), name).toBe(sha256);
    }
    expect(manifestOf(out).participants.map((person) => person.tracks.map((track) => track.samples))).toEqual([
      [180, 300],
      [180, 300],
    ]);
  });

  it("[DM23] tells of damaged and missing pieces, delivers the rest, and ends with 1", async () => {
    const folder = temporaryFolder();
    const tapes = await twoPeople();
    const paths = scatter(folder, tapes);
    const damaged = tapes[0]?.epochs[1]?.bytes ?? new Uint8Array();
    writeFileSync(paths[1] ?? "", flipBit(damaged));
    const out = temporaryFolder();
    const run = demux(folder, "--out", out);
    expect(run.code).toBe(1);
    expect(run.err).toMatch(/Alice, camera: 2\.00 s to 4\.00 s is damaged\./);
    expect(manifestOf(out).participants[0]?.tracks[0]?.gaps.map((gap) => gap.reason)).toEqual(["corrupt-epoch"]);
  });

  it("[DM23] plain words for what cannot be done", () => {
    expect(demux()).toMatchObject({ code: 64, err: expect.stringContaining("npm run demux") });
    expect(demux("--nonsense")).toMatchObject({ code: 64 });
    expect(demux("/nowhere/at/all")).toMatchObject({ code: 2, err: expect.stringContaining("There is no folder") });
    const empty = temporaryFolder();
    writeFileSync(join(empty, "a.txt"), "x");
    expect(demux(empty)).toMatchObject({ code: 2, err: expect.stringContaining("No epochs") });
  });
});
