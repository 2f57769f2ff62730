import "../capture-rig/rig-page.ts";
import type { MicrophoneTreatment } from "#controllers/device-view.ts";
import { createRecordingDesk, type RecordingDesk } from "#controllers/recording-desk.ts";
import type { SwitchedDevice } from "#controllers/studio-devices.ts";
import { TakeRecorder } from "#core/take/take-recorder.ts";
import type { RecorderState } from "#core/take/take-state.ts";
import { isTreated } from "#devices/microphone-treatments.ts";
import { pageCapture } from "#devices/page-capture.ts";
import { performanceClock, timerScheduler } from "#platform/clock.ts";
import { dexieTakes } from "#platform/dexie-takes.ts";
import { broadcastJournal } from "#platform/journal-channel.ts";
import { webLocks } from "#platform/locks.ts";
import { newTakeId, newTrackId } from "#platform/random-ids.ts";
import type { Source, TakeId } from "#protocol/ids.ts";
import { asLocal } from "#protocol/units.ts";
import { createTrackEncoder } from "#workers/encode/encode-client.ts";
import { pageDevices } from "../../../src/page-devices.ts";

/** What the page holds of one kind of device, its clones included. */
export interface Held {
  readonly live: number;
  readonly treatments: readonly (readonly (boolean | undefined)[])[];
}

/** The page's own devices and recording desk, as the studio has them; values are plain data. */
export interface DevicesRig {
  /** Opens the devices and arms what is there; those named are switched off before. */
  open(off: readonly SwitchedDevice[]): Promise<void>;
  record(leadMs: number): Promise<TakeId>;
  stop(): Promise<void>;
  /** Resolves once the state of the devices says so and, when on, the device is open; local µs of the press. */
  setOff(kind: SwitchedDevice, off: boolean): Promise<number>;
  choose(kind: SwitchedDevice, at: number): Promise<void>;
  chooseNone(kind: SwitchedDevice): Promise<void>;
  /** The next time that a device is asked for, another program has it. */
  refuseNext(): void;
  /** What the screens are told, less what is only theirs. */
  told(): {
    readonly off: { readonly camera: boolean; readonly microphone: boolean };
    readonly camera: string;
    readonly microphone: string;
    readonly treatment: MicrophoneTreatment;
    readonly level: string;
    readonly problems: readonly string[];
    readonly open: readonly string[];
  };
  own(): ReturnType<RecordingDesk["own"]["get"]>;
  recorder(): RecorderState;
  /** Resolves once each open track has so many epochs. */
  untilEpochs(source: Source, atLeast: number): Promise<void>;
  /** Over all tracks of the kind that this page ever opened or cloned. */
  held(kind: "audio" | "video"): Held;
  treat(change: Partial<MicrophoneTreatment>): Promise<void>;
  /** Sends a clone of the open camera, brought down by `constraints` and by a cap, through a local connection; until it is received. */
  call(bitsPerSecond: number, constraints: MediaTrackConstraints): Promise<void>;
  /** Size of the picture as the other end gets it now. */
  received(): Promise<{ readonly width: number; readonly height: number; readonly frames: number }>;
  hangUp(): void;
}

/** Every track of this page, so that a device that is still held by a forgotten clone is found. */
const all: MediaStreamTrack[] = [];
const media = navigator.mediaDevices;
const getUserMedia = media.getUserMedia.bind(media);
let refusing = false;
media.getUserMedia = async (constraints) => {
  if (refusing) {
    refusing = false;
    throw new DOMException("held by another program", "NotReadableError");
  }
  const stream = await getUserMedia(constraints);
  all.push(...stream.getTracks());
  return stream;
};
const cloneOf: unknown = Reflect.get(MediaStreamTrack.prototype, "clone");
MediaStreamTrack.prototype.clone = function clone(this: MediaStreamTrack) {
  const copy: unknown = typeof cloneOf === "function" ? Reflect.apply(cloneOf, this, []) : undefined;
  if (!(copy instanceof MediaStreamTrack)) throw new TypeError("a clone is a track");
  all.push(copy);
  return copy;
};

const fail = (error: unknown): void => reportError(error);
const clock = performanceClock();
const repo = dexieTakes();
const journal = broadcastJournal();
const devices = pageDevices(fail);
let recorder: TakeRecorder | undefined;
const watchers = new Set<() => void>();

function until(fits: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!fits()) return;
      watchers.delete(look);
      resolve();
    };
    watchers.add(look);
    look();
  });
}

const changed = (): void => {
  for (const look of watchers) look();
};
for (const cell of [devices.open, devices.off, devices.switching, devices.view, devices.level]) cell.subscribe(changed);

let desk: RecordingDesk | undefined;
let peers: readonly RTCPeerConnection[] = [];
let sent: MediaStreamTrack | undefined;

function mustBeThere<Value>(value: Value | undefined | null, what: string): Value {
  if (value === undefined || value === null) throw new Error(`no ${what}`);
  return value;
}

