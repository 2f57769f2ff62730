import { DeviceError, type DeviceReason } from "./device-error.ts";

/** The camera's own picture where it is not larger than that; what it offers else. */
const CAMERA: MediaTrackConstraints = {
  width: { ideal: 1920 },
  height: { ideal: 1080 },
  frameRate: { ideal: 30 },
};

/**
 * Echo cancellation stays on, since nobody can know whether a guest wears headphones, and an echo cannot be taken out later.
 * Noise suppression and gain control do harm that cannot be undone, and editors have better ones.
 */
const MICROPHONE: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: false,
  autoGainControl: false,
  sampleRate: { ideal: 48_000 },
};

const SCREEN: DisplayMediaStreamOptions & Record<string, unknown> = {
  video: { frameRate: { ideal: 30 } },
  audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
  // The studio itself would be a hall of mirrors.
  selfBrowserSurface: "exclude",
  systemAudio: "include",
  surfaceSwitching: "include",
};

/** What differs from the defaults for one microphone. */
export interface MicrophoneChoices {
  readonly echoCancellation?: boolean;
  readonly noiseSuppression?: boolean;
  readonly autoGainControl?: boolean;
}

/** @param id exact device id; "" takes the browser's default. @throws DeviceError */
export function openCamera(id: string): Promise<MediaStreamTrack> {
  return openOne({ video: { ...CAMERA, ...exactly(id) } }, "camera");
}

/** @param id exact device id; "" takes the browser's default. @throws DeviceError */
export function openMicrophone(id: string, choices: MicrophoneChoices = {}): Promise<MediaStreamTrack> {
  return openOne({ audio: { ...MICROPHONE, ...choices, ...exactly(id) } }, "microphone");
}

/** Why one of the two cannot be had. */
export type OpenRefusal = DeviceReason;

/** "" for none, `undefined` for the browser's choice, else the exact device. */
export interface DeviceWishes {
  readonly camera: string | undefined;
  readonly microphone: string | undefined;
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
    const one = await openOr(kind, wishes[kind] ?? "");
    opened =
      typeof one === "string"
        ? { ...opened, refusals: [...opened.refusals, { kind, why: one }] }
        : { ...opened, [kind]: one };
  }
  return opened;
}

async function openBoth(wishes: DeviceWishes): Promise<Opened | undefined> {
  const video = { ...CAMERA, ...exactly(wishes.camera ?? "") };
  const audio = { ...MICROPHONE, ...exactly(wishes.microphone ?? "") };
  try {
    const stream = await ask({ video, audio }, "camera and microphone");
    return { camera: stream.getVideoTracks()[0], microphone: stream.getAudioTracks()[0], refusals: [] };
  } catch (error) {
    if (error instanceof DeviceError) return undefined;
    throw error;
  }
}

async function openOr(kind: DeviceKind, id: string): Promise<MediaStreamTrack | OpenRefusal> {
  try {
    return await (kind === "camera" ? openCamera(id) : openMicrophone(id));
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
