import type { Gap } from "#protocol/gaps.ts";
import type { SealTrack } from "#protocol/http-api.ts";
import type { EpochRow, TrackRow } from "#protocol/take-manifest.ts";
import { MAX_SEAL_GAPS, REPLY_STALL_MS } from "./limits.ts";
import type { Seats } from "./seats.ts";
import { stored, UploadSetback } from "./setback.ts";
import { type DeclaredTake, speakerOf, type TakePreparation } from "./take-preparation.ts";
import type { UploadPorts } from "./upload-ports.ts";

type SealPorts = Pick<UploadPorts, "repo" | "transport" | "journal">;

/** Closes a track on the server, once every epoch of it has a receipt and every track of its take is declared. */
export class TrackSeal {
  readonly #ports: SealPorts;
  readonly #seats: Seats;
  readonly #preparation: TakePreparation;

  constructor(ports: SealPorts, seats: Seats, preparation: TakePreparation) {
    this.#ports = ports;
    this.#seats = seats;
    this.#preparation = preparation;
  }

  /** @throws UploadSetback */
  async seal(declared: DeclaredTake, track: TrackRow, signal: AbortSignal): Promise<void> {
    const { repo, transport, journal } = this.#ports;
    const rows = await stored(() => repo.epochs(track.track));
    const body = sealOf(track, rows);
    if (this.#preparation.lost().some((row) => row.track === track.track)) {
      throw UploadSetback.epoch("server-error", "the server has lost epochs of the track; they are sent again first");
    }
    const answer = await this.#seats.authorised(
      speakerOf(declared, track.track),
      REPLY_STALL_MS,
      signal,
      (access, inner) => transport.seal(access, track, body, inner),
    );
    if (answer.kind === "missing") {
      await this.#preparation.missing(track.track, answer.ranges);
      throw UploadSetback.epoch("server-error", "the server misses epochs of the track; they are sent again first");
    }
    if (answer.kind === "refused") {
      throw this.#preparation.refused(answer, declared, "track");
    }
    await stored(() => repo.markSealed(track.track));
    journal.tell({ type: "take-changed", take: track.take });
  }
}

/** @throws UploadSetback `hole` when the rows are not 0…n−1; a wait when one of them has no receipt yet. */
function sealOf(track: TrackRow, rows: readonly EpochRow[]): SealTrack {
  const whole = rows.length === track.epochs && rows.every((row, index) => row.seq === index);
  if (!whole) {
    const detail = `the track says ${track.epochs} epochs, the manifest has ${rows.length}`;
    throw UploadSetback.givenUp("track", "hole", detail);
  }
  if (rows.some((row) => row.receiptMs === null)) throw UploadSetback.epoch("storage", "an epoch has no receipt yet");
  return {
    epochs: rows.length,
    chain: rows.at(-1)?.sha256 ?? null,
    end: track.state === "cut-short" ? "cut-short" : "closed",
    endUs: Math.max(track.endUs ?? 0, 0),
    gaps: fitGaps(track.gaps, MAX_SEAL_GAPS),
  };
}

/**
 * At most `most` gaps: the nearest neighbours become one. That declares more than is missing, never less; the epochs
 * themselves name each gap exactly.
 */
export function fitGaps(gaps: readonly Gap[], most: number): Gap[] {
  const sorted = gaps.toSorted((a, b) => a.fromUs - b.fromUs);
  const excess = sorted.length - most;
  if (excess <= 0) return sorted;
  const narrowest = sorted
    .slice(1)
    .map((gap, index) => ({ at: index + 1, between: gap.fromUs - (sorted[index]?.toUs ?? 0) }))
    .toSorted((a, b) => a.between - b.between)
    .slice(0, excess);
  const joined = new Set(narrowest.map(({ at }) => at));
  const fitted: Gap[] = [];
  for (const [index, gap] of sorted.entries()) {
    const before = fitted.at(-1);
    if (before && joined.has(index)) fitted[fitted.length - 1] = { ...before, toUs: Math.max(before.toUs, gap.toUs) };
    else fitted.push(gap);
  }
  return fitted;
}
