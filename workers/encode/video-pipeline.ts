import { FrameClock } from "#core/video/frame-clock.ts";
import { FramePacing } from "#core/video/frame-pacing.ts";
import type { Picture } from "#core/video/codec-candidates.ts";
import type { CaptureInput, CodecChoice, EncodeProblem, EncodeStats } from "#protocol/encode-rpc.ts";
import { EPOCH_MAX_US, type VideoFormat } from "#protocol/epoch-format.ts";
import { GAP_DECLARED_US } from "#protocol/gaps.ts";
import type { Source } from "#protocol/ids.ts";
import { asLocal } from "#protocol/units.ts";
import { EncodeFailed } from "./encode-failed.ts";
import { FrameSampler } from "./frame-sampler.ts";
import type { PipelineDeps, TrackPipeline } from "./track-pipeline.ts";
import type { TrackSession } from "./track-session.ts";
import { type EncodedFrame, MAX_QUEUE, VideoEncode } from "./video-encode.ts";
import { VideoSlicer } from "./video-slicer.ts";
import { choiceForSize, pictureOf, sizeOf, warmUp } from "./video-warm-up.ts";

/** A page that shows nothing hears of no capture times. They come in dozens, every 0.4 s: three of them, and a slow machine. */
const CAPTURE_TIMES_MS = 1_500;

/** After Stop, frames captured before it are awaited this long: five times the slowest delivery seen here. */
const STOP_GRACE_US = 400_000;

/** An open slice is sealed when nothing has arrived for this long, so that a stalled camera risks nothing. */
const STALL_US = 2_500_000;

/** A screen that does not change gives no frames: its last one is encoded again after this long. */
const STILL_US = 1_000_000;

/** A screen may deliver this late; a repeated picture must not come before a real one. */
const STILL_GRACE_US = 300_000;

/** More encoder failures than this within one take, and the track goes on without pictures. */
const MAX_FAILURES = 20;

/** Skipped frames in one epoch from which on the person is told: a sixth of them at 30 a second. */
const SLOW_AFTER = 10;

type Reader = ReadableStreamDefaultReader<VideoFrame>;

/** Camera or screen: frames in, slices out. */
export class VideoPipeline implements TrackPipeline {
  readonly #deps: PipelineDeps;
  readonly #source: Source;
  readonly #encode: VideoEncode;
  readonly #clock = new FrameClock();
  readonly #wantedKeys = new Set<number>();
  #pacing: FramePacing;
  #picture: Picture;
  #choice: CodecChoice | undefined;
  #format: VideoFormat;
  #reader: Reader | undefined;
  readonly #sampler = new FrameSampler();
  #session: TrackSession | undefined;
  #slicer: VideoSlicer | undefined;
  #ended: (() => void) | undefined;
  #onPlaced: (() => void) | undefined;
  #lastAtUs: number | undefined;
  #lastOutUs: number | undefined;
  #lastArrivalUs = 0;
  #epochFirstUs: number | undefined;
  #skippedInEpoch = 0;
  #failures = 0;
  #failedAtUs: number | undefined;
  #resumeFromUs: number | undefined;
  #still: VideoFrame | undefined;

