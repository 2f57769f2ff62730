import {
  type CloseTracks,
  isPush,
  MAX_REALTIME_TRACKS,
  type NewTracks,
  type PullTracks,
  type PushTracks,
  type RealtimeRemoteTrack,
  type Renegotiate,
  type SessionState,
  type TrackResult,
  type TracksReply,
  type UpdateTracks,
} from "#protocol/realtime-api.ts";
import type { MediaCounters } from "../media/media-counters.ts";
import type { Publication } from "../media/publication.ts";
import { SessionMedia } from "../media/session-media.ts";
import type { RtpHeader } from "../rtp/rtp-packet.ts";
import { ApiError, type TrackProblem, trackProblem } from "./api-error.ts";
import { codecKey } from "./negotiated-numbers.ts";
import { OperationQueue } from "./operation-queue.ts";
import { SessionDescription } from "./session-description.ts";
import { isOpen } from "./session-line.ts";
import { SessionTransport, type TransportMaker } from "./session-transport.ts";

/** What a session needs of the rest of the SFU. */
export interface SessionSurroundings extends TransportMaker {
  readonly counters: MediaCounters;
  readonly startKbps: number;
  readonly limits: SessionLimits;
  /** @returns undefined when there is no such session or it publishes no such track */
  findPublication(sessionId: string, trackName: string): Publication | undefined;
}

export interface SessionLimits {
  /** How long an operation waits for the connection. */
  readonly connectPatienceMs: number;
  /** A published track without packets for this long is dropped; Infinity: never. */
  readonly silentTrackMs: number;
  /** A session whose connection is interrupted or lost for this long is over. */
  readonly interruptedMs: number;
  /** A session that never negotiated anything is over after this long. */
  readonly unusedMs: number;
  readonly maxTracks: number;
}

export const STRICT_LIMITS: SessionLimits = {
  connectPatienceMs: 5000,
  silentTrackMs: 30_000,
  interruptedMs: 15_000,
  unusedMs: 60_000,
  maxTracks: MAX_REALTIME_TRACKS,
};

/** More are refused: a client sends one after the other. */
const MAX_WAITING_OPERATIONS = 32;

/** One client's session: what its API calls do. Every operation runs alone. */
export class Session {
  readonly id: string;
  readonly media: SessionMedia;
  readonly #surroundings: SessionSurroundings;
  readonly #queue = new OperationQueue();
  readonly #description: SessionDescription;
  readonly #transport: SessionTransport;
  readonly #createdAt: number;
  #offerUnanswered = false;
  #over = false;

