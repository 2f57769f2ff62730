import { Interruptions } from "#core/capture/interruptions.ts";
import type { EpochStore } from "#core/ports/epoch-store.ts";
import type { Hasher } from "#core/ports/hasher.ts";
import type { JournalChannel } from "#core/ports/journal-channel.ts";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import type { Clock } from "#core/ports/time.ts";
import type {
  ArmRequest,
  Armed,
  CaptureInput,
  ClosedTrack,
  EncodeEvent,
  EncodeReason,
  EncodeStats,
  EncodeWorkerApi,
  Interruption,
  StartRequest,
} from "#protocol/encode-rpc.ts";
import type { ClockSample } from "#protocol/clock.ts";
import type { MediaFormat } from "#protocol/epoch-format.ts";
import { type Failure, failed, ok, type Result } from "#protocol/errors.ts";
import type { LocalMicros } from "#protocol/units.ts";
import { AudioPipeline } from "./audio-pipeline.ts";
import { EncodeFailed } from "./encode-failed.ts";
import type { PipelineDeps, TrackPipeline } from "./track-pipeline.ts";
import { TrackSealer } from "./track-sealer.ts";
import { TrackSession } from "./track-session.ts";
import { VideoPipeline } from "./video-pipeline.ts";

/** How often a silent source, a stopped take and a frozen page are looked for. */
export const TICK_MS = 250;

/** Ticks that come this late were held up by a browser that froze the page, not by a busy machine. */
const FROZEN_US = 3_000_000;

export interface EncodeDeps {
  readonly store: EpochStore;
  readonly repo: TakeRepo;
  readonly hasher: Hasher;
  readonly channel: JournalChannel;
  /** A clock that counts from the page's origin. */
  readonly clockFor: (pageTimeOriginMs: number) => Clock;
  /** `performance.timeOrigin` of this worker. */
  readonly timeOriginMs: number;
  readonly every: (ms: number, tick: () => void) => () => void;
  readonly keepReserve: () => Promise<boolean>;
  readonly freeReserve: () => Promise<boolean>;
}

interface ArmedState {
  readonly request: ArmRequest;
  readonly pipeline: TrackPipeline;
  readonly clock: Clock;
  readonly interruptions: Interruptions;
  readonly onEvent: (event: EncodeEvent) => void;
  readonly stopTicking: () => void;
}

/** The encode worker without its worker: one source, from its stream to epochs on the disk. */
export function createEncodeService(deps: EncodeDeps): EncodeWorkerApi {
  return new EncodeService(deps);
}

class EncodeService implements EncodeWorkerApi {
  readonly #deps: EncodeDeps;
  #armed: ArmedState | undefined;
  /** Already there while it is being armed. */
  #pipeline: TrackPipeline | undefined;
  #session: TrackSession | undefined;
  /** Of the take before: its figures stay to be read. */
  #last: { session: TrackSession; pipeline: TrackPipeline } | undefined;
  #clockSample: ClockSample | null = null;
  #stopping: Promise<Result<ClosedTrack, EncodeReason>> | undefined;

  constructor(deps: EncodeDeps) {
    this.#deps = deps;
  }

