import type { TakeId } from "#protocol/ids.ts";
import type { UploadState } from "#protocol/upload-rpc.ts";
import type { DeviceTake } from "./device-takes.ts";
import { isAlone } from "./take-titles.ts";

/**
 * Where a take of this device stands with the server. `safe` only by the manifest: every epoch has a receipt and no
 * more can come. `local`: no server knows of it. `waiting`: some of it has no receipt and nothing moves.
 */
export type TakeStanding = "recording" | "empty" | "safe" | "local" | "uploading" | "waiting";

export function standingOf(take: DeviceTake, uploads: UploadState): TakeStanding {
  if (take.row.state === "recording") return "recording";
  if (take.totals.epochs === 0) return "empty";
  if (take.totals.pendingEpochs === 0) return "safe";
  if (take.row.room === null && isAlone(take.row)) return "local";
  return moves(take.row.take, uploads) ? "uploading" : "waiting";
}

/** The engine drains, and has not given this take up. */
function moves(take: TakeId, uploads: UploadState): boolean {
  if (uploads.phase !== "draining") return false;
  return !uploads.problems.some((problem) => problem.take === take && problem.track === null);
}
