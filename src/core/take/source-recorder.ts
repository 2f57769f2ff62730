import type { CaptureListener, CaptureSource } from "#core/ports/capture-source.ts";
import type { TrackEncoder, TrackEncoderFactory } from "#core/ports/track-encoder.ts";
import type { Clock } from "#core/ports/time.ts";
import type { ClockSample } from "#protocol/clock.ts";
import type { CaptureInput, CodecChoice, EncodeEvent, EncodeStats, StartRequest } from "#protocol/encode-rpc.ts";
import type { Source, TrackId } from "#protocol/ids.ts";
import { asLocal, type LocalMicros } from "#protocol/units.ts";
import type { SourceProblem, SourceState } from "./take-state.ts";

/** Opens the source; called again when its worker died. */
export type OpenCapture = () => CaptureSource;

/** Codecs that were measured in this session, by picture. */
export type CodecMemory = Map<string, CodecChoice>;

export interface SourcePorts {
  readonly clock: Clock;
  readonly newEncoder: TrackEncoderFactory;
  readonly pageTimeOriginMs: number;
  readonly codecs: CodecMemory;
}

export interface SourceEvents {
  changed(): void;
  encoded(source: Source, event: EncodeEvent): void;
  /** The device is gone; the owner may give another. */
  lost(source: Source): void;
  /** The worker died with what it had not sealed. */
  died(source: Source): void;
}

/** Why a source may have been silent before a device is there again. */
const INTERRUPTED = ["device-lost", "muted", "config-change"] as const;

/** One source: its capture, its worker, and the listeners in between. */
export class SourceRecorder {
  readonly source: Source;
  readonly #ports: SourcePorts;
  readonly #events: SourceEvents;
  #open: OpenCapture;
  #capture: CaptureSource;
  #encoder: TrackEncoder;
  #state: SourceState;
  #clock: ClockSample | null = null;
  #closed = false;
  #off = false;
  /** What the browser had lost when the track began, less what captures before this one lost of it; and when it ended. */
  #lostBefore: number | undefined;
  #lostAtEnd: number | undefined;
  /** The track that it records now. */
  track: TrackId | undefined;

  constructor(source: Source, open: OpenCapture, ports: SourcePorts, events: SourceEvents) {
    this.source = source;
    this.#open = open;
    this.#ports = ports;
    this.#events = events;
    this.#capture = open();
    this.#encoder = this.#newEncoder();
    const { label } = this.#capture;
    this.#state = { source, label, phase: "arming", format: null, choice: null, problem: null };
  }

  get state(): SourceState {
    return this.#state;
  }

