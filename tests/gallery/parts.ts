import type {
  DevicesView,
  GapView,
  LanesView,
  LaneView,
  LevelView,
  ParticipantView,
  TapeView,
  ViewSource,
} from "#controllers/view-models.ts";
import { createViewCell } from "#controllers/view-source.ts";
import { pictureStream } from "./pictures.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const GB = 1e9;

/** A source that never changes. */
export function still<T>(view: T): ViewSource<T> {
  return createViewCell(view);
}

/** Does nothing; the gallery only shows. */
export function nothing(): void {
  // no controller stands behind the gallery
}

export const goodLevel: ViewSource<LevelView> = still<LevelView>({ db: -16, state: "good" });

export const noLevel: ViewSource<LevelView> = still<LevelView>({ db: -60, state: "off" });
export const silentLevel: ViewSource<LevelView> = still<LevelView>({ db: -58, state: "silent" });

export const joannasGap: GapView = { atMs: 11 * MINUTE + 2000, lengthMs: 3100 };

export function tape(lengthMs: number, arrived: number, more: Partial<TapeView> = {}): TapeView {
  const keptMs = more.keptMs ?? lengthMs;
  return { lengthMs, keptMs, arrivedMs: keptMs * arrived, gaps: [], live: false, local: false, ...more };
}

export function devices(which: number, more: Partial<DevicesView> = {}): DevicesView {
  return {
    cameras: [
      { id: "front", label: "Front camera (built in)" },
      { id: "usb", label: "USB camera" },
    ],
    microphones: [
      { id: "mv7", label: "USB microphone (Shure MV7)" },
      { id: "pad", label: "iPad microphone" },
    ],
    camera: "front",
    microphone: "mv7",
    preview: pictureStream(which),
    picture: { width: 1920, height: 1080, fps: 30 },
    opening: false,
    treatment: { headphones: null, echoCancellation: true, noiseSuppression: false, autoGainControl: false },
    ...more,
  };
}

/** Speech-like peaks: bursts with pauses, the same each time. */
function peaks(seed: number): Uint8Array {
  return Uint8Array.from({ length: 400 }, (_, bucket) => {
    const talks = Math.sin(bucket / 23 + seed) + Math.sin(bucket / 7.3 + seed * 2) > 0.5;
    const wobble = Math.abs(Math.sin(bucket * 12.9898 + seed * 78.233) * 43_758.5453) % 1;
    return Math.round(talks ? 60 + wobble * 150 : wobble * 14);
  });
}

function lane(id: string, name: string, fromMs: number, toMs: number, more: Partial<LaneView> = {}): LaneView {
  const sound = more.kind === "screen" ? {} : { wave: { peaks: peaks(id.length + fromMs / 1e5) } };
  return { id, name, kind: "person", fromMs, toMs, gaps: [], ...sound, ...more };
}

const TAKE = 41 * MINUTE + 52_000;

export const takeLanes: LanesView = {
  lengthMs: TAKE,
  lanes: [
    lane("ines", "Inês Carvalho", 0, TAKE),
    lane("marek1", "Marek Dvořák", 72_000, TAKE),
    lane("joanna-1", "Joanna Okafor", 0, TAKE, { gaps: [joannasGap] }),
    lane("screen", "Screen of Inês", 15 * MINUTE + 10_000, 22 * MINUTE + 40_000, { kind: "screen" }),
  ],
};

export function aloneLanes(lengthMs: number, gaps: readonly GapView[] = []): LanesView {
  return {
    lengthMs,
    lanes: [lane("own", "Inês Carvalho", 0, lengthMs, { gaps, wave: { peaks: peaks(lengthMs / 7e5) } })],
  };
}

export function person(id: string, name: string, more: Partial<ParticipantView> = {}): ParticipantView {
  return {
    id,
    name,
    role: "guest",
    self: false,
    state: "idle",
    safe: false,
    sources: ["camera", "microphone"],
    minutesFree: 600,
    muted: false,
    cameraOff: false,
    spokeAtMs: 0,
    actions: [],
    ...more,
  };
}