  constructor(deps: PipelineDeps, source: Source, input: CaptureInput & { kind: "video" }) {
    this.#deps = deps;
    this.#source = source;
    this.#picture = pictureOf(input);
    this.#pacing = new FramePacing(input.frameRate);
    this.#format = { kind: "video", codec: "", ...this.#picture };
    this.#encode = new VideoEncode(source, {
      onFrame: (frame) => this.#onFrame(frame),
      onFailure: (detail) => this.#onFailure(detail),
    });
  }

  get format(): VideoFormat {
    return this.#format;
  }

  get queue(): number {
    return this.#encode.queue;
  }

  readonly ratePpm = 0;

  stamps(): EncodeStats["stamps"] {
    return this.#clock.quality();
  }

  /** Reads the first frames, chooses the codec by them, and leaves a warm encoder. @throws EncodeFailed */
  async arm(input: CaptureInput, known: CodecChoice | null): Promise<CodecChoice> {
    this.#read(input);
    const parts = { encode: this.#encode, sampler: this.#sampler, source: this.#source };
    const choice = await warmUp(parts, this.#picture, known, (set) => {
      this.#choice = set.choice;
      this.#picture = set.picture;
      this.#format = set.format;
    });
    if (this.#source === "camera") await this.#untilPlaced();
    return choice;
  }

  begin(session: TrackSession): void {
    this.#clock.freeze();
    this.#slicer = new VideoSlicer(session, this.#source === "screen");
    this.#lastAtUs = undefined;
    this.#lastOutUs = undefined;
    this.#epochFirstUs = undefined;
    this.#failedAtUs = undefined;
    this.#failures = 0;
    this.#resumeFromUs = undefined;
    this.#wantedKeys.clear();
    this.#pacing.missing();
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
    await this.#encode.flush();
    this.#finish(session);
    this.#session = undefined;
    this.#slicer = undefined;
    this.#dropStill();
    this.#clock.thaw();
  }

  async replace(input: CaptureInput): Promise<VideoFormat> {
    if (input.kind !== "video") throw EncodeFailed.wrongState("a sound for a picture");
    await this.detachInput();
    await this.#encode.flush();
    this.#slicer?.seal(undefined, this.#pacing.intervalUs);
    this.#slicer?.newRun();
    this.#epochFirstUs = undefined;
    this.#resumeFromUs = this.#lastAtUs === undefined ? undefined : this.#lastAtUs + this.#pacing.intervalUs;
    this.#pacing.restart(input.frameRate);
    this.#picture = { ...this.#picture, frameRate: pictureOf(input).frameRate };
    this.#read(input);
    return this.#format;
  }

  hintCaptureTimes(captureUs: readonly number[]): boolean {
    this.#clock.hint(captureUs);
    return this.#clock.isKnown;
  }

  tick(): void {
    const session = this.#session;
    if (session === undefined) return;
    const nowUs = this.#deps.clock.nowUs();
    this.#repeatStill(session, nowUs);
    if (nowUs > session.keepUntilUs + STOP_GRACE_US) this.#ended?.();
    else if (nowUs - this.#lastArrivalUs > STALL_US && this.#epochFirstUs !== undefined) this.#sealStalled();
  }

  async detach(): Promise<void> {
    await this.detachInput();
    this.#dropStill();
    this.#encode.close();
  }

  async detachInput(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    await reader?.cancel();
  }

  /** Within a take the mapping of stamps moves slowly at most: what there is to know is better known before. */
  async #untilPlaced(): Promise<void> {
    if (this.#clock.isKnown) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#onPlaced = resolve;
      timer = setTimeout(resolve, CAPTURE_TIMES_MS);
    });
    clearTimeout(timer);
    this.#onPlaced = undefined;
  }

  #read(input: CaptureInput): void {
    const reader = (input.stream as ReadableStream<VideoFrame>).getReader();
    this.#reader = reader;
    void this.#loop(reader);
  }

  /** Nothing in here may wait for a disk: the queue before it holds 8 frames. */
  async #loop(reader: Reader): Promise<void> {
    for (;;) {
      const { value: frame, done } = await reader.read();
      if (done) break;
      try {
        if (this.#isNewSize(frame)) await this.#resize(frame);
        this.#take(frame);
      } finally {
        frame.close();
      }
    }
    if (this.#reader !== reader) return;
    this.#reader = undefined;
    // Until another input comes, or the end: what is not sealed would be lost in a crash.
    if (this.#epochFirstUs !== undefined) this.#sealStalled();
    this.#ended?.();
    this.#deps.onEvent({ type: "input-ended" });
  }

  #take(frame: VideoFrame): void {
    const nowUs = this.#deps.clock.nowUs();
    this.#lastArrivalUs = nowUs;
    this.#clock.arrived(frame.timestamp, nowUs);
    if (this.#onPlaced && this.#clock.isKnown) this.#onPlaced();
    this.#sampler.offer(frame);
    const session = this.#session;
    const atUs = this.#clock.localUs(frame.timestamp);
    if (atUs === undefined) return;
    if (session === undefined || atUs < session.keepFromUs) {
      this.#pacing.frame(atUs, nowUs - atUs);
      this.#pacing.missing();
      if (this.#source === "screen") this.#keepStill(frame);
      return;
    }
    if (atUs >= session.keepUntilUs) {
      this.#ended?.();
      return;
    }
    this.#keep(session, frame, atUs, nowUs);
  }

  #keep(session: TrackSession, frame: VideoFrame, atUs: number, nowUs: number): void {
    if (this.#source === "screen") this.#bridge(session, atUs);
    const lastUs = this.#lastAtUs;
    const early = this.#resumeFromUs !== undefined && atUs < this.#resumeFromUs;
    if (lastUs !== undefined && (atUs <= lastUs || early)) {
      session.dropped.disorder += 1;
      return;
    }
    session.captured += 1;
    this.#lastAtUs = atUs;
    if (this.#resumeFromUs !== undefined) session.gap(this.#resumeFromUs, atUs, "config-change");
    this.#resumeFromUs = undefined;
    if (this.#source !== "screen") {
      this.#pacing.frame(atUs, nowUs - atUs);
      // What is missing before the first frame is told by how late that is.
      if (lastUs === undefined) this.#pacing.missing();
      if (this.#pacing.settled) this.#declareMissing(session);
    }
    if (lastUs === undefined) session.firstSample(atUs, 2 * this.#pacing.intervalUs);
    if (!this.#submit(session, frame, atUs)) return;
    if (this.#source === "screen") this.#keepStill(frame);
  }

  /** False: skipped, since the encoder has fallen behind. A wanted key frame is never skipped. */
  #submit(session: TrackSession, frame: VideoFrame, atUs: number): boolean {
    const { intervalUs } = this.#pacing;
    const first = this.#epochFirstUs;
    const key = first === undefined || atUs + intervalUs - first > EPOCH_MAX_US;
    if (!key && this.#encode.queue >= MAX_QUEUE) {
      session.dropped.encoderBusy += 1;
      session.gapBecause(atUs, atUs + intervalUs, "encoder-busy");
      this.#skippedInEpoch += 1;
      if (this.#skippedInEpoch === SLOW_AFTER) this.#problem("encoder-slow", "frames are skipped");
      return false;
    }
    if (this.#failedAtUs !== undefined) this.#recover(session, atUs);
    if (key) {
      this.#epochFirstUs = atUs;
      this.#wantedKeys.add(frame.timestamp);
      this.#skippedInEpoch = 0;
    }
    this.#encode.encode(frame, key);
    return true;
  }

  #onFrame(frame: EncodedFrame): void {
    const slicer = this.#slicer;
    const atUs = this.#clock.localUs(frame.stampUs);
    if (slicer === undefined || atUs === undefined) return;
    const cut = this.#wantedKeys.delete(frame.stampUs);
    if (cut && this.#session) this.#declareMissing(this.#session);
    this.#lastOutUs = atUs;
    this.#format = frame.media;
    slicer.add(frame, atUs, cut, this.#pacing.intervalUs);
  }

  #declareMissing(session: TrackSession): void {
    for (const missing of this.#pacing.missing()) {
      session.dropped.capture += missing.frames;
      session.gap(missing.fromUs, missing.toUs, "capture-dropped");
    }
  }

  /** What was in the encoder is lost; the next frame starts anew with a key frame. */
  #onFailure(detail: string): void {
    this.#failures += 1;
    this.#epochFirstUs = undefined;
    this.#wantedKeys.clear();
    this.#failedAtUs = this.#lastOutUs ?? this.#session?.keepFromUs ?? this.#deps.clock.nowUs();
    if (this.#failures <= MAX_FAILURES && this.#choice) this.#encode.configure(this.#choice, this.#picture);
    this.#problem("encoder-failed", detail);
  }

  #recover(session: TrackSession, atUs: number): void {
    const { intervalUs } = this.#pacing;
    const fromUs = (this.#failedAtUs ?? atUs) + (this.#lastOutUs === undefined ? 0 : intervalUs);
    this.#failedAtUs = undefined;
    const lost = Math.round((atUs - fromUs) / intervalUs);
    if (lost <= 0) return;
    this.#slicer?.seal(undefined, intervalUs);
    session.dropped.encoderError += lost;
    session.gapBecause(fromUs, atUs, "encoder-error");
  }

  #isNewSize(frame: VideoFrame): boolean {
    if (this.#choice === undefined) return false;
    const { width, height } = sizeOf(frame);
    return width !== this.#picture.width || height !== this.#picture.height;
  }

  /** Another size: the codec must be set anew, which is a new run. The frames wait in their queue meanwhile. */
  async #resize(frame: VideoFrame): Promise<void> {
    if (this.#choice === undefined) return;
    const startUs = this.#deps.clock.nowUs();
    const atUs = this.#clock.localUs(frame.timestamp);
    await this.#encode.flush();
    const nextUs = atUs === undefined ? undefined : this.#session?.trackUs(atUs);
    this.#slicer?.seal(nextUs, this.#pacing.intervalUs);
    this.#picture = { ...this.#picture, ...sizeOf(frame) };
    const choice = await choiceForSize(this.#choice, this.#picture, this.#source);
    this.#choice = choice;
    this.#format = this.#encode.configure(choice, this.#picture);
    this.#epochFirstUs = undefined;
    this.#dropStill();
    this.#session?.note("config-change", startUs, this.#deps.clock.nowUs());
  }

  #sealStalled(): void {
    this.#epochFirstUs = undefined;
    const slicer = this.#slicer;
    void this.#encode.flush().then(() => slicer?.seal(undefined, this.#pacing.intervalUs));
  }

  #finish(session: TrackSession): void {
    const { intervalUs } = this.#pacing;
    this.#declareMissing(session);
    const last = this.#lastAtUs;
    const until = session.keepUntilUs;
    const known = Number.isFinite(until);
    if (this.#source === "screen" && last !== undefined && known) {
      this.#slicer?.seal(session.trackUs(until), intervalUs);
      return;
    }
    this.#slicer?.seal(undefined, intervalUs);
    if (!known) return;
    const endUs = last === undefined ? session.keepFromUs : last + intervalUs;
    if (until - endUs > intervalUs + GAP_DECLARED_US) session.gap(endUs, until, "capture-dropped");
  }

  #keepStill(frame: VideoFrame): void {
    this.#dropStill();
    this.#still = frame.clone();
  }

  #dropStill(): void {
    this.#still?.close();
    this.#still = undefined;
  }

  #repeatStill(session: TrackSession, nowUs: number): void {
    const still = this.#still;
    const last = this.#lastAtUs ?? session.keepFromUs - STILL_US;
    if (still === undefined || nowUs - last < STILL_US + STILL_GRACE_US) return;
    this.#lastArrivalUs = nowUs;
    this.#bridge(session, last + STILL_US);
    if (this.#lastAtUs === undefined || this.#lastAtUs <= last) this.#repeatAt(session, still, last + STILL_US);
  }

  /** A screen stood still up to `atUs`: its picture stands from the take's zero on, and again where an epoch must end. */
  #bridge(session: TrackSession, atUs: number): void {
    if (this.#still === undefined) return;
    if (this.#lastAtUs === undefined) this.#repeatAt(session, this.#still, session.keepFromUs);
    const endUs = (this.#epochFirstUs ?? atUs) + EPOCH_MAX_US;
    const isBetween = this.#lastAtUs !== undefined && this.#lastAtUs < endUs && endUs < atUs;
    if (isBetween && this.#still) this.#repeatAt(session, this.#still, endUs);
  }

  #repeatAt(session: TrackSession, still: VideoFrame, atUs: number): void {
    const offsetUs = this.#clock.offsetUs();
    if (offsetUs === undefined || atUs >= session.keepUntilUs) return;
    const frame = new VideoFrame(still, { timestamp: Math.ceil(atUs - offsetUs) });
    this.#lastAtUs = frame.timestamp + offsetUs;
    session.repeated += 1;
    this.#submit(session, frame, this.#lastAtUs);
    this.#keepStill(frame);
    frame.close();
  }

  #problem(problem: EncodeProblem, detail: string): void {
    this.#deps.onEvent({ type: "problem", problem, atUs: asLocal(this.#deps.clock.nowUs()), detail });
  }
}
