import type { DevicesView, LevelView } from "#controllers/device-view.ts";
import type { Problem } from "#controllers/problem-view.ts";
import type { DevicesOff, OpenDevices, StudioDevices, SwitchedDevice } from "#controllers/studio-devices.ts";
import { createViewCell } from "#controllers/view-source.ts";
import { DeviceDesk, type DeskRefusal, type DeskState } from "#devices/device-desk.ts";
import { UNTOLD } from "#devices/microphone-treatments.ts";
import { type Level, SILENT_DB, watchLevel } from "#devices/level-meter.ts";
import { type CaptureProbe, probeCapture } from "#devices/probe.ts";
import { probeStorage } from "#workers/probe/storage-probe-client.ts";

/** Digital silence for longer than any pause in talk is a fault of the microphone, or its switch. */
const SILENT_AFTER_MS = 8_000;

/** Below this a voice is too far away: 20 dB under the level that editors ask for (−23 LUFS). */
const QUIET_DB = -42;

/** Samples this close to full scale, dBFS, are clipped ones. */
const LOUD_DB = -0.15;

const NO_LEVEL: LevelView = { db: SILENT_DB, state: "off" };

const NOTHING_OPEN: OpenDevices<MediaStreamTrack> = {
  camera: undefined,
  microphone: undefined,
  screen: undefined,
  screenAudio: undefined,
};

/** Camera, microphone and screen of this page for the controllers. Nothing is opened before `start`. */
export function pageDevices(report: (error: unknown) => void): StudioDevices<MediaStreamTrack> {
  const view = createViewCell<DevicesView>({
    cameras: [],
    microphones: [],
    camera: "",
    microphone: "",
    opening: true,
    treatment: UNTOLD,
  });
  const level = createViewCell<LevelView>(NO_LEVEL);
  const problems = createViewCell<readonly Problem[]>([]);
  const open = createViewCell<OpenDevices<MediaStreamTrack>>(NOTHING_OPEN);
  const blocked = createViewCell(false);
  const off = createViewCell<DevicesOff>({ camera: false, microphone: false });
  const switching = createViewCell<SwitchedDevice | null>(null);
  const meter = createMeter((next) => {
    const changed = next.state !== level.get().state;
    level.set(next);
    if (changed) showProblems();
  });
  let probe: CaptureProbe | undefined;
  let desk: DeviceDesk | undefined;
  let preview: { readonly track: MediaStreamTrack; readonly stream: MediaStream } | undefined;
  let screen: { readonly track: MediaStreamTrack; readonly stream: MediaStream } | undefined;

  const showProblems = (): void => problems.set(problemsOf(probe, desk?.state, level.get()));
  const changed = (state: DeskState): void => {
    preview = sameOr(preview, state.cameraTrack);
    screen = sameOr(screen, state.screenTrack);
    meter(state.microphoneTrack);
    view.set(viewOf(state, preview?.stream));
    // in this order: who sees that nothing is open must know why
    off.set(state.off);
    switching.set(state.switching);
    open.set(openOf(state, open.get()));
    showProblems();
  };
  const start = async (): Promise<void> => {
    probe ??= await probeCapture(probeStorage);
    blocked.set(!probe.canRecord);
    showProblems();
    if (!probe.canRecord) {
      view.update((now) => ({ ...now, opening: false }));
      return;
    }
    desk ??= new DeviceDesk(localStorage, changed, off.get());
    await desk.open();
  };
  const run = (task: Promise<unknown> | undefined): void => void task?.catch(report);
  return {
    view,
    level,
    problems,
    open,
    blocked,
    off,
    switching,
    canShare: typeof navigator.mediaDevices?.getDisplayMedia === "function",
    start: () => run(start()),
    chooseCamera: (id) => run(desk?.choose("camera", id)),
    chooseMicrophone: (id) => run(desk?.choose("microphone", id)),
    setOff(kind, isOff) {
      if (desk === undefined) off.update((now) => ({ ...now, [kind]: isOff }));
      else run(desk.setOff(kind, isOff));
    },
    treatMicrophone: (change) => run(desk?.treat(change)),
    shareScreen: () => run(desk?.shareScreen()),
    stopSharing: () => desk?.stopSharing(),
    screenStream: () => screen?.stream,
    close() {
      desk?.close();
      meter(undefined);
    },
  };
}

