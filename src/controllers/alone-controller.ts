import type { TakeId } from "#protocol/ids.ts";
import type { UploadState } from "#protocol/upload-rpc.ts";
import type { AloneModel, AloneView } from "./alone-view.ts";
import { ownTape, type OwnRecording } from "./own-recording.ts";
import { createPaced } from "./paced.ts";
import type { Problem } from "./problem-view.ts";
import { createRecordingDesk, type RecordingDesk, type RecordingDeskPorts } from "./recording-desk.ts";
import type { NameMemory } from "./room-controller.ts";
import type { StudioActivity } from "./shell-controller.ts";
import { type MeasureSpace, minutesThatFit } from "./space-left.ts";
import type { DeviceTrack } from "./studio-devices.ts";
import type { TakeExports } from "./take-exports.ts";
import { leftOfTake } from "./upload-eta.ts";
import { uploadProblems } from "./upload-problems.ts";
import { createViewCell, type ViewSource } from "./view-source.ts";

export interface AlonePorts<Track extends DeviceTrack = DeviceTrack> extends RecordingDeskPorts<Track> {
  readonly uploads: ViewSource<UploadState>;
  readonly online: ViewSource<boolean>;
  readonly exports: TakeExports;
  readonly newTakeId: () => TakeId;
  readonly names: NameMemory;
  readonly measureSpace: MeasureSpace;
  readonly keepAwake: (on: boolean) => void;
}

export interface AloneController extends AloneModel {
  readonly activity: ViewSource<StudioActivity>;
  readonly alive: () => boolean;
}

/** Record pressed to the take's zero: the tracks' rows are on the disk by then, so that the first frame is not late. */
const START_LEAD_US = 250_000;

/** `/alone`: the recorder without a room. Needs no server for anything. */
export function createAloneController<Track extends DeviceTrack>(ports: AlonePorts<Track>): AloneController {
  const { devices, clock, uploads, online, exports } = ports;
  const desk: RecordingDesk = createRecordingDesk(ports);
  let minutesFree: number | undefined;
  let alive = true;
  const facts = (): AloneFacts => ({ desk, ports, minutesFree });
  const view = createViewCell<AloneView>(aloneOf(facts()));
  const activity = createViewCell<StudioActivity>({ open: false });
  const show = createPaced(() => {
    view.set(aloneOf(facts()));
    const own = desk.own.get();
    const runs = own !== null && own.phase !== "stopped";
    activity.set({
      open: own !== null && alive,
      ...(runs ? { running: { href: "/alone", title: "Recorded alone", startedAtMs: own.zeroMs } } : {}),
    });
    ports.keepAwake(runs);
  }, ports);
  const ways = [
    desk.own.subscribe(show),
    desk.arming.subscribe(show),
    devices.view.subscribe(show),
    devices.problems.subscribe(show),
    devices.blocked.subscribe(show),
    devices.open.subscribe(show),
    uploads.subscribe(show),
    online.subscribe(show),
    exports.view.subscribe(show),
  ];
  devices.start();
  ports.measureSpace().then((space) => {
    if (space === undefined) return;
    minutesFree = minutesThatFit(space.freeBytes);
    show();
  }, ports.report);
  const record = (): void => {
    const nowMs = Math.round(clock.wallMs());
    desk.start({
      take: ports.newTakeId(),
      room: null,
      participant: null,
      participantName: ports.names.get() || "Recorded alone",
      title: "",
      consentMs: nowMs,
      zeroUs: (clock.nowUs() + START_LEAD_US) as ReturnType<typeof clock.nowUs>,
      zeroRoomUs: null,
    });
  };
  return {
    view,
    activity,
    alive: () => alive,
    level: devices.level,
    chooseCamera: (id) => devices.chooseCamera(id),
    chooseMicrophone: (id) => devices.chooseMicrophone(id),
    retryDevices: () => devices.start(),
    treatMicrophone: (change) => devices.treatMicrophone(change),
    record,
    stop: () => void desk.stop(clock.nowUs()).catch(ports.report),
    shareScreen: () => devices.shareScreen(),
    stopSharing: () => devices.stopSharing(),
    exportTake() {
      const own = desk.own.get();
      if (own !== null) exports.start(own.take);
    },
    watchDebug: (open) => desk.watchFigures(open),
    close() {
      const own = desk.own.get();
      // a take that runs goes on while another screen is open
      if (own !== null && own.phase !== "stopped" && own.phase !== "failed") return;
      alive = false;
      for (const leave of ways) leave();
      devices.close();
      desk.close().catch(ports.report);
    },
  };
}

interface AloneFacts {
  readonly desk: RecordingDesk;
  readonly ports: Pick<AlonePorts, "devices" | "uploads" | "online" | "exports">;
  readonly minutesFree: number | undefined;
}

const PHASES: Record<OwnRecording["phase"], AloneView["phase"]> = {
  starting: "starting",
  recording: "recording",
  stopping: "stopping",
  stopped: "stopped",
  failed: "ready",
};

function aloneOf({ desk, ports, minutesFree }: AloneFacts): AloneView {
  const { devices, uploads, online, exports } = ports;
  const own = desk.own.get();
  const state = uploads.get();
  const left = own === null ? undefined : leftOfTake(own.take, state);
  const exporting = own === null ? undefined : exports.view.get()[own.take]?.exporting;
  const deviceView = devices.view.get();
  const problems: readonly Problem[] = [
    ...(own?.problems ?? []),
    ...devices.problems.get(),
    // being offline is no problem here: it is what this page is for
    ...uploadProblems(state, true).filter((each) => each.reason !== "server-silent"),
  ];
  return {
    title: "Recorded alone",
    phase: own === null ? (deviceView.opening || desk.arming.get() ? "loading" : "ready") : PHASES[own.phase],
    ...(own?.phase === "recording" ? { startedAtMs: own.zeroMs } : {}),
    devices: deviceView,
    sharing: devices.screenStream() !== undefined,
    canShare: devices.canShare,
    ...(own === null ? {} : { tape: ownTape(own, left?.room === null) }),
    keptBytes: own?.totals.bytes ?? 0,
    ...(minutesFree === undefined ? {} : { minutesFree }),
    online: online.get(),
    upload: uploadOf(own, state),
    bytesLeft: own?.totals.pendingBytes ?? 0,
    problems,
    blocked: devices.blocked.get(),
    ...(exporting === undefined ? {} : { exporting: { fraction: exporting.fraction } }),
    debug: { tracks: own?.tracks ?? [], facts: [] },
  };
}

function uploadOf(own: OwnRecording | null, state: UploadState): AloneView["upload"] {
  if (own === null || own.phase !== "stopped") return "none";
  if (own.totals.epochs > 0 && own.totals.pendingEpochs === 0) return "safe";
  return state.phase === "draining" ? "uploading" : "waiting";
}