  /** Resolves to whether it is ready; why not is in {@link state}. */
  async arm(): Promise<boolean> {
    this.#set({ phase: "arming", problem: null });
    const input = await this.#capture.start(this.#listener(this.#capture));
    const key = pictureKey(this.source, input);
    const known = this.#ports.codecs.get(key) ?? null;
    const { pageTimeOriginMs } = this.#ports;
    const encoder = this.#encoder;
    const armed = await encoder.arm({ source: this.source, pageTimeOriginMs, input, known }, (event) => {
      if (encoder === this.#encoder) this.#onEvent(event);
    });
    if (!armed.ok) {
      this.#fail("not-armed", armed.failure.message);
      return false;
    }
    const { format, choice } = armed.value;
    if (choice) this.#ports.codecs.set(key, choice);
    encoder.setClock(this.#clock);
    this.#set({ phase: "armed", format, choice });
    return true;
  }

  /** Another device, or the same one back. While a take rolls the same track goes on. */
  async replace(open: OpenCapture): Promise<boolean> {
    const before = this.#capture;
    this.#open = open;
    this.#capture = open();
    const capture = this.#capture;
    this.#set({ label: capture.label });
    if (this.#state.phase === "failed" || this.#state.phase === "arming") return this.#again(before);
    const input = await capture.start(this.#listener(capture));
    this.#stopCapture(before);
    const replaced = await this.#encoder.replaceInput(input);
    if (!replaced.ok) {
      this.#fail("not-armed", replaced.failure.message);
      return false;
    }
    this.#resumed();
    this.#set({ phase: this.track ? "recording" : "armed", format: replaced.value, problem: null });
    return true;
  }

  /** Lets go of the device until {@link replace}; the track stays open, and what is missing is a gap `muted`. */
  switchOff(): void {
    if (this.#off) return;
    this.#off = true;
    this.#encoder.interrupted({ reason: "muted", fromUs: this.#ports.clock.nowUs() });
    this.#stopCapture(this.#capture);
    if (this.#state.phase !== "draining") this.#set({ phase: "off", problem: null });
  }

  /** Lets go of a device that is opened anew; {@link replace} follows at once. */
  release(): void {
    this.#encoder.interrupted({ reason: "config-change", fromUs: this.#ports.clock.nowUs() });
    this.#stopCapture(this.#capture);
  }

  /** There is no device though there should be one: what is missing from now on is not what the person asked for. */
  withoutDevice(): void {
    if (this.#state.phase === "lost") return;
    const atUs = this.#ports.clock.nowUs();
    this.#resumed();
    this.#stopCapture(this.#capture);
    this.#encoder.interrupted({ reason: "device-lost", fromUs: atUs });
    const { label } = this.#state;
    this.#set({ phase: "lost", problem: { problem: "device-lost", atUs, detail: label } });
  }

  async start(request: StartRequest): Promise<boolean> {
    const started = await this.#encoder.start(request);
    if (!started.ok) {
      this.track = undefined;
      this.#fail("not-armed", started.failure.message);
      return false;
    }
    this.track = request.track.track;
    this.#lostBefore = this.#capture.lostFrames();
    this.#lostAtEnd = undefined;
    this.#set({ phase: this.#state.phase === "lost" ? "lost" : "recording" });
    return true;
  }

  /** Resolves when all of the track is kept and the track is closed; false: the worker could not. */
  async stop(keepUntilUs: LocalMicros): Promise<boolean> {
    if (this.track === undefined) return true;
    this.#set({ phase: "draining" });
    this.#lostAtEnd = this.#capture.lostFrames();
    const stopped = await this.#encoder.stop(keepUntilUs);
    this.track = undefined;
    this.#set(stopped.ok ? { phase: this.#off ? "off" : "armed" } : { phase: "failed" });
    return stopped.ok;
  }

  setClock(sample: ClockSample | null): void {
    this.#clock = sample;
    this.#encoder.setClock(sample);
  }

  /** The browser's own count of lost frames goes before that from the stamps when it is higher. */
  async stats(): Promise<EncodeStats | null> {
    if (this.#state.phase === "failed") return null;
    const stats = await this.#encoder.stats();
    const lost = (this.#lostAtEnd ?? this.#capture.lostFrames() ?? 0) - (this.#lostBefore ?? 0);
    if (stats === null || lost <= stats.dropped.capture) return stats;
    return { ...stats, dropped: { ...stats.dropped, capture: lost } };
  }

  /** Stop first. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#capture.stop();
    await this.#encoder.close();
  }

  /** For one whose worker died and that has nothing to record. */
  kill(): void {
    this.#closed = true;
    this.#capture.stop();
    this.#encoder.kill();
  }

  /** A new worker with a new stream, after the one before died. */
  async revive(): Promise<boolean> {
    const before = this.#capture;
    this.#capture = this.#open();
    return this.#again(before);
  }

  #again(before: CaptureSource): Promise<boolean> {
    before.stop();
    this.track = undefined;
    this.#encoder.kill();
    this.#encoder = this.#newEncoder();
    return this.arm();
  }

  /** What the browser lost of it still counts: each capture counts from 0. */
  #stopCapture(capture: CaptureSource): void {
    if (this.track !== undefined) this.#lostBefore = (this.#lostBefore ?? 0) - (capture.lostFrames() ?? 0);
    capture.stop();
  }

  #resumed(): void {
    const fromUs = this.#ports.clock.nowUs();
    for (const reason of INTERRUPTED) this.#encoder.resumed({ reason, fromUs });
    this.#off = false;
  }

  #newEncoder(): TrackEncoder {
    const encoder = this.#ports.newEncoder();
    encoder.onCrash((detail) => {
      if (encoder !== this.#encoder || this.#closed) return;
      this.#fail("worker-died", detail);
      this.#events.died(this.source);
    });
    return encoder;
  }

  #listener(capture: CaptureSource): CaptureListener {
    const current = (): boolean => capture === this.#capture && !this.#closed;
    return {
      onInterruption: (reason, atUs) => {
        if (current()) this.#encoder.interrupted({ reason, fromUs: asLocal(atUs) });
      },
      onResume: (reason, atUs) => {
        if (current()) this.#encoder.resumed({ reason, fromUs: asLocal(atUs) });
      },
      onEnded: (atUs) => {
        if (!current()) return;
        this.#set({ phase: "lost", problem: { problem: "device-lost", atUs: asLocal(atUs), detail: capture.label } });
        this.#events.lost(this.source);
      },
      onCaptureTimes: async (captureUs) => !current() || this.#encoder.hintCaptureTimes(captureUs),
    };
  }

  #onEvent(event: EncodeEvent): void {
    if (event.type === "problem") {
      const { problem, atUs, detail } = event;
      this.#set({ problem: problem === "storage-back" ? null : { problem, atUs, detail } });
    }
    this.#events.encoded(this.source, event);
  }

  #fail(problem: SourceProblem["problem"], detail: string): void {
    this.#set({ phase: "failed", problem: { problem, atUs: this.#ports.clock.nowUs(), detail } });
  }

  #set(change: Partial<SourceState>): void {
    this.#state = { ...this.#state, ...change };
    this.#events.changed();
  }
}

function pictureKey(source: Source, input: CaptureInput): string {
  return input.kind === "video" ? `${source} ${input.width}x${input.height}@${input.frameRate}` : source;
}
