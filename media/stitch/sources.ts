import type { Gap } from "#protocol/gaps.ts";
import type { Marker } from "#protocol/markers.ts";
import type { ParticipantId, RoomId, Sha256, Source, TakeId, TrackId } from "#protocol/ids.ts";

/** One epoch that may be there: on a server, in a journal, in a folder. */
export interface EpochSource {
  readonly seq: number;
  /** Known from a ledger or a manifest; `null`: only the hash chain says what it should be. */
  readonly sha256: Sha256 | null;
  /**
   * At least its metadata: the first `EPOCH_HEAD_BYTES`, or all.
   * @throws EpochError when it is known to be damaged; EpochMissing when it is not there. Anything else ends the job.
   */
  head(): Promise<Uint8Array>;
  /** All of its bytes. Throws as `head` does. */
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

/** The bytes of an epoch are not there and will not come. */
export class EpochMissing extends Error {
  override readonly name = "EpochMissing";
}

export interface TrackSources {
  readonly track: TrackId;
  readonly source: Source;
  /** The device's name; may be empty. */
  readonly label: string;
  /** Ascending by `seq`. */
  readonly epochs: readonly EpochSource[];
  /** How many there should be; `null` while nobody has said so. */
  readonly expected: number | null;
  readonly end: "closed" | "cut-short" | "unsealed";
  /** End of the last sample, µs since the track's zero; `null`: take it from the epochs. */
  readonly endUs: number | null;
  /** Gaps that the device declared when it closed the track, µs since the track's zero. */
  readonly gaps: readonly Gap[];
}

export interface ParticipantSources {
  readonly participant: ParticipantId | null;
  readonly name: string;
  readonly tracks: readonly TrackSources[];
}

/** A moment that somebody marked. `name`: of who has set it; empty when it is not known. */
export type TakeMarker = Pick<Marker, "marker" | "atUs" | "by" | "text"> & { readonly name: string };

/** A take, and where its epochs are. */
export interface TakeSources {
  readonly room: RoomId | null;
  readonly take: TakeId;
  readonly title: string;
  /** ms since the Unix epoch. */
  readonly startedMs: number;
  readonly participants: readonly ParticipantSources[];
  /** Known to the room alone: empty for a take from a journal or a folder. */
  readonly markers: readonly TakeMarker[];
}
