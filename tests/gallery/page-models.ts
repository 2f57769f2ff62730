import type {
  AloneModel,
  AloneView,
  ExportsModel,
  ExportsView,
  ExportTakeView,
  HomeModel,
  HomeView,
  LocalTakeView,
  RecordingsModel,
  RecordingsView,
  ShellModel,
} from "#controllers/view-models.ts";
import {
  aloneLanes,
  DAY,
  devices,
  GB,
  goodLevel,
  HOUR,
  joannasGap,
  MINUTE,
  nothing,
  still,
  takeLanes,
  tape,
} from "./parts.ts";
import { debug } from "./studio-parts.ts";

/** Midday: "today" stays today whenever the gallery is looked at. */
const NOW = new Date().setHours(12, 0, 0, 0);
const TAKE = 41 * MINUTE + 52_000;

export function shellModel(state: string): ShellModel {
  const special = state === "offline-update";
  return {
    view: still({
      offline: special || state === "home-found" || state === "studio-waiting",
      updateReady: special,
      takesNotSafe: state === "home-first" || state === "recordings-empty" ? 0 : 2,
      ...(special
        ? {
            running: { href: "/r/ferries", title: "Ferries of the Douro", startedAtMs: performance.now() - 1.2 * HOUR },
          }
        : {}),
      guardClose: false,
    }),
    update: nothing,
  };
}

export function homeModel(state: string): HomeModel {
  const first = state === "home-first";
  const view: HomeView = {
    loading: false,
    making: false,
    studioKeyNeeded: state === "home-problem",
    ...(state === "home-problem" ? { problem: { reason: "studio-key-needed" } as const } : {}),
    recent: first
      ? []
      : [
          {
            id: "a",
            title: "Night Desk, ep. 7",
            href: "/r/night",
            atMs: NOW - 3 * DAY,
            lengthMs: 68.5 * MINUTE,
            people: 2,
            alone: false,
            state: "safe",
          },
          {
            id: "b",
            title: "Voice notes for ep. 43",
            href: "/recordings",
            atMs: NOW - DAY,
            lengthMs: 12.1 * MINUTE,
            alone: true,
            state: "local",
          },
        ],
    found:
      state === "home-found"
        ? [
            {
              id: "cold",
              title: "Cold open for ep. 43",
              alone: true,
              fromMs: NOW - 2 * DAY,
              toMs: NOW - 2 * DAY + 47 * MINUTE,
              keptMs: 47 * MINUTE + 12_000,
              bytes: 2.83 * GB,
              sources: ["camera", "microphone"],
              missingMs: 400,
              tape: tape(47 * MINUTE + 12_000, 0, { local: true }),
            },
          ]
        : [],
    ...(state === "home"
      ? { leftover: { takes: 1, bytesLeft: 1.2 * GB, state: "uploading" as const, etaMs: 14 * MINUTE, fraction: 0.61 } }
      : {}),
    device: {
      bytesFree: 61 * GB,
      minutesFree: 16 * 60,
      online: state !== "home-found",
      installed: !first,
      installable: first,
    },
  };
  return {
    view: still(view),
    newRoom: () => Promise.resolve("/r/ferries"),
    exportTake: nothing,
    dismissFound: nothing,
    install: nothing,
  };
}

function take(id: string, title: string, more: Partial<LocalTakeView>): LocalTakeView {
  const lengthMs = more.lengthMs ?? TAKE;
  return {
    id,
    title,
    atMs: NOW,
    lengthMs,
    bytes: 2.51 * GB,
    sources: ["camera", "microphone"],
    alone: false,
    state: { kind: "safe", keptUntilMs: NOW + 7 * DAY },
    gapMs: 0,
    lostMs: 0,
    tape: tape(lengthMs, 1),
    lanes: aloneLanes(lengthMs),
    ...more,
  };
}

function localTakes(exporting: boolean): LocalTakeView[] {
  const harbour = 18 * MINUTE + 20_000;
  return [
    take("t1", "Ferries of the Douro, take 2", {
      state: { kind: "uploading", fraction: 0.61, etaMs: 22 * MINUTE },
      tape: tape(TAKE, 0.61, { gaps: [joannasGap] }),
      gapMs: joannasGap.lengthMs,
      lanes: aloneLanes(TAKE, [joannasGap]),
      exportsHref: "/r/ferries/exports",
    }),
    take("t2", "Voice notes for ep. 43", {
      atMs: NOW - DAY,
      lengthMs: 12 * MINUTE + 8000,
      bytes: 12e6,
      sources: ["microphone"],
      alone: true,
      state: { kind: "local" },
      tape: tape(12 * MINUTE + 8000, 0, { local: true }),
      ...(exporting ? { exporting: { fraction: 0.42, file: "Voice-notes-for-ep-43.mkv" } } : {}),
    }),
    take("t3", "Cold open for ep. 43", {
      atMs: NOW - 2 * DAY,
      lengthMs: 47 * MINUTE + 12_000,
      bytes: 2.83 * GB,
      cutShort: { missingMs: 400 },
      ...(exporting ? { exportFailed: "No space left on this device." } : {}),
    }),
    take("t4", "Night Desk, ep. 7, take 1", { atMs: NOW - 4 * DAY, bytes: 66e6, sources: ["microphone"] }),
    take("t5", "Harbour walk, take 3", {
      atMs: NOW - 9 * DAY,
      lengthMs: harbour,
      bytes: 1.03 * GB,
      lostMs: 72_000,
      tape: tape(harbour, 1, { keptMs: harbour - 72_000 }),
      lanes: aloneLanes(harbour),
    }),
  ];
}

