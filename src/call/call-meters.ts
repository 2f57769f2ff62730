import { type Adaptation, FULL, stepAdaptation } from "#core/call/adaptation.ts";
import { InboundMeter } from "#core/call/inbound-meter.ts";
import { levelOf } from "#core/call/speakers.ts";
import { FIRST_PACE, stepUploadPace, type UploadPaceState } from "#core/call/upload-pace.ts";
import type { InboundQuality } from "#core/ports/live-call.ts";
import type { ParticipantId } from "#protocol/ids.ts";
import { type CallReports, readReports } from "./call-stats.ts";
import type { Pulling } from "./pulling.ts";

/** A level of packets that are older than this is that of somebody who is not heard any more, ms. */
const LEVEL_LIFETIME_MS = 1_000;

/** What the statistics of the connection say, kept over sessions. */
export class CallMeters {
  readonly #inbound = new InboundMeter();
  #pace: UploadPaceState = FIRST_PACE;
  #adaptation: Adaptation = FULL;
  #ownLevel = 0;
  #arrived = 0;
  #uploads: number | null = null;
  /** As `#uploads`, of the time since the last measurement: an epoch may be sent within it. */
  #uploaded: number | null = null;
  quality: ReadonlyMap<ParticipantId, InboundQuality> = new Map();
  roundTripMs: number | null = null;

  /** How much of the pictures is to be sent. */
  get step(): number {
    return this.#adaptation.step;
  }

  get uploadBytesPerSecond(): number | null {
    return this.#pace.bytesPerSecond;
  }

  /** What the upload moves now, bytes/s; `null`: none runs. */
  uploading(bytesPerSecond: number | null): void {
    this.#uploads = bytesPerSecond;
    this.#uploaded = bytesPerSecond ?? this.#uploaded;
  }

  /** A few times a second, from the microphone's sender alone: that is cheap. @returns whether anything has arrived since */
  async listen(voice: RTCRtpSender): Promise<boolean> {
    const reports = readReports(await voice.getStats());
    this.#ownLevel = levelOf(reports.ownLevel ?? 0);
    const heard = reports.arrived !== this.#arrived;
    this.#arrived = reports.arrived;
    return heard;
  }

  /** Once a second. */
  async measure(connection: RTCPeerConnection, pulling: Pulling, recorderSlow: boolean, atMs: number): Promise<void> {
    const reports = readReports(await connection.getStats());
    this.roundTripMs = reports.roundTripMs;
    this.quality = this.#qualities(reports, pulling, atMs);
    const { loss, roundTripMs, limitation, availableBits } = reports;
    const uploaded = this.#uploaded;
    this.#uploaded = this.#uploads;
    const bandwidthLimited = limitation === "bandwidth";
    this.#pace = stepUploadPace(this.#pace, { roundTripMs, loss, bandwidthLimited, availableBits, uploaded });
    const sample = { availableBits, limitation, loss, roundTripMs, recorderSlow };
    this.#adaptation = stepAdaptation(this.#adaptation, sample);
  }

  /** Of everybody who is heard, and of oneself; 0…1. Levels come with the packets: no sound is looked at. */
  levels(self: ParticipantId, pulling: Pulling, wallMs: number): ReadonlyMap<ParticipantId, number> {
    const levels = new Map([[self, this.#ownLevel]]);
    for (const { participant, source, line } of pulling.lines()) {
      if (source !== "microphone") continue;
      const [newest] = line.receiver?.getSynchronizationSources() ?? [];
      const isFresh = newest !== undefined && wallMs - newest.timestamp < LEVEL_LIFETIME_MS;
      levels.set(participant, isFresh ? levelOf(newest.audioLevel ?? 0) : 0);
    }
    return levels;
  }

  /** Another connection: its counters begin anew. */
  restart(): void {
    this.#arrived = 0;
    this.#ownLevel = 0;
    this.roundTripMs = null;
  }

  #qualities(reports: CallReports, pulling: Pulling, atMs: number): ReadonlyMap<ParticipantId, InboundQuality> {
    const lines = [...pulling.lines()];
    const counters = reports.inbound.flatMap(({ id, mid, packetsReceived, packetsLost, jitter }) => {
      const from = lines.find(({ line }) => line.mid === mid);
      if (from === undefined) return [];
      return [{ participant: from.participant, stream: id, packetsReceived, packetsLost, jitterMs: jitter * 1000 }];
    });
    return this.#inbound.read(counters, new Set(lines.map(({ participant }) => participant)), atMs);
  }
}
