import type { JournalChannel } from "#core/ports/journal-channel.ts";
import type { LockPort } from "#core/ports/lock-port.ts";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import type { Clock } from "#core/ports/time.ts";
import type { TrackEncoderFactory } from "#core/ports/track-encoder.ts";
import { closeTrack } from "#core/recovery/close-track.ts";
import type { ClockSample } from "#protocol/clock.ts";
import type { EncodeEvent, EncodeStats, StartRequest } from "#protocol/encode-rpc.ts";
import type { Source, TakeId, TrackId } from "#protocol/ids.ts";
import { takeLock } from "#protocol/sw-messages.ts";
import type { TakeRow, TrackRow } from "#protocol/take-manifest.ts";
import { asLocal, type LocalMicros } from "#protocol/units.ts";
import { type CodecMemory, type OpenCapture, SourceRecorder } from "./source-recorder.ts";
import { healthOf, RecorderError, type RecorderState, type TakeOrder, type TrackState } from "./take-state.ts";

export interface RecorderPorts {
  readonly repo: TakeRepo;
  readonly locks: LockPort;
  readonly clock: Clock;
  readonly channel: JournalChannel;
  readonly newEncoder: TrackEncoderFactory;
  readonly newTrackId: () => TrackId;
  /** `performance.timeOrigin` of the page. */
  readonly pageTimeOriginMs: number;
}

export interface RecorderEvents {
  /** After each change; at most a few times a second. */
  changed(state: RecorderState): void;
  /** A device is gone. Open one and give it with {@link TakeRecorder.replace}, or leave it. */
  sourceLost(source: Source): void;
  /** A fault that nobody waits for. */
  failed(error: unknown): void;
}

/** A worker that died this often within one take is not made again. */
const MAX_DEATHS = 3;

const IDLE: RecorderState = {
  phase: "idle",
  health: "clean",
  order: null,
  stoppedUs: null,
  sources: [],
  off: [],
  tracks: [],
};

/**
 * Records takes from the sources that are armed: in a room or alone, which it does not know apart. Arm sources in the
 * lobby, so that codecs are chosen and encoders warm when a take starts. Nothing is kept before {@link start}. Rules CP20… in
 * docs/spec/capture.md.
 */
export class TakeRecorder {
  readonly #ports: RecorderPorts;
  readonly #events: RecorderEvents;
  readonly #sources = new Map<Source, SourceRecorder>();
  readonly #codecs: CodecMemory = new Map();
  #state: RecorderState = IDLE;
  #release: (() => void) | undefined;
  #clock: ClockSample | null = null;
  #deaths = 0;
  /** What the person has switched off, and since when. */
  readonly #off = new Map<Source, LocalMicros>();
  /** When this device heard of the take. */
  #begunUs: LocalMicros = asLocal(0);

  constructor(ports: RecorderPorts, events: RecorderEvents) {
    this.#ports = ports;
    this.#events = events;
  }

  get state(): RecorderState {
    return this.#state;
  }

