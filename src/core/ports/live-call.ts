import type { CallState, CallTrack, Rid } from "#protocol/call.ts";
import type { ParticipantId, Source } from "#protocol/ids.ts";

/** What the call needs of a media track; a `MediaStreamTrack` in the page. */
export interface CallMedia {
  readonly id: string;
}

/** What this device sends of one source: the device's own track, or silence and black while it is off. */
export type Sent<Media> = Media | "nothing";

/** Somebody else's published tracks, from the room's state. */
export interface Publisher {
  readonly participant: ParticipantId;
  readonly tracks: readonly CallTrack[];
}

/** One picture that the page shows. Widths in device px: CSS px × pixel ratio. */
export interface ShownPicture {
  readonly participant: ParticipantId;
  readonly source: Extract<Source, "camera" | "screen">;
  readonly width: number;
}

/** How one participant arrives, over the last seconds. */
export interface InboundQuality {
  /** 0…1. */
  readonly loss: number;
  readonly jitterMs: number;
  /** Nothing has arrived for more than 2 s though something was published. */
  readonly silent: boolean;
}

/** A picture or a sound of somebody else. */
export interface Received<Media> {
  readonly participant: ParticipantId;
  readonly source: Source;
  readonly media: Media;
  /** The layer that was last asked for; `null` for tracks with one encoding. */
  readonly layer: Rid | null;
}

export interface LiveCallState<Media> {
  readonly state: "off" | "connecting" | "connected" | "reconnecting";
  /** The first offer is on its way: until then a page that is busy holds everybody up. */
  readonly hasOffered: boolean;
  /** What the others may pull now: to be told to the room. */
  readonly published: CallState["tracks"];
  /** Pictures and sounds. The call plays the sounds itself. */
  readonly received: readonly Received<Media>[];
  readonly quality: ReadonlyMap<ParticipantId, InboundQuality>;
  /** Of this device to the SFU; `null` while unknown. */
  readonly roundTripMs: number | null;
  /** What the network takes beside the call, bytes/s; `null`: nothing is known, or nothing limits. For the upload's pace. */
  readonly uploadBytesPerSecond: number | null;
  /** The browser plays no sound before the person presses something. */
  readonly soundBlocked: boolean;
}

export interface LiveCallEvents<Media> {
  changed(state: LiveCallState<Media>): void;
  /** 0…1 by participant, oneself included; at most 10 times a second. */
  levels(levels: ReadonlyMap<ParticipantId, number>): void;
  failed(error: unknown): void;
}

/**
 * The live call of this device: publishes what is sent, pulls what is shown, heals by itself. It never touches a take: it takes
 * clones of the device's tracks, and whatever it throws goes to `failed`.
 */
export interface LiveCall<Media extends CallMedia> {
  readonly state: LiveCallState<Media>;
  start(): void;
  /** `undefined`: this source is not part of the call (no camera at all, screen not shared). */
  send(source: Source, sent: Sent<Media> | undefined): void;
  /** The whole list each time; those that are not in it any more are let go of. Sound of all of them is pulled. */
  follow(publishers: readonly Publisher[]): void;
  /** The whole list each time. At most six cameras are pulled, the first ones; shared screens beside them. */
  show(pictures: readonly ShownPicture[]): void;
  /** The network or the server seems to be back: try now instead of later. */
  nudge(): void;
  /** What the upload beside the call moves, bytes/s; 0: it runs, and nothing has arrived yet; `null`: none runs. Holds until the next word. */
  uploading(bytesPerSecond: number | null): void;
  /** Within a press: plays what the browser held back. */
  allowSound(): void;
  close(): void;
}