const devicesRig: DevicesRig = {
  open: async (off) => {
    for (const kind of off) devices.setOff(kind, true);
    devices.start();
    await until(() => !devices.view.get().opening);
    desk = createRecordingDesk({
      devices,
      repo,
      journal,
      clock,
      scheduler: timerScheduler(),
      report: fail,
      newRecorder: (events) => {
        recorder = new TakeRecorder(
          {
            repo,
            locks: webLocks(),
            clock,
            channel: journal,
            newEncoder: createTrackEncoder,
            newTrackId,
            pageTimeOriginMs: performance.timeOrigin,
          },
          {
            ...events,
            changed: (state) => {
              events.changed(state);
              changed();
            },
          },
        );
        return recorder;
      },
      captureOf: (source, track) => pageCapture(source, track, () => clock.nowUs()),
    });
    await desk.armed();
  },
  record: async (leadMs) => {
    const take = newTakeId();
    mustBeThere(desk, "desk").start({
      take,
      room: null,
      participant: null,
      participantName: "Inês",
      title: "",
      consentMs: Date.now(),
      zeroUs: asLocal(clock.nowUs() + leadMs * 1000),
      zeroRoomUs: null,
    });
    await until(() => recorder?.state.phase === "rolling");
    return take;
  },
  stop: () => mustBeThere(desk, "desk").stop(clock.nowUs()),
  setOff: async (kind, off) => {
    const pressedUs = clock.nowUs();
    devices.setOff(kind, off);
    await until(() => devices.off.get()[kind] === off && devices.switching.get() === null);
    return pressedUs;
  },
  choose: async (kind, at) => {
    const view = devices.view.get();
    const id = mustBeThere((kind === "camera" ? view.cameras : view.microphones)[at]?.id, `${kind} ${at}`);
    if (kind === "camera") devices.chooseCamera(id);
    else devices.chooseMicrophone(id);
    await until(() => devices.view.get()[kind] === id && !devices.view.get().opening);
  },
  chooseNone: (kind) => {
    if (kind === "camera") devices.chooseCamera("");
    else devices.chooseMicrophone("");
    return until(() => devices.view.get()[kind] === "" && devices.off.get()[kind]);
  },
  refuseNext: () => {
    refusing = true;
  },
  told: () => {
    const { camera, microphone, treatment } = devices.view.get();
    const open = Object.entries(devices.open.get()).flatMap(([name, track]) => (track === undefined ? [] : [name]));
    const problems = devices.problems.get().map((problem) => problem.reason);
    return { off: devices.off.get(), camera, microphone, treatment, level: devices.level.get().state, problems, open };
  },
  own: () => desk?.own.get() ?? null,
  recorder: () => mustBeThere(recorder, "recorder").state,
  untilEpochs: (source, atLeast) =>
    until(() =>
      (recorder?.state.tracks ?? []).some((track) => track.open && track.source === source && track.epochs >= atLeast),
    ),
  held: (kind) => {
    const live = all.filter((track) => track.kind === kind && track.readyState === "live");
    return {
      live: live.length,
      treatments: live.map((track) => {
        const { echoCancellation, noiseSuppression, autoGainControl } = track.getSettings();
        return [echoCancellation, noiseSuppression, autoGainControl].map((each) =>
          each === undefined ? each : !!each,
        );
      }),
    };
  },
  treat: async (change) => {
    devices.treatMicrophone(change);
    await until(() => {
      const track = devices.open.get().microphone;
      return devices.switching.get() === null && track !== undefined && isTreated(track, devices.view.get().treatment);
    });
    await desk?.armed();
  },
  call: async (bitsPerSecond, constraints) => {
    const from = new RTCPeerConnection();
    const to = new RTCPeerConnection();
    peers = [from, to];
    from.addEventListener("icecandidate", ({ candidate }) => void to.addIceCandidate(candidate ?? undefined));
    to.addEventListener("icecandidate", ({ candidate }) => void from.addIceCandidate(candidate ?? undefined));
    sent = mustBeThere(devices.open.get().camera, "camera").clone();
    await sent.applyConstraints(constraints);
    from.addTransceiver(sent, {
      direction: "sendonly",
      sendEncodings: [{ maxBitrate: bitsPerSecond, scaleResolutionDownBy: 2 }],
    });
    const gets = new Promise<MediaStream>((resolve) => {
      to.addEventListener("track", ({ track }) => resolve(new MediaStream([track])), { once: true });
    });
    await from.setLocalDescription();
    await to.setRemoteDescription(mustBeThere(from.localDescription, "offer"));
    await to.setLocalDescription();
    await from.setRemoteDescription(mustBeThere(to.localDescription, "answer"));
    const video = document.createElement("video");
    video.muted = true;
    video.srcObject = await gets;
    await video.play();
  },
  received: async () => {
    const stats = await mustBeThere(peers[1], "call").getStats();
    const inbound = mustBeThere(
      [...stats.values()].find((each) => each.type === "inbound-rtp"),
      "inbound-rtp",
    );
    return { width: inbound.frameWidth ?? 0, height: inbound.frameHeight ?? 0, frames: inbound.framesDecoded ?? 0 };
  },
  hangUp: () => {
    for (const peer of peers) peer.close();
    peers = [];
    sent?.stop();
  },
};

Object.assign(globalThis, { devicesRig });