  /**
   * Adds a source, or gives one another device. While a take rolls it is recorded from now on.
   * @param late while a take rolls: time since its zero is a gap. False for a screen that is shared in mid-take.
   * @returns whether it is ready; why not is in its state
   */
  async arm(source: Source, open: OpenCapture, late = false): Promise<boolean> {
    if (this.#sources.has(source)) return this.replace(source, open);
    const { clock, newEncoder, pageTimeOriginMs } = this.#ports;
    const ports = { clock, newEncoder, pageTimeOriginMs, codecs: this.#codecs };
    const recorder = new SourceRecorder(source, open, ports, {
      changed: () => this.#publish(),
      encoded: (from, event) => this.#onEncoded(from, event),
      lost: (from) => this.#events.sourceLost(from),
      died: (from) => {
        this.#revive(from).catch((error: unknown) => this.#events.failed(error));
      },
    });
    this.#sources.set(source, recorder);
    recorder.setClock(this.#clock);
    this.#publish();
    const ready = (await recorder.arm()) && (await this.#joinTake(recorder, late));
    this.#switchedOn(source);
    return ready;
  }

  /** Another device for a source that is armed; in mid-take the same track goes on after a declared gap. */
  async replace(source: Source, open: OpenCapture): Promise<boolean> {
    const recorder = this.#sources.get(source);
    if (recorder === undefined) return this.arm(source, open);
    const ready = await recorder.replace(open);
    this.#switchedOn(source);
    return ready && (recorder.track !== undefined || this.#joinTake(recorder, false));
  }

  /**
   * The person switched a source off: its device is let go of until {@link arm} brings it back. While a take rolls its track goes on
   * then, after a gap `muted`; without a track it gets one, whose gap begins where the take or the switching off did.
   */
  async switchOff(source: Source): Promise<void> {
    if (!this.#off.has(source)) this.#off.set(source, this.#ports.clock.nowUs());
    const recorder = this.#sources.get(source);
    if (recorder?.track === undefined) await this.remove(source);
    else recorder.switchOff();
    this.#publish();
  }

  /** Lets go of a device that is opened anew; {@link arm} follows at once. */
  release(source: Source): void {
    this.#sources.get(source)?.release();
  }

  /**
   * There is no device to {@link arm} though the person wants one: refused, or gone. While a take rolls its track goes on when one is
   * there again; else the source is let go of.
   */
  async withoutDevice(source: Source): Promise<void> {
    this.#switchedOn(source);
    const recorder = this.#sources.get(source);
    if (this.#state.phase === "rolling" && recorder?.track !== undefined) recorder.withoutDevice();
    else await this.remove(source);
  }

  /** Lets go of a source; its track, when one is open, is closed first. */
  async remove(source: Source): Promise<void> {
    const recorder = this.#sources.get(source);
    if (recorder === undefined) return;
    await this.#stopSource(recorder, this.#ports.clock.nowUs());
    this.#sources.delete(source);
    await recorder.close();
    this.#publish();
  }

  /** The newest knowledge of the room's clock: goes into every epoch from now on. */
  setClock(sample: ClockSample | null): void {
    this.#clock = sample;
    for (const recorder of this.#sources.values()) recorder.setClock(sample);
  }

  /**
   * Starts a take with everything that is armed; sources that are still arming join as soon as they are ready. Call it before the
   * take's zero to lose nothing. A take that this device recorded before (a reload) gets new tracks.
   * @throws RecorderError
   */
  async start(order: TakeOrder): Promise<void> {
    if (this.#isBusy()) throw RecorderError.takeRolling();
    if (this.#sources.size === 0 && this.#off.size === 0) throw RecorderError.noSources();
    this.#deaths = 0;
    this.#begunUs = this.#ports.clock.nowUs();
    this.#set({ phase: "starting", order, stoppedUs: null, tracks: [] });
    try {
      this.#release = await this.#ports.locks.tryHold(takeLock(order.take), "shared");
      if (this.#release === undefined) throw RecorderError.locked();
      await this.#ports.repo.putTake(await this.#takeRow(order));
      await this.#startReady(order);
    } catch (error) {
      this.#letGo();
      this.#set({ phase: "idle", order: null, tracks: [] });
      throw error;
    }
    this.#ports.channel.tell({ type: "take-changed", take: order.take });
  }

  /** Keeps what was captured before `atUs`, drains to the disk, closes the take. Resolves when all is kept. */
  async stop(atUs: LocalMicros): Promise<void> {
    const { order } = this.#state;
    if (order === null || this.#state.phase !== "rolling") return;
    this.#set({ phase: "draining", stoppedUs: atUs });
    await Promise.all([...this.#sources.values()].map((recorder) => this.#stopSource(recorder, atUs)));
    await Promise.all([...this.#off.keys()].map((source) => this.remove(source)));
    await this.#closeTake(order.take);
    this.#letGo();
    this.#set({ phase: "stopped" });
    this.#ports.channel.tell({ type: "take-changed", take: order.take });
  }

  /** Figures for the debug panel; ask at most twice a second. */
  async stats(): Promise<readonly EncodeStats[]> {
    const all = await Promise.all([...this.#sources.values()].map((recorder) => recorder.stats()));
    return all.filter((stats) => stats !== null);
  }

  /** Lets go of everything. A take that rolls is stopped now. */
  async close(): Promise<void> {
    await this.stop(this.#ports.clock.nowUs());
    await Promise.all([...this.#sources.keys()].map((source) => this.remove(source)));
  }

  /** Of a take in which everything stayed switched off nothing is left. */
  async #closeTake(take: TakeId): Promise<void> {
    const { repo, clock } = this.#ports;
    if ((await repo.tracks(take)).length === 0) return repo.deleteTake(take);
    const row = await repo.take(take);
    if (row) await repo.putTake({ ...row, state: "stopped", stoppedMs: clock.wallMs() });
  }

  #switchedOn(source: Source): void {
    if (this.#off.delete(source)) this.#publish();
  }

  #isBusy(): boolean {
    return ["starting", "rolling", "draining"].includes(this.#state.phase);
  }

  /** All tracks are in the manifest before any of them has an epoch. */
  async #startReady(order: TakeOrder): Promise<void> {
    const ready = [...this.#sources.values()].filter(
      (recorder) => recorder.state.phase === "armed" || recorder.state.phase === "lost",
    );
    const rows = ready.map((recorder) => this.#trackRow(order, recorder));
    for (const row of rows) await this.#ports.repo.putTrack(row);
    this.#set({ phase: "rolling", tracks: rows.map(trackStateOf) });
    await Promise.all(ready.map((recorder, index) => this.#startSource(order, recorder, rows[index], true)));
    // What became ready in the meantime.
    await Promise.all([...this.#sources.values()].map((recorder) => this.#joinTake(recorder, true)));
  }

  async #takeRow(order: TakeOrder): Promise<TakeRow> {
    const there = await this.#ports.repo.take(order.take);
    if (there) return { ...there, state: "recording", stoppedMs: null };
    const { take, room, participant, participantName, title, consentMs, zeroUs, zeroRoomUs } = order;
    const { clock, pageTimeOriginMs } = this.#ports;
    const startedMs = Math.round(clock.wallMs() + (zeroUs - clock.nowUs()) / 1000);
    const names = { take, room, participant, participantName, title };
    const times = { startedMs, consentMs, zeroRoomUs, timeOriginMs: pageTimeOriginMs };
    return { ...names, ...times, state: "recording", stoppedMs: null };
  }

  /** A late device's own time begins now; one that is ready in time begins with the take. */
  #trackRow(order: TakeOrder, recorder: SourceRecorder): TrackRow {
    const nowUs = asLocal(Math.round(this.#ports.clock.nowUs()));
    return {
      track: this.#ports.newTrackId(),
      take: order.take,
      ...(order.participant === null ? {} : { participant: order.participant, participantName: order.participantName }),
      source: recorder.source,
      label: recorder.state.label,
      trackZeroUs: order.zeroUs > nowUs ? order.zeroUs : nowUs,
      state: "recording",
      epochs: 0,
      gaps: [],
      endUs: null,
      sealed: false,
    };
  }

  /**
   * A source that became ready while a take rolls.
   * @param late unless a track of it was there before: time since the take's zero is a gap
   */
  async #joinTake(recorder: SourceRecorder, late: boolean): Promise<boolean> {
    const { order, phase, tracks } = this.#state;
    const ready = recorder.state.phase === "armed" && recorder.track === undefined;
    if (order === null || phase !== "rolling" || !ready) return recorder.state.phase !== "failed";
    const row = this.#trackRow(order, recorder);
    recorder.track = row.track;
    await this.#ports.repo.putTrack(row);
    const isFirst = tracks.every((track) => track.source !== recorder.source);
    this.#set({ tracks: [...this.#state.tracks, trackStateOf(row)] });
    return this.#startSource(order, recorder, row, late && isFirst);
  }

  async #startSource(
    order: TakeOrder,
    recorder: SourceRecorder,
    row: TrackRow | undefined,
    declareLate: boolean,
  ): Promise<boolean> {
    if (row === undefined) return false;
    const { room, participant, participantName, zeroUs, zeroRoomUs } = order;
    const names = { track: row, room, participant, participantName };
    const times = { takeZeroUs: zeroUs, takeZeroRoomUs: zeroRoomUs, declareLate, clock: this.#clock };
    const request: StartRequest = { ...names, ...times, offFromUs: this.#offFromUs(recorder.source, zeroUs) };
    const started = await recorder.start(request);
    if (!started) await this.#closeByRows(row.track);
    return started;
  }

  #offFromUs(source: Source, zeroUs: LocalMicros): LocalMicros | null {
    const offUs = this.#off.get(source);
    return offUs === undefined ? null : asLocal(Math.max(offUs, zeroUs, this.#begunUs));
  }

  async #stopSource(recorder: SourceRecorder, atUs: LocalMicros): Promise<void> {
    const { track } = recorder;
    if (track === undefined) return;
    if (await recorder.stop(atUs)) await this.#readTrack(track);
    else await this.#closeByRows(track);
  }

  /** The worker is gone: its track ends with what it had sealed, and another track goes on. */
  async #revive(source: Source): Promise<void> {
    const recorder = this.#sources.get(source);
    if (recorder === undefined) return;
    const { track } = recorder;
    if (track !== undefined) await this.#closeByRows(track);
    if (this.#off.has(source)) {
      this.#sources.delete(source);
      recorder.kill();
      this.#publish();
      return;
    }
    this.#deaths += 1;
    if (this.#deaths > MAX_DEATHS) return;
    if (await recorder.revive()) await this.#joinTake(recorder, false);
  }

  async #closeByRows(track: TrackId): Promise<void> {
    const { order } = this.#state;
    if (order === null) return;
    await closeTrack(this.#ports.repo, order.take, track);
    this.#ports.channel.tell({ type: "track-closed", take: order.take, track });
    await this.#readTrack(track);
  }

  /** What the manifest says of a track that was closed. */
  async #readTrack(track: TrackId): Promise<void> {
    const { order } = this.#state;
    if (order === null) return;
    const row = (await this.#ports.repo.tracks(order.take)).find((one) => one.track === track);
    if (row === undefined) return;
    this.#changeTrack(track, { epochs: row.epochs, endUs: row.endUs ?? 0, gaps: row.gaps, open: false });
  }

  #onEncoded(source: Source, event: EncodeEvent): void {
    const track = this.#sources.get(source)?.track;
    const state = this.#state.tracks.find((one) => one.track === track);
    if (track === undefined || state === undefined || !state.open) return;
    if (event.type === "sealed") {
      const { epochs, bytes, endUs } = event;
      this.#changeTrack(track, { epochs, bytes, endUs });
    } else if (event.type === "gap") {
      this.#changeTrack(track, { gaps: [...state.gaps, event.gap] });
    }
  }

  #changeTrack(track: TrackId, change: Partial<TrackState>): void {
    this.#set({ tracks: this.#state.tracks.map((one) => (one.track === track ? { ...one, ...change } : one)) });
  }

  #letGo(): void {
    this.#release?.();
    this.#release = undefined;
  }

  #set(change: Partial<RecorderState>): void {
    this.#state = { ...this.#state, ...change };
    this.#publish();
  }

  #publish(): void {
    const sources = [...this.#sources.values()].map((recorder) => recorder.state);
    const state = { ...this.#state, sources, off: [...this.#off.keys()] };
    this.#state = { ...state, health: healthOf(state) };
    this.#events.changed(this.#state);
  }
}

function trackStateOf(row: TrackRow): TrackState {
  const { track, source, label, trackZeroUs } = row;
  return { track, source, label, zeroUs: trackZeroUs, epochs: 0, bytes: 0, endUs: 0, gaps: [], open: true };
}
