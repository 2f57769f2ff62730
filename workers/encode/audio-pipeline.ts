import { Resampler } from "#core/audio/resampler.ts";
import { type PlacedBlock, SampleClock } from "#core/audio/sample-clock.ts";
import { SegmentTimes } from "#core/audio/segment-times.ts";
import { resolveOrigin } from "#core/capture/stamp-origin.ts";
import type { CaptureInput, EncodeStats } from "#protocol/encode-rpc.ts";
import type { AudioFormat } from "#protocol/epoch-format.ts";
import { GAP_DECLARED_US } from "#protocol/gaps.ts";
import { asLocal } from "#protocol/units.ts";
import { AudioSlicer, type PacketTag } from "./audio-slicer.ts";
import { EncodeFailed } from "./encode-failed.ts";
import { needsLookAhead, OPUS_RATE, OpusEncode, PACKET_FRAMES, PACKET_US } from "./opus-encode.ts";
import type { PipelineDeps, TrackPipeline } from "./track-pipeline.ts";
import type { TrackSession } from "./track-session.ts";

/**
 * A jump shorter than this is filled with silence of exactly its length, since the last packets before it may reach that far into
 * it: 960 samples less one, and the look-ahead of 312, are 26.5 ms. A longer one stays empty: the encoder is flushed.
 */
const FILL_BELOW_US = 30_000;

/** A microphone that has not given a buffer by then is not working. */
const FIRST_BUFFER_MS = 5_000;

/** After Stop, buffers captured before it are awaited this long. */
const STOP_GRACE_US = 400_000;

/** What was gathered is sealed when nothing has arrived for this long. */
const STALL_US = 2_500_000;

type Planes = readonly Float32Array<ArrayBuffer>[];
type Reader = ReadableStreamDefaultReader<AudioData>;

