import { createHash } from "node:crypto";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { readEpochMetadata } from "#workers/upload/read-epoch-metadata.ts";
import type { EpochMetadata } from "#protocol/epoch-format.ts";
import type { Source, TakeId, TrackId } from "#protocol/ids.ts";
import { takeLock } from "#protocol/sw-messages.ts";
import type { EpochRow, TrackRow } from "#protocol/take-manifest.ts";
import { openPlainBrowser } from "../../e2e/rig/browser.ts";
import type { Rig } from "./rig-page.ts";
import { serveRig, type ServedRig } from "./serve-rig.ts";

const run = promisify(execFile);

declare global {
  /** On the rig's page. */
  var rig: Rig;
}

/** For what comes at all: no goal, but the end of hope, on a machine that is slow and busy. */
export const PATIENCE_MS = 90_000;

export interface RigBrowser {
  newContext(): Promise<BrowserContext>;
  /** The rig's page, ready. Errors of the page fail the test that closes it. */
  open(context: BrowserContext): Promise<Page>;
  close(): Promise<void>;
}

/** @param root folder of the rig's page, when not this one; it imports this one's */
export async function startRig(root?: string): Promise<RigBrowser> {
  const served: ServedRig = await serveRig(root);
  const browser = await openPlainBrowser();
  return {
    newContext: async () => {
      const context = await browser.newContext();
      context.setDefaultTimeout(PATIENCE_MS);
      return context;
    },
    open: async (context) => {
      const page = await context.newPage();
      await page.goto(`${served.origin}/`);
      await page.waitForFunction(() => "rig" in globalThis);
      return page;
    },
    close: async () => {
      await browser.close();
      await served.close();
    },
  };
}

/** One epoch as it was kept: its row, its bytes, and what they say of themselves. */
export interface KeptEpoch {
  readonly row: EpochRow;
  readonly bytes: Buffer;
  readonly metadata: EpochMetadata;
}

export interface KeptTrack {
  readonly row: TrackRow;
  readonly epochs: readonly KeptEpoch[];
}

/** Reads a take back out of the page's journal and manifest, and checks what must hold for every one. */
export async function readTake(page: Page, take: TakeId): Promise<ReadonlyMap<Source, KeptTrack>> {
  const rows = await page.evaluate((id) => rig.rows(id), take);
  const kept = new Map<Source, KeptTrack>();
  for (const [at, row] of rows.tracks.entries()) {
    const epochs: KeptEpoch[] = [];
    for (const epoch of rows.epochs[at] ?? []) epochs.push(await readEpoch(page, take, row.track, epoch));
    kept.set(row.source, { row, epochs });
  }
  return kept;
}

async function readEpoch(page: Page, take: TakeId, track: TrackId, row: EpochRow): Promise<KeptEpoch> {
  const text = await page.evaluate(([t, k, seq]) => rig.epochBytes(t, k, seq), [take, track, row.seq] as const);
  const bytes = Buffer.from(text, "base64");
  const metadata = readEpochMetadata(bytes);
  if (metadata === undefined) throw new Error(`epoch ${row.seq} of ${track} does not say what it is`);
  return { row, bytes, metadata };
}

/** Waits until no page records the take any more: one that died lets go of its lock a moment later. */
export async function untilReleased(page: Page, take: TakeId): Promise<void> {
  const isHeld = (lock: string) =>
    page.evaluate(async (name) => (await navigator.locks.query()).held?.some((each) => each.name === name), lock);
  await expect.poll(() => isHeld(takeLock(take))).toBe(false);
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Decodes the epochs of one run with ffmpeg: how many frames come out. Any complaint of the decoder fails. */
export async function decodedFrames(epochs: readonly KeptEpoch[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "tapesync-decode-"));
  try {
    const file = join(folder, "run.mp4");
    await writeFile(file, Buffer.concat(epochs.map((epoch) => epoch.bytes)));
    const arguments_ = [
      "-v",
      "error",
      "-count_frames",
      "-show_entries",
      "stream=nb_read_frames",
      "-of",
      "csv=p=0",
      file,
    ];
    const { stdout, stderr } = await run("ffprobe", arguments_);
    if (stderr.trim() !== "") throw new Error(stderr);
    return Number(stdout.trim());
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
