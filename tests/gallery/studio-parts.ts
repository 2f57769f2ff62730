import type {
  AfterStopView,
  CallView,
  DebugView,
  ParticipantView,
  RoomView,
  StudioView,
  TallyView,
} from "#controllers/view-models.ts";
import { devices, GB, joannasGap, MINUTE, person, tape } from "./parts.ts";
import { pictureStream } from "./pictures.ts";

export const LENGTH = 24 * MINUTE + 18_000;
export const TAKE = 41 * MINUTE + 52_000;

export const debug: DebugView = {
  tracks: [
    {
      id: "camera-1",
      source: "camera",
      codec: "avc1.640028",
      format: "1280 × 720, 30 fps",
      captured: 43_740,
      dropped: [
        { reason: "before-encode", count: 2 },
        { reason: "queue-full", count: 1 },
      ],
      encoded: 43_737,
      sealed: 43_690,
      queue: 1,
      epochs: 729,
      runs: 1,
      gaps: [{ reason: "frames-missing", count: 1, totalMs: 100 }],
      bytes: 1.42 * GB,
    },
    {
      id: "microphone-1",
      source: "microphone",
      codec: "opus",
      format: "48 kHz, 1 channel",
      captured: 145_800,
      dropped: [],
      encoded: 145_800,
      sealed: 145_700,
      queue: 0,
      epochs: 729,
      runs: 1,
      gaps: [],
      bytes: 24e6,
    },
  ],
  clock: { offsetMs: 1234.56, uncertaintyMs: 0.42, roundTripMs: 0.8, samples: 96 },
  upload: { bytesPerSecond: 6.2e6, state: "draining" },
  facts: [{ name: "Journal", value: "1,458 files" }],
};

export function recordingPeople(): ParticipantView[] {
  const live = { live: true };
  return [
    person("ines", "Inês Carvalho", {
      role: "host",
      self: true,
      state: "recording",
      stream: pictureStream(2),
      tape: tape(LENGTH, 0.997, live),
      epochs: { sealed: 1458, uploaded: 1454, left: 4 },
    }),
    person("joanna", "Joanna Okafor", {
      state: "recording",
      stream: pictureStream(0),
      tape: tape(LENGTH, 0.994, { ...live, gaps: [joannasGap] }),
      epochs: { sealed: 1455, uploaded: 1449, left: 6 },
      problem: {
        reason: "mic-unplugged",
        atMs: joannasGap.atMs,
        missingMs: joannasGap.lengthMs,
        goesOnWith: "the iPad microphone",
      },
    }),
    person("marek", "Marek Dvořák", {
      state: "recording",
      stream: pictureStream(1),
      tape: tape(LENGTH, 0.818, live),
      epochs: { sealed: 1386, uploaded: 1134, left: 252 },
    }),
  ];
}

export function stoppedPeople(all: boolean): ParticipantView[] {
  const done = (id: string, name: string, more: Partial<ParticipantView>): ParticipantView =>
    person(id, name, { state: "stopped", safe: true, tape: tape(TAKE, 1), ...more });
  const own = all
    ? done("ines", "Inês Carvalho", { role: "host", self: true, stream: pictureStream(2) })
    : person("ines", "Inês Carvalho", {
        role: "host",
        self: true,
        state: "stopped",
        stream: pictureStream(2),
        tape: tape(TAKE, 0.985),
        bytes: { total: 2.51 * GB, arrived: 2.47 * GB },
        etaMs: 20_000,
      });
  const marek = all
    ? done("marek", "Marek Dvořák", { stream: pictureStream(1) })
    : person("marek", "Marek Dvořák", {
        state: "stopped",
        stream: pictureStream(1),
        tape: tape(TAKE, 0.61),
        bytes: { total: 2.44 * GB, arrived: 1.49 * GB },
        etaMs: 22 * MINUTE,
        problem: { reason: "other", severity: "info", title: "Slow network", text: "Ask Marek to keep the page open." },
      });
  const joanna = { stream: pictureStream(0) };
  return [own, done("joanna", "Joanna Okafor", { ...joanna, tape: tape(TAKE, 1, { gaps: [joannasGap] }) }), marek];
}

export const after: AfterStopView = {
  takeNumber: 2,
  lengthMs: TAKE,
  bytesArrived: 2.47 * GB,
  bytesTotal: 2.51 * GB,
  missing: [],
  lostMs: 0,
  othersLeft: [],
  otherTakes: 0,
};

export function recording(more: Partial<Extract<TallyView, { phase: "recording" }>> = {}): TallyView {
  return {
    phase: "recording",
    startedAtMs: performance.now() - LENGTH,
    recording: 3,
    total: 3,
    notRecording: [],
    outOfReach: [],
    ...more,
  };
}

export const calm: CallView = {
  state: "connected",
  muted: false,
  cameraOff: false,
  switching: null,
  handUp: false,
  soundBlocked: false,
};

export function studio(more: Partial<StudioView>): RoomView {
  return {
    screen: "studio",
    studio: {
      title: "Ferries of the Douro",
      room: "ferries",
      role: "host",
      ownName: "Inês Carvalho",
      hostName: "Inês Carvalho",
      takeNumber: 2,
      tally: { phase: "idle", ready: true },
      participants: idlePeople(),
      devices: devices(2),
      sharing: false,
      canShare: true,
      guestLink: "https://studio.example/r/ferries",
      problems: [],
      connection: "open",
      debug,
      call: calm,
      knocking: [],
      chat: { state: "ready", lines: [], unread: 0 },
      markers: [],
      canMark: more.tally?.phase === "recording",
      mayHost: (more.role ?? "host") !== "guest",
      ...more,
    },
  };
}

export function idlePeople(): ParticipantView[] {
  return [
    person("ines", "Inês Carvalho", { role: "host", self: true, stream: pictureStream(2), minutesFree: 960 }),
    person("joanna", "Joanna Okafor"),
    person("marek", "Marek Dvořák", { minutesFree: 180 }),
  ];
}

export function lobby(more: Partial<Extract<RoomView, { screen: "lobby" }>["lobby"]> = {}): RoomView {
  return {
    screen: "lobby",
    lobby: {
      title: "Ferries of the Douro",
      hostName: "Inês Carvalho",
      others: ["Inês Carvalho", "Marek Dvořák"],
      role: "guest",
      name: "Joanna Okafor",
      devices: devices(0),
      problems: [],
      blocked: false,
      joining: false,
      takeRuns: false,
      ...more,
    },
  };
}