/** Microphone or screen sound: buffers in, slices out. */
export class AudioPipeline implements TrackPipeline {
  readonly #deps: PipelineDeps;
  #clock: SampleClock<Planes> | undefined;
  #rate = 0;
  #channels: 1 | 2 = 1;
  #encode: OpusEncode<PacketTag> | undefined;
  #reader: Reader | undefined;
  #onFirst: (() => void) | undefined;
  #session: TrackSession | undefined;
  #slicer: AudioSlicer | undefined;
  #resampler: Resampler | undefined;
  #times: SegmentTimes | undefined;
  /** The block that is being filled, planes one after the other. */
  #block: Float32Array<ArrayBuffer> = new Float32Array(0);
  #blockFrames = 0;
  /** Output samples of this stretch that went into blocks. */
  #made = 0;
  #lastEndUs: number | undefined;
  #lastArrivalUs = 0;
  #ended: (() => void) | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(deps: PipelineDeps) {
    this.#deps = deps;
  }

  get format(): AudioFormat {
    return { kind: "audio", codec: "opus", sampleRate: OPUS_RATE, channels: this.#channels };
  }

  get queue(): number {
    return this.#encode?.queue ?? 0;
  }

  get ratePpm(): number {
    return this.#clock?.ratePpm ?? 0;
  }

  stamps(): EncodeStats["stamps"] {
    return { method: "tracked", uncertaintyUs: 1_000 };
  }

  /** Waits for the first buffer, which tells the true rate. @throws EncodeFailed */
  async arm(input: CaptureInput): Promise<null> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const first = new Promise<void>((resolve, reject) => {
      this.#onFirst = resolve;
      timer = setTimeout(() => reject(EncodeFailed.noInput("the microphone gave no sound")), FIRST_BUFFER_MS);
    });
    this.#read(input);
    await first;
    clearTimeout(timer);
    this.#onFirst = undefined;
    return null;
  }

  begin(session: TrackSession): void {
    this.#makeEncode();
    this.#slicer = new AudioSlicer(session, this.format);
    this.#lastEndUs = undefined;
    this.#lastArrivalUs = this.#deps.clock.nowUs();
    this.#session = session;
  }

  async end(): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    await new Promise<void>((resolve) => {
      this.#ended = resolve;
      if (this.#reader === undefined) resolve();
    });
    this.#ended = undefined;
    await this.#serial(async () => {
      await this.#finishInput(session);
      this.#declareEnd(session);
      this.#session = undefined;
      this.#slicer = undefined;
    });
  }

  async replace(input: CaptureInput): Promise<AudioFormat> {
    if (input.kind !== "audio") throw EncodeFailed.wrongState("a picture for a sound");
    await this.detachInput();
    await this.#serial(async () => {
      if (this.#session) await this.#finishInput(this.#session);
      this.#clock = undefined;
    });
    await this.arm(input);
    return this.format;
  }

  hintCaptureTimes(): boolean {
    return true;
  }

  tick(): void {
    const session = this.#session;
    if (session === undefined) return;
    const nowUs = this.#deps.clock.nowUs();
    if (nowUs > session.keepUntilUs + STOP_GRACE_US) this.#ended?.();
    else if (nowUs - this.#lastArrivalUs > STALL_US && this.#slicer?.isEmpty === false) {
      void this.#serial(async () => this.#sealStalled());
    }
  }

  async detach(): Promise<void> {
    await this.detachInput();
    this.#encode?.close();
    this.#encode = undefined;
  }

  async detachInput(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    await reader?.cancel();
  }

  #read(input: CaptureInput): void {
    const reader = (input.stream as ReadableStream<AudioData>).getReader();
    this.#reader = reader;
    void this.#loop(reader);
  }

  async #loop(reader: Reader): Promise<void> {
    for (;;) {
      const { value: data, done } = await reader.read();
      if (done) break;
      const placed = this.#place(data);
      if (placed.length > 0) await this.#serial(() => this.#take(placed));
    }
    if (this.#reader !== reader) return;
    this.#reader = undefined;
    const session = this.#session;
    // Until another input comes, or the end: what is not sealed would be lost in a crash.
    if (session) await this.#serial(() => this.#finishInput(session));
    this.#ended?.();
    this.#deps.onEvent({ type: "input-ended" });
  }

  /** Nothing more comes of this input: all that it gave goes to the sealer. */
  async #finishInput(session: TrackSession): Promise<void> {
    for (const placed of this.#clock?.drain() ?? []) await this.#keep(session, placed);
    await this.#closeStretch();
    this.#slicer?.sealRest();
  }

  /** Reads one buffer, closes it, and gives what has a certain place by now. */
  #place(data: AudioData): PlacedBlock<Planes>[] {
    const nowUs = this.#deps.clock.nowUs();
    this.#lastArrivalUs = nowUs;
    const endUs = resolveOrigin(data.timestamp, this.#deps.originShiftUs, nowUs);
    const frames = data.numberOfFrames;
    if (this.#clock === undefined || data.sampleRate !== this.#rate) this.#newRate(data);
    const planes = endUs === undefined ? undefined : readPlanes(data, this.#channels);
    const rate = data.sampleRate;
    data.close();
    if (endUs === undefined || planes === undefined) {
      if (this.#session) this.#session.dropped.disorder += (frames * OPUS_RATE) / rate;
      return [];
    }
    this.#onFirst?.();
    // The stamp marks the end of the buffer: it arrives 0.1 ms later, and sound cannot arrive before it was made.
    const startUs = endUs - (frames / rate) * 1e6;
    return this.#clock?.push({ payload: planes, frames, startUs }) ?? [];
  }

  #newRate(data: AudioData): void {
    this.#rate = data.sampleRate;
    this.#clock = new SampleClock(data.sampleRate);
    if (this.#session === undefined) this.#channels = data.numberOfChannels > 1 ? 2 : 1;
  }

  async #take(placed: readonly PlacedBlock<Planes>[]): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    for (const block of placed) {
      await this.#keep(session, block);
      if (block.startUs + (block.frames - block.cutFrames) * block.frameUs >= session.keepUntilUs) this.#ended?.();
    }
  }

  /** Cuts a buffer to what the session keeps, to the sample. */
  async #keep(session: TrackSession, block: PlacedBlock<Planes>): Promise<void> {
    const { startUs, frameUs } = block;
    const early = Math.ceil((session.keepFromUs - startUs) / frameUs);
    const late = Math.ceil((session.keepUntilUs - startUs) / frameUs);
    const from = Math.max(0, early) + block.cutFrames;
    const to = Math.min(block.frames, late + block.cutFrames);
    session.dropped.disorder += block.cutFrames;
    if (to <= from) return;
    const fromUs = startUs + (from - block.cutFrames) * frameUs;
    await this.#joinUp(session, fromUs);
    const planes = block.payload.map((plane) => plane.subarray(from, to));
    session.captured += ((to - from) * OPUS_RATE) / this.#rate;
    this.#feed(planes, fromUs, frameUs);
    this.#lastEndUs = fromUs + (to - from) * frameUs;
  }

  /** What lies between the last sample and this one. */
  async #joinUp(session: TrackSession, fromUs: number): Promise<void> {
    const lastEndUs = this.#lastEndUs;
    if (lastEndUs === undefined) {
      session.firstSample(fromUs, GAP_DECLARED_US);
      return;
    }
    const jumpUs = fromUs - lastEndUs;
    // Rounding of the tracked time; a real jump is 3 ms at least.
    if (jumpUs < 1_000) return;
    const reason = session.gap(lastEndUs, fromUs, "capture-dropped");
    // What was switched off was never captured, so nobody dropped it.
    if (reason !== "muted") session.dropped.capture += Math.round((jumpUs * OPUS_RATE) / 1e6);
    if (jumpUs < FILL_BELOW_US && this.#times !== undefined) {
      session.filled += this.#fill(lastEndUs, jumpUs);
      return;
    }
    await this.#closeStretch();
    this.#slicer?.skip(fromUs, Math.round((jumpUs * OPUS_RATE) / 1e6));
  }

  /** Samples at 48 kHz that were put in. */
  #fill(fromUs: number, lengthUs: number): number {
    const silence = new Float32Array(Math.round((lengthUs * this.#rate) / 1e6));
    if (silence.length === 0) return 0;
    this.#feed(
      Array.from({ length: this.#channels }, () => silence),
      fromUs,
      lengthUs / silence.length,
    );
    return (silence.length * OPUS_RATE) / this.#rate;
  }

  #feed(planes: Planes, fromUs: number, frameUs: number): void {
    const frames = planes[0]?.length ?? 0;
    this.#resampler ??= new Resampler(this.#rate, OPUS_RATE, this.#channels);
    this.#times ??= new SegmentTimes(this.#rate, OPUS_RATE);
    this.#times.add(frames, fromUs, frameUs);
    this.#collect(this.#resampler.push(planes));
  }

  #collect(planes: Planes): void {
    const frames = planes[0]?.length ?? 0;
    for (let at = 0; at < frames; ) {
      const step = Math.min(frames - at, PACKET_FRAMES - this.#blockFrames);
      for (const [channel, plane] of planes.entries()) {
        this.#block.set(plane.subarray(at, at + step), channel * PACKET_FRAMES + this.#blockFrames);
      }
      this.#blockFrames += step;
      at += step;
      if (this.#blockFrames === PACKET_FRAMES) this.#emit(PACKET_FRAMES);
    }
  }

  #emit(frames: number): void {
    const slicer = this.#slicer;
    if (slicer === undefined || this.#times === undefined) return;
    const tag = slicer.tag(this.#times.at(this.#made), frames);
    const planes = Array.from({ length: this.#channels }, (_, channel) =>
      this.#block.subarray(channel * PACKET_FRAMES),
    );
    slicer.meter.add(planes, 0, frames);
    this.#encode?.encode(this.#block, tag);
    this.#made += frames;
    this.#blockFrames = 0;
  }

  /** Ends a stretch without a jump: the filter's rest, the last block filled up with silence, everything out of the encoder. */
  async #closeStretch(): Promise<void> {
    const resampler = this.#resampler;
    const times = this.#times;
    if (resampler === undefined || times === undefined) return;
    this.#collect(resampler.flush());
    const rest = this.#blockFrames;
    const lastFrames = rest === 0 ? PACKET_FRAMES : rest;
    if (rest > 0) {
      for (let channel = 0; channel < this.#channels; channel++) {
        this.#block.fill(0, channel * PACKET_FRAMES + rest, (channel + 1) * PACKET_FRAMES);
      }
      this.#emit(rest);
    }
    const nextUs = times.at(this.#made - lastFrames) + PACKET_US;
    const extra = needsLookAhead(lastFrames) && this.#made > 0 ? this.#slicer?.tag(nextUs, 0) : undefined;
    await this.#encode?.flush(extra);
    this.#resampler = undefined;
    this.#times = undefined;
    this.#made = 0;
  }

  /**
   * The stretch stays open: a page that stood still reads on where it stopped, and a packet that was filled up with silence would
   * lie over the sound that follows. What is in the encoder comes first.
   */
  #sealStalled(): void {
    if (this.#encode?.queue === 0) this.#slicer?.sealRest();
  }

  #makeEncode(): void {
    this.#encode?.close();
    this.#block = new Float32Array(this.#channels * PACKET_FRAMES);
    this.#blockFrames = 0;
    this.#encode = new OpusEncode<PacketTag>(this.#channels, {
      onPacket: (packet) => this.#slicer?.add(packet),
      onFailure: (lost, detail) => this.#onFailure(lost, detail),
    });
  }

  #onFailure(lost: readonly PacketTag[], detail: string): void {
    const first = lost[0];
    const last = lost.at(-1);
    if (first && last) {
      this.#session?.gapBecause(first.atUs, last.atUs + PACKET_US, "encoder-error");
      const frames = lost.reduce((sum, tag) => sum + tag.pcmFrames, 0);
      if (this.#session) this.#session.dropped.encoderError += frames;
    }
    const atUs = asLocal(this.#deps.clock.nowUs());
    this.#deps.onEvent({ type: "problem", problem: "encoder-failed", atUs, detail });
  }

  #declareEnd(session: TrackSession): void {
    const until = session.keepUntilUs;
    const endUs = this.#lastEndUs ?? session.keepFromUs;
    if (Number.isFinite(until) && until - endUs >= GAP_DECLARED_US) session.gap(endUs, until, "capture-dropped");
  }

  /** One thing after the other: buffers, Stop and a change of device all touch the same stretch. */
  #serial(work: () => Promise<void>): Promise<void> {
    const next = this.#work.then(work);
    this.#work = next.catch((error: unknown) => {
      const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      const atUs = asLocal(this.#deps.clock.nowUs());
      this.#deps.onEvent({ type: "problem", problem: "encoder-failed", atUs, detail });
    });
    return next;
  }
}

/** As many channels as the track has, as 32-bit floats. */
function readPlanes(data: AudioData, channels: number): Planes {
  return Array.from({ length: channels }, (_, channel) => {
    const plane = new Float32Array(data.numberOfFrames);
    data.copyTo(plane, { planeIndex: Math.min(channel, data.numberOfChannels - 1), format: "f32-planar" });
    return plane;
  });
}
