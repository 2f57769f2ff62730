import type { Source, TakeId, TrackId } from "#protocol/ids.ts";
import type { EpochRow, TakeRow, TrackRow } from "#protocol/take-manifest.ts";
import type { TakeUpload } from "#protocol/upload-rpc.ts";
import type { TakeRepo } from "../ports/take-repo.ts";
import { epochKey } from "./epoch-key.ts";
import { PLAN_ROWS } from "./limits.ts";
import type { Subject } from "./setback-book.ts";
import { stored } from "./setback.ts";
import type { TakePreparation } from "./take-preparation.ts";
import { uploadOrder } from "./upload-order.ts";

interface Work {
  /** Unique, and the same in every plan. */
  readonly key: string;
  readonly subject: Subject;
}

export type Job =
  | (Work & { readonly kind: "declare" })
  | (Work & { readonly kind: "epoch"; readonly epoch: EpochRow })
  | (Work & { readonly kind: "seal"; readonly track: TrackRow });

/** What has no receipt, or no seal. */
export interface WhatIsLeft {
  readonly epochs: number;
  readonly bytes: number;
  readonly tracks: number;
  readonly takes: readonly TakeUpload[];
}

export interface UploadPlan {
  readonly jobs: readonly Job[];
  readonly left: WhatIsLeft;
  readonly takes: ReadonlySet<TakeId>;
}

interface TakeParts {
  readonly take: TakeRow;
  readonly tracks: readonly TrackRow[];
  readonly epochs: readonly EpochRow[];
}

/** Reads the manifest and says what is to be done, in order: declarations, seals that are due, epochs. */
export async function makePlan(repo: TakeRepo, preparation: TakePreparation): Promise<UploadPlan> {
  const takes = await stored(() => repo.takes());
  const pending = await stored(() => repo.pending(PLAN_ROWS));
  const totals = await stored(() => repo.pendingTotals());
  const lost = preparation.lost();
  const epochs = new Map([...lost, ...pending].map((epoch) => [epochKey(epoch), epoch]));
  const parts: TakeParts[] = [];
  for (const take of takes) {
    const tracks = await stored(() => repo.tracks(take.take));
    parts.push({ take, tracks, epochs: [...epochs.values()].filter((epoch) => epoch.take === take.take) });
  }
  return {
    jobs: [
      ...parts.flatMap((part) => declarations(part, preparation)),
      ...parts.flatMap((part) => seals(part, preparation)),
      ...sends(parts),
    ],
    left: leftOf(parts, totals, lost),
    takes: new Set(takes.map(({ take }) => take)),
  };
}

/** A take is told to the server as soon as it has tracks, so that the room waits for them. */
function declarations({ take, tracks }: TakeParts, preparation: TakePreparation): Job[] {
  const due = tracks.some((track) => !track.sealed && !preparation.isTold(track));
  if (!due) return [];
  return [{ kind: "declare", key: `declare/${take.take}`, subject: { take: take.take, track: null, seq: null } }];
}

/**
 * Only of takes that have ended: while one records, another track may still come, and a take whose tracks are all
 * sealed counts as ended for the room.
 */
function seals({ take, tracks, epochs }: TakeParts, preparation: TakePreparation): Job[] {
  if (take.state === "recording" || !preparation.maySeal(take.take)) return [];
  return tracks
    .filter((track) => track.state !== "recording" && !track.sealed)
    .filter((track) => epochs.every((epoch) => epoch.track !== track.track))
    .map((track) => ({
      kind: "seal",
      key: `seal/${track.track}`,
      subject: { take: take.take, track: track.track, seq: null },
      track,
    }));
}

function sends(parts: readonly TakeParts[]): Job[] {
  const takes = new Map<TakeId, TakeRow>(parts.map(({ take }) => [take.take, take]));
  const tracks = parts.flatMap((part) => part.tracks);
  const sources = new Map<TrackId, Source>(tracks.map((track) => [track.track, track.source]));
  const epochs = parts.flatMap((part) => part.epochs);
  return uploadOrder(epochs, takes, sources).map((epoch) => ({
    kind: "epoch",
    key: epochKey(epoch),
    subject: { take: epoch.take, track: epoch.track, seq: epoch.seq },
    epoch,
  }));
}

/** The totals are the manifest's own: they also count rows that this version cannot read, so that nobody is told to leave. */
function leftOf(
  parts: readonly TakeParts[],
  totals: { readonly epochs: number; readonly bytes: number },
  lost: readonly EpochRow[],
): WhatIsLeft {
  const takes = parts
    .map(({ take, tracks, epochs }) => ({
      take: take.take,
      room: take.room,
      epochsLeft: epochs.length,
      bytesLeft: sum(epochs.map((epoch) => epoch.bytes)),
      tracksLeft: tracks.filter((track) => !track.sealed).length,
    }))
    .filter((take) => take.epochsLeft > 0 || take.tracksLeft > 0);
  return {
    epochs: totals.epochs + lost.length,
    bytes: totals.bytes + sum(lost.map((epoch) => epoch.bytes)),
    tracks: sum(takes.map((take) => take.tracksLeft)),
    takes,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
