import { DeviceError, type DeviceReason } from "./device-error.ts";
import { type Treatment, UNTOLD } from "./microphone-treatments.ts";

/** The camera's own picture where it is not larger than that; what it offers else. */
const CAMERA: MediaTrackConstraints = {
  width: { ideal: 1920 },
  height: { ideal: 1080 },
  frameRate: { ideal: 30 },
};

/** What is asked of a microphone that is treated like this. */
export function microphoneConstraints(treatment: Treatment): MediaTrackConstraints {
  const { echoCancellation, noiseSuppression, autoGainControl } = treatment;
  return { echoCancellation, noiseSuppression, autoGainControl, sampleRate: { ideal: 48_000 } };
}

const SCREEN: DisplayMediaStreamOptions & Record<string, unknown> = {
  video: { frameRate: { ideal: 30 } },
  audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
  // The studio itself would be a hall of mirrors.
  selfBrowserSurface: "exclude",
  systemAudio: "include",
  surfaceSwitching: "include",
};

/** Why one of the two cannot be had. */
export type OpenRefusal = DeviceReason;

/** "" for none, `undefined` for the browser's choice, else the exact device. */
export interface DeviceWishes {
  readonly camera: string | undefined;
  readonly microphone: string | undefined;
  readonly treatment?: Treatment;
}

export interface Opened {
  readonly camera?: MediaStreamTrack | undefined;
  readonly microphone?: MediaStreamTrack | undefined;
  readonly refusals: readonly { readonly kind: DeviceKind; readonly why: OpenRefusal }[];
}

type DeviceKind = "camera" | "microphone";

/** Opens what is wished for, with one prompt for both; when that fails, each alone, so that one that is missing does not keep out the other. */
export async function openDevices(wishes: DeviceWishes): Promise<Opened> {
  const kinds = (["camera", "microphone"] as const).filter((kind) => wishes[kind] !== "");
  if (kinds.length === 2) {
    const both = await openBoth(wishes);
    if (both !== undefined) return both;
  }
  let opened: Opened = { refusals: [] };
  for (const kind of kinds) {
    const one = await openOr(kind, wishes);
    opened =
      typeof one === "string"
        ? { ...opened, refusals: [...opened.refusals, { kind, why: one }] }
        : { ...opened, [kind]: one };
  }
  return opened;
}

async function openBoth(wishes: DeviceWishes): Promise<Opened | undefined> {
  try {
    const stream = await ask({ video: asked("camera", wishes), audio: asked("microphone", wishes) }, "devices");
    return { camera: stream.getVideoTracks()[0], microphone: stream.getAudioTracks()[0], refusals: [] };
  } catch (error) {
    if (error instanceof DeviceError) return undefined;
    throw error;
  }
}

function asked(kind: DeviceKind, wishes: DeviceWishes): MediaTrackConstraints {
  const wanted = kind === "camera" ? CAMERA : microphoneConstraints(wishes.treatment ?? UNTOLD);
  return { ...wanted, ...exactly(wishes[kind] ?? "") };
}

async function openOr(kind: DeviceKind, wishes: DeviceWishes): Promise<MediaStreamTrack | OpenRefusal> {
  const constraints = asked(kind, wishes);
  try {
    return await openOne(kind === "camera" ? { video: constraints } : { audio: constraints }, kind);
  } catch (error) {
    if (error instanceof DeviceError) return error.reason;
    throw error;
  }
}

/** What the person chose to share; `audio` only when they shared it too. */
export interface SharedScreen {
  readonly video: MediaStreamTrack;
  readonly audio: MediaStreamTrack | undefined;
}

/** Call within a press. @throws DeviceError */
export async function openScreen(): Promise<SharedScreen> {
  const stream = await navigator.mediaDevices.getDisplayMedia(SCREEN).catch((error: unknown) => {
    // The one answer for a dialog that was closed and for a system that forbids it.
    if (error instanceof DOMException && error.name === "NotAllowedError") throw DeviceError.cancelled(error);
    throw DeviceError.from(error, "screen");
  });
  const [video] = stream.getVideoTracks();
  if (video === undefined) throw DeviceError.cancelled(undefined);
  video.contentHint = "detail";
  return { video, audio: stream.getAudioTracks()[0] };
}

function exactly(id: string): MediaTrackConstraints {
  return id === "" ? {} : { deviceId: { exact: id } };
}

async function openOne(constraints: MediaStreamConstraints, what: "camera" | "microphone"): Promise<MediaStreamTrack> {
  const stream = await ask(constraints, what);
  const [track] = stream.getTracks();
  if (track === undefined) throw DeviceError.from(new DOMException("no track", "NotFoundError"), what);
  return track;
}

async function ask(constraints: MediaStreamConstraints, what: string): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (error) {
    throw DeviceError.from(error, what);
  }
}