  arm(request: ArmRequest, onEvent: (event: EncodeEvent) => void): Promise<Result<Armed, EncodeReason>> {
    return asResult(async () => {
      if (this.#armed) throw EncodeFailed.wrongState("armed already");
      const clock = this.#deps.clockFor(request.pageTimeOriginMs);
      const originShiftUs = (this.#deps.timeOriginMs - request.pageTimeOriginMs) * 1000;
      const pipeline = makePipeline(request, { clock, originShiftUs, onEvent });
      this.#pipeline = pipeline;
      const choice = await armOrDetach(pipeline, request);
      const interruptions = new Interruptions();
      const stopTicking = this.#startTicking(clock, interruptions, pipeline);
      this.#armed = { request, pipeline, clock, interruptions, onEvent, stopTicking };
      await this.#deps.keepReserve();
      return { format: pipeline.format, choice };
    });
  }

  replaceInput(input: CaptureInput): Promise<Result<MediaFormat, EncodeReason>> {
    return asResult(() => this.#mustBeArmed().pipeline.replace(input));
  }

  start(request: StartRequest): Promise<Result<null, EncodeReason>> {
    return asResult(async () => {
      const armed = this.#mustBeArmed();
      if (this.#session) throw EncodeFailed.wrongState("a take rolls already");
      this.#clockSample ??= request.clock;
      const { store, repo, hasher, channel, freeReserve } = this.#deps;
      const { clock, onEvent } = armed;
      const { pageTimeOriginMs } = armed.request;
      const sealerDeps = { store, repo, hasher, channel, clock, pageTimeOriginMs, freeReserve };
      const sealer = new TrackSealer(sealerDeps, request, onEvent);
      if (this.#clockSample) sealer.setClock(this.#clockSample);
      this.#session = new TrackSession(request, sealer, armed.interruptions, onEvent);
      this.#last = { session: this.#session, pipeline: armed.pipeline };
      armed.pipeline.begin(this.#session);
      return null;
    });
  }

  stop(keepUntilUs: LocalMicros): Promise<Result<ClosedTrack, EncodeReason>> {
    this.#stopping ??= asResult(() => this.#drain(keepUntilUs)).finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  async disarm(): Promise<void> {
    const armed = this.#armed;
    if (armed === undefined) return;
    if (this.#session) await this.stop(armed.clock.nowUs());
    this.#armed = undefined;
    armed.stopTicking();
    await armed.pipeline.detach();
  }

  setClock(sample: ClockSample | null): void {
    this.#clockSample = sample;
    this.#session?.sealer.setClock(sample);
  }

  async hintCaptureTimes(captureUs: readonly number[]): Promise<boolean> {
    return this.#pipeline?.hintCaptureTimes(captureUs) ?? false;
  }

  interrupted({ reason, fromUs }: Interruption): void {
    this.#armed?.interruptions.begin(reason, fromUs);
  }

  resumed({ reason, fromUs }: Interruption): void {
    this.#armed?.interruptions.end(reason, fromUs);
  }

  stats(): Promise<EncodeStats | null> {
    return Promise.resolve(this.#last ? statsOf(this.#last.session, this.#last.pipeline) : null);
  }

  async #drain(keepUntilUs: LocalMicros): Promise<ClosedTrack> {
    const { pipeline } = this.#mustBeArmed();
    const session = this.#session;
    if (session === undefined) throw EncodeFailed.wrongState("no take rolls");
    session.keepUntilUs = keepUntilUs;
    await pipeline.end();
    this.#session = undefined;
    return session.sealer.close(session.ledger.all());
  }

  #mustBeArmed(): ArmedState {
    if (this.#armed === undefined) throw EncodeFailed.wrongState("not armed");
    return this.#armed;
  }

  #startTicking(clock: Clock, interruptions: Interruptions, pipeline: TrackPipeline): () => void {
    let lastUs = clock.nowUs();
    return this.#deps.every(TICK_MS, () => {
      const nowUs = clock.nowUs();
      if (nowUs - lastUs > FROZEN_US) interruptions.note("page-frozen", lastUs, nowUs);
      lastUs = nowUs;
      pipeline.tick();
    });
  }
}

function makePipeline({ input, source }: ArmRequest, deps: PipelineDeps): TrackPipeline {
  return input.kind === "audio" ? new AudioPipeline(deps) : new VideoPipeline(deps, source, input);
}

async function armOrDetach(pipeline: TrackPipeline, { input, known }: ArmRequest): Promise<Armed["choice"]> {
  try {
    return await pipeline.arm(input, known);
  } catch (error) {
    await pipeline.detach();
    throw error;
  }
}

function statsOf(session: TrackSession, pipeline: TrackPipeline): EncodeStats {
  const { sealer, request } = session;
  return {
    source: request.track.source,
    codec: pipeline.format.codec,
    format: pipeline.format,
    captured: Math.round(session.captured),
    dropped: { ...session.dropped, storage: sealer.lostUnits },
    encoded: session.encoded,
    sealed: sealer.sealed,
    repeated: session.repeated,
    filled: Math.round(session.filled),
    queue: pipeline.queue,
    epochs: sealer.epochs,
    runs: session.run + 1,
    bytes: sealer.bytes,
    bytesWaiting: sealer.waitingBytes,
    gaps: session.gapSums(),
    shortGaps: session.ledger.short,
    ratePpm: pipeline.ratePpm,
    stamps: pipeline.stamps(),
  };
}

async function asResult<Value>(work: () => Promise<Value>): Promise<Result<Value, EncodeReason>> {
  try {
    return ok(await work());
  } catch (error) {
    return failed(failureOf(error));
  }
}

function failureOf(error: unknown): Failure<EncodeReason> {
  if (error instanceof EncodeFailed) {
    return { reason: error.reason, severity: error.severity, message: error.message };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { reason: "unexpected", severity: "critical", message };
}
