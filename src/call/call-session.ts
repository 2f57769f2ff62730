import { PartyTracks } from "partytracks/client";
import { BehaviorSubject, of, type Subscription } from "rxjs";
import type { Encoding } from "#core/call/send-shape.ts";
import type { CallTrack, Rid, SfuSessionId } from "#protocol/call.ts";
import type { CallApi } from "./call-api.ts";
import { CallError } from "./call-error.ts";
import type { LiveCallPorts } from "./call-ports.ts";
import { LendingHeaders } from "./lent-fetch.ts";
import { SessionGate } from "./session-gate.ts";
import { StereoConnection } from "./stereo-connection.ts";

/** One published track of a session. */
export interface PushedLine {
  readonly transceiver: RTCRtpTransceiver;
  /** `null` until something flows: before that nobody can pull it. */
  readonly trackName: string | null;
  /** Sends something else of the same kind, without a negotiation. */
  replace(track: MediaStreamTrack): void;
  shape(encodings: readonly Encoding[]): void;
  /** Ends the track at the SFU too; resolves when it has. Others must wait meanwhile: see {@link CallSession.closing}. */
  close(): Promise<void>;
}

/** One track of somebody else in a session. */
export interface PulledLine {
  readonly track: CallTrack;
  /** `null` until it is there. */
  readonly media: MediaStreamTrack | null;
  readonly mid: string | null;
  readonly layer: Rid | null;
  readonly receiver: RTCRtpReceiver | null;
  /** Asks for another layer. */
  choose(layer: Rid): void;
  close(): Promise<void>;
}

export interface SessionPorts extends Pick<LiveCallPorts, "prefix" | "scheduler"> {
  readonly api: CallApi;
  readonly id: SfuSessionId;
  readonly iceServers: readonly RTCIceServer[];
  /** A line was published, has arrived, or is gone. */
  readonly changed: () => void;
  readonly broken: () => void;
  /** Its first request goes out. */
  readonly used: () => void;
  readonly failed: (error: unknown) => void;
}

const LAYER_TIMEOUT_MS = 3_000;

/**
 * One session of the SFU, with one partytracks of its own. Session and connection are made here and handed to the library as
 * its `session$`, so that nothing but `src/core/call/healing.ts` decides when there is a new one.
 */
export class CallSession {
  readonly id: SfuSessionId;
  readonly connection: RTCPeerConnection;
  readonly #ports: SessionPorts;
  readonly #gate: SessionGate;
  readonly #party: PartyTracks;
  readonly #open = new Set<Subscription>();
  #closes: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(ports: SessionPorts) {
    this.id = ports.id;
    this.#ports = ports;
    const { api, prefix, scheduler, broken, used, failed } = ports;
    this.#gate = new SessionGate({ api, prefix, scheduler, session: ports.id, broken, used, failed });
    this.connection = new StereoConnection({ iceServers: [...ports.iceServers], bundlePolicy: "max-bundle" });
    const headers = new LendingHeaders(this.#gate.fetch);
    this.#party = new PartyTracks({ prefix, headers, iceServers: [...ports.iceServers], maxApiHistory: 1 });
    this.#party.session$ = of({ peerConnection: this.connection, sessionId: ports.id });
  }

