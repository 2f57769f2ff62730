import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { EPOCH_MAX_BYTES } from "#protocol/epoch-format.ts";
import { type ApiDevice, declare, joinAsHost } from "./parts/api-device.ts";
import { hashOf, makeClips, newPreparedTake } from "./parts/clips.ts";
import { curlPut, type Piece } from "./parts/curl-put.ts";
import { type HeldBack, uploadHeldBack } from "./parts/held-back.ts";
import { type PreparedClip, type PreparedTake, preparedEpochs } from "./parts/prepared-take.ts";
import { median, rounded } from "./parts/statistics.ts";
import { type BenchRun, inFreshBrowser } from "./parts/studio.ts";
import type { Report } from "./parts/table.ts";

/** 10 minutes at 720p30: about 340 MB. */
const SECONDS = 600;
const QUICK_SECONDS = 60;
const ROUNDS = 3;

interface Round {
  readonly page: HeldBack;
  /** Bytes per second. */
  readonly curlLarge: number;
  readonly curlSame: number;
}

/** Measure (c): what the page's engine uploads in a second, against curl with the same bytes and the same server. */
export async function benchUpload({ server, quick, say }: BenchRun): Promise<Report> {
  const seconds = quick ? QUICK_SECONDS : SECONDS;
  const clips = await makeClips();
  const folder = await mkdtemp(path.join(tmpdir(), "tapesync-bench-pieces-"));
  try {
    const pieces = await writePieces(folder, newPreparedTake(clips, seconds));
    const rounds: Round[] = [];
    for (let round = 1; round <= (quick ? 1 : ROUNDS); round += 1) {
      say(`round ${round}: curl in pieces of 16 MiB`);
      const curlLarge = await rateOfCurl(server.url, clips, pieces.large, pieces.bytes);
      say(`round ${round}: the page, ${seconds} s of media`);
      const page = await inFreshBrowser(server.url, (context) => uploadHeldBack(context, server.url, clips, seconds));
      say(`round ${round}: curl, one PUT per epoch`);
      const curlSame = await rateOfCurl(server.url, clips, pieces.epochs, pieces.bytes);
      rounds.push({ page, curlLarge, curlSame });
    }
    return report(rounds, pieces.bytes);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Pieces {
  readonly bytes: number;
  /** As large as the server takes. */
  readonly large: readonly Piece[];
  readonly epochs: readonly Piece[];
}

/** All epochs of a take as files, and the same bytes in as few pieces as the server takes. */
async function writePieces(folder: string, prepared: PreparedTake): Promise<Pieces> {
  const large: Piece[] = [];
  const epochs: Piece[] = [];
  let bytes = 0;
  let gathered: Uint8Array[] = [];
  let size = 0;
  const flush = async () => {
    large.push(await writePiece(folder, `large-${large.length}`, Buffer.concat(gathered)));
    gathered = [];
    size = 0;
  };
  for (const track of prepared.tracks) {
    for await (const epoch of preparedEpochs(prepared, track, async (data) => hashOf(data))) {
      if (size + epoch.bytes.byteLength > EPOCH_MAX_BYTES) await flush();
      gathered.push(epoch.bytes);
      size += epoch.bytes.byteLength;
      bytes += epoch.bytes.byteLength;
      epochs.push(await writePiece(folder, `epoch-${epochs.length}`, epoch.bytes));
    }
  }
  await flush();
  return { bytes, large, epochs };
}

async function writePiece(folder: string, name: string, bytes: Uint8Array): Promise<Piece> {
  const file = path.join(folder, name);
  await writeFile(file, bytes);
  return { file, sha256: hashOf(bytes) };
}

/** Into a track of its own, in a room of its own. */
async function rateOfCurl(
  origin: string,
  clips: readonly PreparedClip[],
  pieces: readonly Piece[],
  bytes: number,
): Promise<number> {
  const device: ApiDevice = await joinAsHost(origin);
  const prepared = newPreparedTake(clips, 1);
  await declare(device, prepared);
  const [first] = prepared.tracks;
  if (!first) throw new Error("a take without tracks");
  const ms = await curlPut(origin, device.access, { take: prepared.take, track: first.track }, pieces);
  return (bytes * 1000) / ms;
}

function report(rounds: readonly Round[], bytes: number): Report {
  const curl = median(rounds.map((round) => round.curlLarge));
  const row = (name: string, rate: number) => [name, rounded(rate / 1e6, 1), rounded(rate / curl, 2)];
  const launch = median(rounds.map(({ page }) => page.firstReceiptMs - page.launchedMs));
  return {
    key: "c",
    title: "Upload",
    columns: ["", "MB/s", "× curl"],
    rows: [
      row("curl, pieces of 16 MiB, one after the other", curl),
      row("curl, one PUT per epoch, one after the other", median(rounds.map((round) => round.curlSame))),
      row("the page's engine, one PUT per epoch", median(rounds.map(({ page }) => page.rate))),
    ],
    notes: [
      `${rounded(bytes / 1e6, 0)} MB in ${rounds[0]?.page.epochs} epochs; medians of ${rounds.length}. Target: at least 0.8 × curl.`,
      "The server takes at most 16 MiB in a PUT, so the one PUT is as few as can be, in one process over one connection.",
      `The page: from its first receipt to its last; the first came ${rounded(launch / 1000, 2)} s after the page's launch.`,
    ],
    details: rounds.map(({ page: { access: _access, ...page }, ...rest }) => ({ ...rest, page })),
  };
}
