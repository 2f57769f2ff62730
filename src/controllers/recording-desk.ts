import type { CaptureSource } from "#core/ports/capture-source.ts";
import type { JournalChannel } from "#core/ports/journal-channel.ts";
import type { TakeRepo, TakeTotals } from "#core/ports/take-repo.ts";
import type { Clock, Scheduler } from "#core/ports/time.ts";
import type { RecorderEvents, TakeRecorder } from "#core/take/take-recorder.ts";
import type { RecorderState, TakeOrder, TrackState } from "#core/take/take-state.ts";
import type { ClockSample } from "#protocol/clock.ts";
import { isLoss } from "#protocol/gaps.ts";
import type { Source, TakeId } from "#protocol/ids.ts";
import type { LocalMicros } from "#protocol/units.ts";
import type { OwnRecording } from "./own-recording.ts";
import { isBehind, problemOfSource } from "./recording-problems.ts";
import { createRefresher, type Refresher } from "./refresher.ts";
import type { DeviceTrack, StudioDevices, SwitchedDevice } from "./studio-devices.ts";
import type { TrackFiguresView } from "./studio-view.ts";
import type { GapView } from "./tape-view.ts";
import { trackFiguresOf } from "./track-figures.ts";
import { createViewCell, type ViewSource } from "./view-source.ts";

/** The recorder's code; it may be fetched late, since a lobby does not need it. */
export interface RecorderParts<Track extends DeviceTrack = DeviceTrack> {
  readonly newRecorder: (events: RecorderEvents) => TakeRecorder;
  readonly captureOf: (source: Source, track: Track) => CaptureSource;
}

export interface RecordingDeskPorts<Track extends DeviceTrack = DeviceTrack> extends RecorderParts<Track> {
  readonly devices: StudioDevices<Track>;
  readonly repo: Pick<TakeRepo, "trackTotals">;
  readonly journal: JournalChannel;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly report: (error: unknown) => void;
}

/** Devices and recorder of this page, as one: what is open is armed, and what is recorded is shown. */
export interface RecordingDesk {
  /** `null` before the first take of this page. */
  readonly own: ViewSource<OwnRecording | null>;
  /** A device that is open is not ready to record yet: its codec is being chosen. */
  readonly arming: ViewSource<boolean>;
  /** Resolves when everything that is open now can begin at a take's zero, or cannot be recorded at all. */
  armed(): Promise<void>;
  start(order: TakeOrder): void;
  /** Resolves when all is on the disk. */
  stop(atUs: LocalMicros): Promise<void>;
  setClock(sample: ClockSample): void;
  watchFigures(open: boolean): void;
  /** An encoder has skipped frames just now: whatever else loads this device should do less. */
  isBehind(): boolean;
  close(): Promise<void>;
}

const NOTHING_KEPT: TakeTotals = { epochs: 0, bytes: 0, pendingEpochs: 0, pendingBytes: 0 };

/** The tape and the figures move this often while a take runs. */
const LOOK_EVERY_MS = 1_000;

const SOURCES = [
  ["camera", "camera"],
  ["microphone", "microphone"],
  ["screen", "screen"],
  ["screenAudio", "screen-audio"],
] as const;

export function createRecordingDesk<Track extends DeviceTrack>(ports: RecordingDeskPorts<Track>): RecordingDesk {
  const { devices, clock } = ports;
  const own = createViewCell<OwnRecording | null>(null);
  const arming = createViewCell(false);
  const closing = new AbortController();
  let totals: { take: TakeId; of: TakeTotals } | undefined;
  let figures: readonly TrackFiguresView[] = [];
  let watching = false;

  let recorderArms = false;
  let turnsLeft = 0;
  const showArming = (): void => arming.set(recorderArms || turnsLeft > 0);
  const show = (): void => own.set(ownOf(recorder.state, totals, figures, clock.nowUs()));
  const recorder = ports.newRecorder({
    changed: ({ sources }) => {
      recorderArms = sources.some((source) => source.phase === "arming");
      showArming();
      show();
      look.ask();
    },
    // the device desk opens another device by itself, and the follower gives it to the recorder
    sourceLost: () => undefined,
    failed: ports.report,
  });
  let begun: Promise<void> = Promise.resolve();
  const look: Refresher = createRefresher(
    async (signal) => {
      const take = recorder.state.order?.take;
      if (take === undefined) return;
      const of = await totalsOfTracks(ports.repo, recorder.state.tracks);
      const stats = watching ? await recorder.stats() : undefined;
      if (signal.aborted) return;
      totals = { take, of };
      if (stats !== undefined) figures = stats.map((each) => trackFiguresOf(each));
      show();
    },
    { ...ports, failed: ports.report },
  );
  const follow = createSourceFollower(recorder, ports, {
    begun: () => begun,
    closing: closing.signal,
    toArm: (left) => {
      turnsLeft = left;
      showArming();
    },
  });
  const ways = [
    devices.open.subscribe(() => follow.follow()),
    devices.off.subscribe(() => follow.follow()),
    devices.switching.subscribe(() => follow.follow()),
    ports.journal.listen(() => look.ask()),
  ];
  follow.follow();
  keepLooking(look, ports.scheduler, closing.signal, () => recorder.state.phase === "rolling" || watching).catch(
    ports.report,
  );
  return {
    own,
    arming,
    armed: () => follow.settled(),
    start(order) {
      begun = recorder.start(order).catch(ports.report);
    },
    async stop(atUs) {
      await begun;
      await recorder.stop(atUs);
    },
    setClock: (sample) => recorder.setClock(sample),
    watchFigures(open) {
      watching = open;
      if (open) look.ask();
    },
    isBehind: () => isBehind(recorder.state.sources, clock.nowUs()),
    async close() {
      closing.abort();
      look.close();
      for (const leave of ways) leave();
      await recorder.close();
    },
  };
}