  constructor(id: string, surroundings: SessionSurroundings, now: number) {
    this.id = id;
    this.#surroundings = surroundings;
    this.#createdAt = now;
    const resolver = {
      resolve: (packet: Buffer, header: RtpHeader) => this.#description.resolve(packet, header),
      transportNumberId: 0,
    };
    this.media = new SessionMedia(id, resolver, surroundings.counters);
    this.#transport = new SessionTransport(id, surroundings, this.media);
    this.#description = new SessionDescription(id, this.media, surroundings.startKbps, (transportNumberId) => {
      resolver.transportNumberId = transportNumberId;
    });
  }

  /** Published tracks by name. */
  publication(trackName: string): Publication | undefined {
    return this.#description.publication(trackName);
  }

  get connected(): boolean {
    return this.#transport.isOpen;
  }

  /** POST tracks/new. */
  newTracks(body: NewTracks): Promise<TracksReply> {
    return this.#run(() => (isPush(body) ? this.#push(body) : this.#pull(body)));
  }

  #run<Value>(operation: () => Promise<Value> | Value): Promise<Value> {
    if (this.#queue.waiting >= MAX_WAITING_OPERATIONS) throw ApiError.rateLimited();
    return this.#queue.run(() => {
      if (this.#over) throw ApiError.sessionGone();
      return operation();
    });
  }

  async #push(body: PushTracks): Promise<TracksReply> {
    this.#refuseWhileOffering();
    const { maxTracks } = this.#surroundings.limits;
    const refused = new Map<string, TrackProblem>();
    const names = new Map<string, string>();
    let open = this.#description.openTracks;
    for (const { mid, trackName } of body.tracks) {
      const already = this.#description.publication(trackName);
      if (already && this.#description.midOf(already) !== mid) {
        refused.set(mid, trackProblem("push_track_error", "Another track of this session has this name."));
      } else if (open++ >= maxTracks) {
        refused.set(mid, trackProblem("too_many_tracks", `A session has at most ${maxTracks} tracks.`));
      } else names.set(mid, trackName);
    }
    const sdp = await this.#applyOffer(body.sessionDescription.sdp, names, new Set());
    const tracks = body.tracks.map(({ mid, trackName }): TrackResult => {
      const missing = trackProblem("push_track_error", "The offer has no line of this mid that can be published.");
      const problem = refused.get(mid) ?? (this.#description.publication(trackName) ? undefined : missing);
      return { mid, trackName, ...problem };
    });
    return { requiresImmediateRenegotiation: false, tracks, sessionDescription: { type: "answer", sdp } };
  }

  #untilConnected(): Promise<void> {
    return this.#transport.untilConnected(this.#surroundings.limits.connectPatienceMs);
  }

  #refuseWhileOffering(): void {
    if (this.#offerUnanswered) throw ApiError.description("The SFU's offer has not been answered yet.");
  }

  /** @returns the answer */
  async #applyOffer(sdp: string, names: ReadonlyMap<string, string>, closing: ReadonlySet<string>): Promise<string> {
    const lines = this.#description.read(sdp);
    const live = lines.find((line) => line.port !== 0 && line.ice);
    if (live && !this.#transport.restartsWith(live)) await this.#untilConnected();
    if (live) this.#transport.answer(live);
    this.#description.applyOffer(lines, names, closing, performance.now());
    return this.#description.write("answer", this.#transport.local);
  }

  async #pull(body: PullTracks): Promise<TracksReply> {
    this.#refuseWhileOffering();
    await this.#untilConnected();
    const now = performance.now();
    const tracks = body.tracks.map((wanted) => this.#pullOne(wanted, now));
    const requiresImmediateRenegotiation = tracks.some((track) => track.errorCode === undefined);
    if (!requiresImmediateRenegotiation) return { requiresImmediateRenegotiation, tracks };
    this.#transport.offer();
    this.#offerUnanswered = true;
    const sdp = this.#description.write("offer", this.#transport.local);
    return { requiresImmediateRenegotiation, tracks, sessionDescription: { type: "offer", sdp } };
  }

  #pullOne(wanted: RealtimeRemoteTrack, now: number): TrackResult {
    const { sessionId, trackName, simulcast } = wanted;
    const named = { sessionId, trackName, ...(simulcast ? { simulcast } : {}) };
    const { maxTracks } = this.#surroundings.limits;
    if (this.#description.openTracks >= maxTracks) {
      return { ...named, ...trackProblem("too_many_tracks", `A session has at most ${maxTracks} tracks.`) };
    }
    const publication = this.#surroundings.findPublication(sessionId, trackName);
    if (!publication) return { ...named, ...trackProblem("not_found_track_error", "Track not found") };
    const mid = this.#description.addPull(publication, simulcast ?? {}, now);
    if (mid === undefined) {
      return { ...named, ...trackProblem("too_many_tracks", "This session has no payload type left.") };
    }
    return { ...named, mid };
  }

  /** PUT renegotiate. */
  renegotiate(body: Renegotiate): Promise<Record<string, never>> {
    return this.#run(() => {
      if (!this.#offerUnanswered) throw ApiError.description("There is no offer to answer.");
      const lines = this.#description.read(body.sessionDescription.sdp);
      const live = lines.find((line) => line.port !== 0 && line.ice);
      if (live) this.#transport.accept(live);
      this.#description.applyAnswer(lines);
      this.#offerUnanswered = false;
      this.media.negotiated(performance.now());
      return {};
    });
  }

  /** PUT tracks/update. */
  updateTracks(body: UpdateTracks): Promise<TracksReply> {
    return this.#run(async () => {
      await this.#untilConnected();
      const now = performance.now();
      const tracks = body.tracks.map((wanted): TrackResult => {
        const { mid, sessionId, trackName } = wanted;
        return { mid, sessionId, trackName, ...this.#updateOne(mid, wanted, now) };
      });
      return { requiresImmediateRenegotiation: false, tracks };
    });
  }

  #updateOne(mid: string, wanted: Omit<RealtimeRemoteTrack, "location">, now: number): TrackProblem | undefined {
    const line = this.#description.pullLine(mid);
    if (!line?.forwarder) return trackProblem("update_track_error", "This mid is no pulled track.");
    const publication = this.#surroundings.findPublication(wanted.sessionId, wanted.trackName);
    if (!publication) return trackProblem("not_found_track_error", "Track not found");
    if (publication !== line.forwarder.publication) {
      if (codecKey(publication.codec) !== codecKey(line.forwarder.publication.codec)) {
        return trackProblem("update_track_error", "The other track has another codec; pull it on a line of its own.");
      }
      line.forwarder.attach(publication, now);
      line.source = { sessionId: wanted.sessionId, trackName: wanted.trackName };
    }
    if (wanted.simulcast) line.forwarder.setWish(wanted.simulcast, now);
    return undefined;
  }

  /** PUT tracks/close. */
  closeTracks(body: CloseTracks): Promise<TracksReply> {
    return this.#run(async () => {
      const mids = new Set(body.tracks.map(({ mid }) => mid));
      const tracks = body.tracks.map(({ mid }): TrackResult => {
        const line = this.#description.line(mid);
        const gone = trackProblem("close_track_error", "Track doesn't exist or was already closed");
        return { mid, ...(line && isOpen(line) ? undefined : gone) };
      });
      if (body.force) {
        this.#description.close(mids);
        return { requiresImmediateRenegotiation: false, tracks };
      }
      if (!body.sessionDescription) throw ApiError.description("Closing without force needs an offer.");
      this.#refuseWhileOffering();
      const sdp = await this.#applyOffer(body.sessionDescription.sdp, new Map(), mids);
      return { requiresImmediateRenegotiation: false, tracks, sessionDescription: { type: "answer", sdp } };
    });
  }

  /** GET. */
  state(): SessionState {
    return { tracks: this.#description.trackStates(), dataChannels: [] };
  }

  /** For GET /stats. */
  stats() {
    return { connected: this.connected, ...this.media.stats() };
  }

  /**
   * To be called every 20 ms or so.
   * @returns false when the session is over and must be closed
   */
  tick(now: number): boolean {
    const { limits } = this.#surroundings;
    if (this.#transport.hasNone) return now - this.#createdAt < limits.unusedMs;
    if (this.#transport.troubledFor(now) > limits.interruptedMs) return false;
    this.media.tick(now);
    this.#description.dropSilent(now - limits.silentTrackMs);
    return true;
  }

  /** Its tracks end for everybody. */
  close(): void {
    this.#over = true;
    this.#description.closeAll();
    this.media.close();
    this.#transport.close();
  }
}