/** A new stream only for a new track, so that a video element is not started anew. */
function sameOr<Kept extends { readonly track: MediaStreamTrack; readonly stream: MediaStream }>(
  before: Kept | undefined,
  track: MediaStreamTrack | undefined,
): Kept | { readonly track: MediaStreamTrack; readonly stream: MediaStream } | undefined {
  if (track === undefined) return undefined;
  return before?.track === track ? before : { track, stream: new MediaStream([track]) };
}

/** The same object while the tracks are the same. */
function openOf(state: DeskState, before: OpenDevices<MediaStreamTrack>): OpenDevices<MediaStreamTrack> {
  const {
    cameraTrack: camera,
    microphoneTrack: microphone,
    screenTrack: screen,
    screenAudioTrack: screenAudio,
  } = state;
  const isSame =
    before.camera === camera &&
    before.microphone === microphone &&
    before.screen === screen &&
    before.screenAudio === screenAudio;
  return isSame ? before : { camera, microphone, screen, screenAudio };
}

function viewOf(state: DeskState, preview: MediaStream | undefined): DevicesView {
  const { width, height, frameRate } = state.cameraTrack?.getSettings() ?? {};
  return {
    cameras: state.cameras,
    microphones: state.microphones,
    camera: state.camera,
    microphone: state.microphone,
    opening: state.opening,
    treatment: state.treatment,
    ...(preview === undefined ? {} : { preview }),
    ...(width === undefined || height === undefined
      ? {}
      : { picture: { width, height, fps: Math.round(frameRate ?? 0) } }),
  };
}

function problemsOf(
  probe: CaptureProbe | undefined,
  state: DeskState | undefined,
  level: LevelView,
): readonly Problem[] {
  if (probe?.problem === "browser-cannot-record") return [{ reason: probe.problem, missing: probe.missing }];
  if (probe?.problem != null) return [{ reason: probe.problem }];
  const refusals = state?.refusals ?? [];
  const refused = refusals.filter((each) => each.why === "refused");
  const sources = refused.length > 1 ? "both" : refused[0]?.kind;
  return [
    ...(sources === undefined ? [] : [{ reason: "permission-refused", sources } as const]),
    ...refusals.flatMap(problemOfRefusal),
    ...(level.state === "silent" ? [{ reason: "mic-silent" } as const] : []),
    ...(level.state === "loud" ? [{ reason: "mic-clips" } as const] : []),
  ];
}

function problemOfRefusal({ kind, why }: DeskRefusal): Problem[] {
  switch (why) {
    case "not-found":
    case "gone":
      return [{ reason: kind === "camera" ? "no-camera" : "no-microphone" }];
    case "in-use":
      return [{ reason: "device-in-use", source: kind }];
    case "refused":
    case "cancelled":
      return [];
  }
}

/** Follows one microphone after another; tells how its level is to be judged. */
function createMeter(report: (level: LevelView) => void): (track: MediaStreamTrack | undefined) => void {
  let followed: MediaStreamTrack | undefined;
  let leave: (() => void) | undefined;
  let heardMs = 0;
  const judge = ({ rmsDb, peakDb }: Level): void => {
    const now = performance.now();
    if (rmsDb > SILENT_DB) heardMs = now;
    if (now - heardMs > SILENT_AFTER_MS) report({ db: rmsDb, state: "silent" });
    else if (peakDb >= LOUD_DB) report({ db: rmsDb, state: "loud" });
    else report({ db: rmsDb, state: rmsDb < QUIET_DB ? "quiet" : "good" });
  };
  return (track) => {
    if (track === followed) return;
    followed = track;
    leave?.();
    leave = undefined;
    heardMs = performance.now();
    if (track === undefined) report(NO_LEVEL);
    else leave = watchLevel(track, judge);
  };
}