  /** Publishes; lines that are pushed in one go are one request. */
  push(track: MediaStreamTrack, encodings: readonly Encoding[]): PushedLine {
    // It always holds what is sent now: the library sets it once more when the first packet is out.
    const sent = new BehaviorSubject(track);
    let trackName: string | null = null;
    const subscription = this.#party.push(sent, { sendEncodings$: of(encodings.map(initialEncoding)) }).subscribe({
      next: (made) => {
        trackName = made.trackName ?? null;
        this.#ports.changed();
      },
      error: this.#ports.failed,
    });
    this.#open.add(subscription);
    // Silence may be sent on two lines; the newest one is this one.
    const transceiver = this.connection.getTransceivers().findLast(({ sender }) => sender.track === track);
    if (transceiver === undefined) throw CallError.broken("push", "the library made no line for the track");
    const changes = senderChanges(transceiver.sender, encodings, () => this.#isOver, this.#ports.failed);
    return {
      transceiver,
      get trackName() {
        return trackName;
      },
      replace: (next) => {
        if (trackName === null) sent.next(next);
        changes.replace(next);
      },
      shape: changes.shape,
      close: () => this.#closing(subscription, () => transceiver.mid),
    };
  }

  /** Subscribes; those that are asked for in one go are one request. */
  pull(track: CallTrack, firstLayer: Rid | null): PulledLine {
    let media: MediaStreamTrack | null = null;
    let layer = firstLayer;
    let change: Promise<void> = Promise.resolve();
    const meta = { location: "remote", sessionId: track.session, trackName: track.trackName } as const;
    const options = firstLayer === null ? {} : { simulcast: { preferredRid$: of(firstLayer) } };
    const subscription = this.#party.pull(of(meta), options).subscribe({
      next: (arrived) => {
        media = arrived;
        this.#ports.changed();
      },
      error: this.#ports.failed,
    });
    this.#open.add(subscription);
    const transceiver = () => this.connection.getTransceivers().find((each) => each.receiver.track === media);
    const mid = () => (media === null ? null : (transceiver()?.mid ?? null));
    return {
      track,
      get media() {
        return media;
      },
      get mid() {
        return mid();
      },
      get layer() {
        return layer;
      },
      get receiver() {
        return media === null ? null : (transceiver()?.receiver ?? null);
      },
      choose: (wished) => {
        const at = mid();
        if (at === null || wished === layer) return;
        layer = wished;
        change = change.then(() => this.#choose(track, at, wished)).catch(this.#ports.failed);
      },
      close: () => this.#closing(subscription, mid),
    };
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Lets nothing out any more; what has arrived stays to be seen until {@link drop}. */
  retire(): void {
    this.#isOver = true;
    this.#gate.shut();
    for (const { sender } of this.connection.getTransceivers()) {
      if (sender.track !== null) sender.replaceTrack(null).catch(this.#ports.failed);
    }
  }

  /** Closed before its subscriptions, so that the library does not close one line after the other at the SFU. */
  drop(): void {
    this.#isOver = true;
    this.#gate.shut();
    this.connection.close();
    for (const subscription of this.#open) subscription.unsubscribe();
    this.#open.clear();
  }

  /** One after the other: of several lines that are closed at once the library closes the first only. */
  #closing(subscription: Subscription, mid: () => string | null): Promise<void> {
    const close = async (): Promise<void> => {
      if (this.#isOver) return;
      const at = mid();
      this.#open.delete(subscription);
      const isAnswered = at !== null && this.connection.connectionState === "connected";
      const closed = isAnswered ? this.#gate.closed(at) : Promise.resolve();
      subscription.unsubscribe();
      await closed;
      this.#ports.changed();
    };
    this.#closes = this.#closes.then(close).catch(this.#ports.failed);
    return this.#closes;
  }

  /** By ourselves, because the library does not look at the answer. A layer that cannot be had leaves the one that there is. */
  async #choose(track: CallTrack, mid: string, preferredRid: Rid): Promise<void> {
    if (this.#isOver) return;
    const remote = { location: "remote", sessionId: track.session, trackName: track.trackName, mid };
    const body = JSON.stringify({ tracks: [{ ...remote, simulcast: { preferredRid } }] });
    const path = `sessions/${this.id}/tracks/update`;
    const answer = await this.#ports.api.send({ method: "PUT", path, body, timeoutMs: LAYER_TIMEOUT_MS });
    if (answer.kind === "gone") this.#ports.broken();
    if (answer.kind === "refused") throw CallError.refused("tracks/update", answer.status, answer.said);
  }
}

/** Changes of one sender, one after the other: the browser refuses parameters that were read before another change. */
function senderChanges(
  sender: RTCRtpSender,
  first: readonly Encoding[],
  isOver: () => boolean,
  failed: (error: unknown) => void,
) {
  let last: Promise<void> = Promise.resolve();
  let shaped = JSON.stringify(first);
  const queue = (what: string, work: () => Promise<void>): void => {
    last = last
      .then(() => (isOver() ? undefined : work()))
      .catch((error: unknown) => {
        if (!isOver()) failed(CallError.sender(what, error));
      });
  };
  return {
    replace: (track: MediaStreamTrack) => queue("track", () => sender.replaceTrack(track)),
    shape: (encodings: readonly Encoding[]) => {
      const wish = JSON.stringify(encodings);
      if (wish === shaped) return;
      shaped = wish;
      queue("encodings", () => {
        const parameters = sender.getParameters();
        parameters.encodings = parameters.encodings.map((given) => {
          const wished = encodings.find(({ rid }) => rid === (given.rid ?? null));
          return wished === undefined ? given : { ...given, ...changedEncoding(wished) };
        });
        return sender.setParameters(parameters);
      });
    },
  };
}

/** Sound goes first, on the wire and in libwebrtc's share of the bits. */
function initialEncoding(encoding: Encoding): RTCRtpEncodingParameters {
  if (encoding.maxFramerate === null) {
    return { maxBitrate: encoding.maxBitrate, priority: "high", networkPriority: "high" };
  }
  return {
    ...(encoding.rid === null ? {} : { rid: encoding.rid }),
    ...changedEncoding(encoding),
    networkPriority: "low",
  };
}

function changedEncoding(encoding: Encoding): RTCRtpEncodingParameters {
  const { active, maxBitrate, maxFramerate, scaleDownBy } = encoding;
  if (maxFramerate === null) return { active, maxBitrate };
  return { active, maxBitrate, maxFramerate, scaleResolutionDownBy: scaleDownBy };
}