/** Of this window's own tracks: another window of this browser may record somebody else in the same take. */
async function totalsOfTracks(repo: Pick<TakeRepo, "trackTotals">, tracks: readonly TrackState[]): Promise<TakeTotals> {
  const all = await Promise.all(tracks.map((track) => repo.trackTotals(track.track)));
  return all.reduce(
    (sum, one) => ({
      epochs: sum.epochs + one.epochs,
      bytes: sum.bytes + one.bytes,
      pendingEpochs: sum.pendingEpochs + one.pendingEpochs,
      pendingBytes: sum.pendingBytes + one.pendingBytes,
    }),
    NOTHING_KEPT,
  );
}

async function keepLooking(look: Refresher, scheduler: Scheduler, signal: AbortSignal, moving: () => boolean) {
  try {
    while (!signal.aborted) {
      await scheduler.delay(LOOK_EVERY_MS, signal);
      if (moving()) look.ask();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

interface SourceFollowerHooks {
  /** Resolves when the take that is being started has its rows. */
  readonly begun: () => Promise<void>;
  readonly closing: AbortSignal;
  /** How many devices are still to be armed: told as soon as they are open, since their turn comes later. */
  readonly toArm: (left: number) => void;
}

/**
 * Keeps the recorder's sources to what is open: arms what is new, replaces what changed, lets go of what is gone or switched off.
 * Each source has its own turn: a microphone that is switched off does not wait for a camera that is being armed.
 */
function createSourceFollower<Track extends DeviceTrack>(
  recorder: TakeRecorder,
  { devices, captureOf, report }: RecordingDeskPorts<Track>,
  { begun, closing, toArm }: SourceFollowerHooks,
) {
  /** The track that is recorded; "": its device is being opened anew. */
  const armed = new Map<Source, string>();
  const turns = new Map<Source, Promise<void>>();
  let left = 0;
  const arms = (change: 1 | -1): void => toArm((left += change));
  const none = async (source: Source, why: "off" | "switching" | "none"): Promise<void> => {
    if (why === "switching") {
      if (!armed.has(source)) return;
      armed.set(source, "");
      recorder.release(source);
      return;
    }
    if (!armed.delete(source) && why === "none" && !recorder.state.off.includes(source)) return;
    // a take that is being started has its rows written already, and no tracks that could be left open
    await begun();
    if (why === "off") await recorder.switchOff(source);
    else if (isOfPerson(source)) await recorder.withoutDevice(source);
    else await recorder.remove(source);
  };
  const one = async (source: Source, track: Track | undefined, why: "off" | "switching" | "none"): Promise<void> => {
    // whose turn comes after the desk was closed must not be opened again
    if (closing.aborted) return;
    if (track === undefined) return none(source, why);
    if (armed.get(source) === track.id) return;
    armed.set(source, track.id);
    const open = (): CaptureSource => captureOf(source, track);
    await recorder.arm(source, open, isOfPerson(source));
  };
  const follow = (): void => {
    const open = devices.open.get();
    const off = devices.off.get();
    const switching = devices.switching.get();
    for (const [key, source] of SOURCES) {
      const why = isOfPerson(source) && off[source] ? "off" : source === switching ? "switching" : "none";
      const turn = turns.get(source) ?? Promise.resolve();
      const track = open[key];
      const next = turn.then(() => one(source, track, why)).catch(report);
      const isNews = track !== undefined && armed.get(source) !== track.id;
      if (isNews) arms(1);
      turns.set(source, isNews ? next.finally(() => arms(-1)) : next);
    }
  };
  return { follow, settled: async () => void (await Promise.all(turns.values())) };
}

/** What everybody has from the take's zero on; a screen is shared for a while. */
function isOfPerson(source: Source): source is SwitchedDevice {
  return source === "camera" || source === "microphone";
}

function ownOf(
  state: RecorderState,
  totals: { readonly take: TakeId; readonly of: TakeTotals } | undefined,
  tracks: readonly TrackFiguresView[],
  nowUs: LocalMicros,
): OwnRecording | null {
  const { order } = state;
  if (order === null) return null;
  const endUs = state.stoppedUs ?? nowUs;
  const failed = state.phase === "rolling" && state.off.length === 0 && !state.tracks.some((track) => track.open);
  const gapViews = (losses: boolean): GapView[] => state.tracks.flatMap((track) => gapsOf(track, order.zeroUs, losses));
  return {
    take: order.take,
    phase: failed ? "failed" : PHASES[state.phase],
    zeroMs: order.zeroUs / 1000,
    lengthMs: Math.max(0, (endUs - order.zeroUs) / 1000),
    sources: [
      ...new Set(state.tracks.filter((track) => track.open || state.phase === "stopped").map((track) => track.source)),
    ],
    totals: totals?.take === order.take ? totals.of : NOTHING_KEPT,
    gaps: gapViews(true),
    off: gapViews(false),
    problems: state.sources.flatMap((source) => problemOfSource(source, order.zeroUs) ?? []),
    tracks,
  };
}

const PHASES = {
  idle: "starting",
  starting: "starting",
  rolling: "recording",
  draining: "stopping",
  stopped: "stopped",
} as const;

function gapsOf(track: TrackState, zeroUs: LocalMicros, losses: boolean): GapView[] {
  const shiftUs = track.zeroUs - zeroUs;
  const own = track.gaps.filter((gap) => isLoss(gap) === losses);
  return own.map((gap) => ({
    atMs: (shiftUs + gap.fromUs) / 1000,
    lengthMs: (gap.toUs - gap.fromUs) / 1000,
  }));
}
