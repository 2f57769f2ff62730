import { LAYER_HOLD_MS } from "#core/call/layer-choice.ts";
import { keyOf, type TrackKey, type WantedTrack, wantedTracks } from "#core/call/wanted-tracks.ts";
import type { Publisher, Received, ShownPicture } from "#core/ports/live-call.ts";
import type { CallTrack, Rid } from "#protocol/call.ts";
import type { ParticipantId, Source } from "#protocol/ids.ts";
import type { CallSession, PulledLine } from "./call-session.ts";

/** A picture that is no longer shown is kept for so long: a layout that moves brings it back. */
const LINGER_MS = 2_000;

interface Pull {
  readonly participant: ParticipantId;
  readonly source: Source;
  line: PulledLine;
  /** Took the key over, and is on its way: the old one is seen until then. */
  next: PulledLine | null;
  layerMs: number;
  /** Since when nobody wants it; `null`: somebody does. */
  unwantedMs: number | null;
}

/** What is pulled in the session that there is, and what of it can be seen and heard; the latter outlives a session. */
export class Pulling {
  readonly #received = new Map<TrackKey, Received<MediaStreamTrack>>();
  readonly #pulls = new Map<TrackKey, Pull>();
  #publishers: readonly Publisher[] = [];
  #pictures: readonly ShownPicture[] = [];
  #wanted: ReadonlyMap<TrackKey, WantedTrack> = new Map();
  #session: CallSession | null = null;

  get received(): readonly Received<MediaStreamTrack>[] {
    return [...this.#received.values()];
  }

  /** Lines whose media is there, for statistics. */
  *lines(): Generator<{ readonly participant: ParticipantId; readonly source: Source; readonly line: PulledLine }> {
    for (const { participant, source, line } of this.#pulls.values()) {
      if (line.media !== null) yield { participant, source, line };
    }
  }

  /** Every wanted track has arrived in the session that there is. */
  get isComplete(): boolean {
    return [...this.#wanted.keys()].every((key) => this.#pulls.get(key)?.line.media != null);
  }

  follow(publishers: readonly Publisher[], atMs: number): void {
    this.#publishers = publishers;
    this.update(atMs);
  }

  show(pictures: readonly ShownPicture[], atMs: number): void {
    this.#pictures = pictures;
    this.update(atMs);
  }

  /** Pulls all that is wanted in a new session; what was received before is seen until it arrives anew. */
  use(session: CallSession | null, atMs: number): void {
    this.#session = session;
    this.#pulls.clear();
    this.update(atMs);
  }

  /** There is no call any more: nothing is seen or heard. */
  forget(): void {
    this.#session = null;
    this.#pulls.clear();
    this.#received.clear();
  }

  /** Follows what is wanted and what has arrived; also once in a while, since layers and lingering pictures wait. */
  update(atMs: number): void {
    this.#wanted = wantedTracks(this.#publishers, this.#pictures, (key) => this.#layerOf(key));
    for (const wanted of this.#wanted.values()) this.#want(wanted, atMs);
    for (const [key, pull] of this.#pulls) {
      this.#arrive(pull);
      if (!this.#wanted.has(key)) this.#let(key, pull, atMs);
    }
    for (const key of this.#received.keys()) {
      if (!this.#wanted.has(key) && !this.#pulls.has(key)) this.#received.delete(key);
    }
  }

  #layerOf(key: TrackKey): Rid | null {
    const pull = this.#pulls.get(key);
    return (pull?.next ?? pull?.line)?.layer ?? null;
  }

  #want({ key, participant, source, track, layer }: WantedTrack, atMs: number): void {
    if (this.#session === null) return;
    const pull = this.#pulls.get(key);
    if (pull === undefined) {
      const line = this.#session.pull(track, layer);
      this.#pulls.set(key, { participant, source, line, next: null, layerMs: atMs, unwantedMs: null });
      return;
    }
    pull.unwantedMs = null;
    const newest = pull.next ?? pull.line;
    if (!isSame(newest.track, track)) {
      // What is seen is closed once the new one is here; one that never came is of no use any more.
      if (newest.media === null) void newest.close();
      const line = this.#session.pull(track, layer);
      if (pull.line.media === null) pull.line = line;
      else pull.next = line;
      pull.layerMs = atMs;
    } else if (layer !== null && newest.layer !== layer && atMs - pull.layerMs >= LAYER_HOLD_MS) {
      newest.choose(layer);
      if (newest.layer === layer) pull.layerMs = atMs;
    }
  }

  #arrive(pull: Pull): void {
    if (pull.next !== null && pull.next.media !== null) {
      void pull.line.close();
      pull.line = pull.next;
      pull.next = null;
    }
    const { participant, source, line } = pull;
    if (line.media === null) return;
    const key = keyOf(participant, source);
    const before = this.#received.get(key);
    if (before?.media === line.media && before.layer === line.layer) return;
    this.#received.set(key, { participant, source, media: line.media, layer: line.layer });
  }

  #let(key: TrackKey, pull: Pull, atMs: number): void {
    pull.unwantedMs ??= atMs;
    const isPublished = this.#publishers.some(
      ({ participant, tracks }) =>
        participant === pull.participant && tracks.some((track) => isSame(track, pull.line.track)),
    );
    if (isPublished && atMs - pull.unwantedMs < LINGER_MS) return;
    this.#pulls.delete(key);
    void pull.next?.close();
    void pull.line.close();
  }
}

function isSame(one: CallTrack, other: CallTrack): boolean {
  return one.session === other.session && one.trackName === other.trackName;
}