export function recordingsModel(state: string): RecordingsModel {
  const empty = state === "recordings-empty";
  const view: RecordingsView = {
    loading: false,
    takes: empty ? [] : localTakes(state === "recordings-exporting"),
    bytesUsed: empty ? 0 : 6.5 * GB,
    bytesFree: 61 * GB,
    offline: state === "offline-update",
  };
  return { view: still(view), exportTake: nothing, cancelExport: nothing, deleteTake: nothing };
}

export function aloneModel(state: string): AloneModel {
  const recording = state === "alone-recording";
  const stopped = state === "alone-stopped";
  const lengthMs = 8 * MINUTE + 12_000;
  const view: AloneView = {
    title: "Voice notes for ep. 43",
    phase: recording ? "recording" : stopped ? "stopped" : "ready",
    ...(recording ? { startedAtMs: performance.now() - lengthMs } : {}),
    devices: devices(2),
    sharing: false,
    canShare: true,
    ...(recording || stopped ? { tape: tape(lengthMs, 0, { local: true, live: recording }) } : {}),
    keptBytes: recording || stopped ? 492e6 : 0,
    minutesFree: 1000,
    online: false,
    upload: stopped ? "waiting" : "none",
    bytesLeft: stopped ? 492e6 : 0,
    problems: [],
    blocked: false,
    debug,
  };
  return {
    view: still(view),
    level: goodLevel,
    chooseCamera: nothing,
    chooseMicrophone: nothing,
    retryDevices: nothing,
    treatMicrophone: nothing,
    record: nothing,
    stop: nothing,
    shareScreen: nothing,
    stopSharing: nothing,
    exportTake: nothing,
    watchDebug: nothing,
  };
}

const base = "/api/rooms/ferries/takes/t2/exports";

function exported(more: Partial<ExportTakeView> = {}): ExportTakeView {
  const file = (name: string, kind: ExportTakeView["files"][number]["kind"], bytes: number, what?: string) => ({
    name,
    href: `${base}/${name}`,
    kind,
    bytes,
    ...(what === undefined ? {} : { what }),
  });
  return {
    id: "t2",
    number: 2,
    atMs: NOW,
    lengthMs: TAKE,
    people: 3,
    bytes: 7.8 * GB,
    state: { kind: "ready" },
    files: [
      file("Ines_Carvalho.mkv", "video", 2.51 * GB, "Camera and microphone, 1080p30"),
      file("Marek_Dvorak.mkv", "video", 2.44 * GB, "Camera and microphone, 1080p30, from 1:12"),
      file("Joanna_Okafor.mkv", "video", 2.48 * GB, "Camera and microphone, 1080p30, 1 gap"),
      file("Ines_Carvalho_screen.mkv", "screen", 388e6, "Screen, 15:10 to 22:40"),
      file("timeline.fcpxml", "timeline", 18e3),
      file("manifest.json", "manifest", 212e3),
      file("SHA256SUMS", "checksums", 600),
    ],
    downloadAllHref: `${base}.zip`,
    verified: true,
    syncWithinMs: 0.8,
    gaps: [{ id: "g", who: "Joanna", what: "microphone", ...joannasGap }],
    incomplete: false,
    lanes: takeLanes,
    expiresAtMs: NOW + 7 * DAY,
    ...more,
  };
}

function unfinished(number: number, state: ExportTakeView["state"]): ExportTakeView {
  return exported({
    id: `t${number}`,
    number,
    lengthMs: 520_000,
    bytes: 0,
    files: [],
    state,
    lanes: undefined,
    gaps: [],
  });
}

const making: ExportTakeView["state"] = {
  kind: "making",
  steps: [
    { name: "arrived", state: "done", figure: "1,560" },
    { name: "checked", state: "done", figure: "1,560" },
    { name: "masters", state: "now", fraction: 0.71, figure: "2 of 3" },
    { name: "timeline", state: "later" },
    { name: "checksums", state: "later" },
  ],
  etaMs: 6000,
};

const arriving: ExportTakeView["state"] = {
  kind: "arriving",
  recording: false,
  missing: [
    { id: "m", name: "Marek Dvořák", epochsMissing: 252, etaMs: 22 * MINUTE, reachable: true },
    { id: "j", name: "Joanna Okafor", epochsMissing: 1204, reachable: false },
  ],
};

const failed: ExportTakeView["state"] = {
  kind: "failed",
  why: "Epoch 412 of Marek’s camera does not match its checksum.",
  canDeliverWithout: true,
};

const TAKES: Record<string, () => ExportTakeView[]> = {
  exports: () => [exported(), unfinished(3, making)],
  "exports-arriving": () => [
    unfinished(1, arriving),
    unfinished(2, { kind: "queued" }),
    unfinished(3, { kind: "arriving", recording: true, missing: [] }),
  ],
  "exports-failed": () => [unfinished(1, failed), exported({ incomplete: true })],
  "exports-editor": () => [exported(), exported({ id: "t1", number: 1, atMs: NOW - DAY })],
};

export function exportsModel(state: string): ExportsModel {
  const view: ExportsView = {
    loading: false,
    mode: state === "exports-editor" ? "editor" : "host",
    room: "ferries",
    title: "Ferries of the Douro",
    takes: TAKES[state]?.() ?? [],
    editorLinks: state === "exports" ? [{ id: "e1", madeAtMs: NOW, expiresAtMs: NOW + 7 * DAY }] : [],
    ...(state === "exports-refused" ? { refused: "link-expired" as const, mode: "editor" as const } : {}),
  };
  return {
    view: still(view),
    copyEditorLink: () => Promise.resolve({ link: "https://studio.example/r/ferries/exports#editor=…", copied: true }),
    revokeEditorLink: nothing,
    deliverWhatIsThere: nothing,
    tryAgain: nothing,
    deleteTake: nothing,
  };
}
