import type {
  AfterStopView,
  DebugView,
  ParticipantView,
  RoomModel,
  RoomView,
  StudioView,
  TallyView,
} from "#controllers/view-models.ts";
import { createViewCell } from "#controllers/view-source.ts";
import {
  devices,
  GB,
  goodLevel,
  joannasGap,
  MINUTE,
  noLevel,
  nothing,
  person,
  silentLevel,
  still,
  tape,
} from "./parts.ts";
import { pictureStream } from "./pictures.ts";

/** How long the living room "uploads". */
const UPLOAD_MS = 400;
const LENGTH = 24 * MINUTE + 18_000;
const TAKE = 41 * MINUTE + 52_000;

const debug: DebugView = {
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

function recordingPeople(): ParticipantView[] {
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

function stoppedPeople(all: boolean): ParticipantView[] {
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
    ? done("marek", "Marek Dvořák", {})
    : person("marek", "Marek Dvořák", {
        state: "stopped",
        tape: tape(TAKE, 0.61),
        bytes: { total: 2.44 * GB, arrived: 1.49 * GB },
        etaMs: 22 * MINUTE,
        problem: { reason: "other", severity: "info", title: "Slow network", text: "Ask Marek to keep the page open." },
      });
  return [own, done("joanna", "Joanna Okafor", { tape: tape(TAKE, 1, { gaps: [joannasGap] }) }), marek];
}

const after: AfterStopView = {
  takeNumber: 2,
  lengthMs: TAKE,
  bytesArrived: 2.47 * GB,
  bytesTotal: 2.51 * GB,
  missing: [],
  lostMs: 0,
  othersLeft: [],
  otherTakes: 0,
};

function recording(more: Partial<Extract<TallyView, { phase: "recording" }>> = {}): TallyView {
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

function studio(more: Partial<StudioView>): RoomView {
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
      ...more,
    },
  };
}

function idlePeople(): ParticipantView[] {
  return [
    person("ines", "Inês Carvalho", { role: "host", self: true, stream: pictureStream(2), minutesFree: 960 }),
    person("joanna", "Joanna Okafor"),
    person("marek", "Marek Dvořák", { minutesFree: 180 }),
  ];
}

function trouble(): ParticipantView[] {
  const [own, joanna, marek] = recordingPeople();
  if (!own || !joanna || !marek) return [];
  return [
    { ...own, screen: { stream: pictureStream(1) } },
    {
      ...joanna,
      state: "out-of-reach",
      problem: { reason: "out-of-reach", who: joanna.name, sinceMs: 20 * MINUTE + 6000 },
    },
    {
      ...marek,
      state: "not-recording",
      tape: tape(LENGTH, 0.94, { keptMs: LENGTH * 0.66, live: false }),
      problem: { reason: "not-recording", who: marek.name, sinceMs: 16 * MINUTE + 2000 },
    },
  ];
}

const LONG = [
  "Maximiliane-Konstantina Auersperg",
  "Wolfeschlegelsteinhausenbergerdo",
  "Ørjan Þórhallsson-Bjørnsdóttir",
];

function longNames(): ParticipantView[] {
  return [...recordingPeople(), ...recordingPeople()].slice(0, 5).map((one, index) => ({
    ...one,
    id: `p${index}`,
    name: LONG[index % LONG.length] ?? "Name",
    self: index === 0,
    role: index === 0 ? "host" : "guest",
  }));
}

function guestPeople(people: ParticipantView[]): ParticipantView[] {
  return people.map((one) => ({ ...one, self: one.id === "joanna", role: one.id === "ines" ? "host" : "guest" }));
}

const guest = { role: "guest", ownName: "Joanna Okafor" } as const;
const lost = { lostMs: 72_000 };
const drained = { ...after, bytesArrived: after.bytesTotal };

const STUDIOS: Record<string, () => RoomView> = {
  "studio-idle": () => studio({ takeNumber: undefined }),
  "studio-starting": () => studio({ tally: { phase: "starting", ready: 2, total: 3 } }),
  "studio-recording": () => studio({ tally: recording(), participants: recordingPeople() }),
  "studio-trouble": () =>
    studio({
      tally: recording({ recording: 1, notRecording: ["Marek Dvořák"], outOfReach: ["Joanna Okafor"] }),
      participants: trouble(),
      sharing: true,
      problems: [{ reason: "space-short", minutesLeft: 18 }],
    }),
  "studio-one": () =>
    studio({ takeNumber: undefined, participants: idlePeople().slice(0, 1), tally: { phase: "idle", ready: false } }),
  "studio-long-names": () =>
    studio({
      title: "Donaudampfschifffahrtsgesellschaftskapitän im Gespräch",
      tally: recording({ recording: 4, total: 5, outOfReach: ["Wolfeschlegelsteinhausenbergerdo"] }),
      participants: longNames(),
    }),
  "studio-guest": () => studio({ ...guest, tally: recording(), participants: guestPeople(recordingPeople()) }),
  "studio-draining": () =>
    studio({
      tally: { phase: "draining", bytesLeft: 38e6, bytesTotal: 2.51 * GB, etaMs: 20_000 },
      participants: stoppedPeople(false),
      afterStop: after,
    }),
  "studio-waiting": () =>
    studio({
      tally: { phase: "waiting", bytesLeft: 1.2 * GB, bytesTotal: 2.51 * GB },
      participants: stoppedPeople(false),
      afterStop: { ...after, bytesArrived: 1.31 * GB },
      connection: "lost",
    }),
  "studio-safe": () =>
    studio({ tally: { phase: "safe", lostMs: 0 }, participants: stoppedPeople(true), afterStop: drained }),
  "studio-safe-loss": () =>
    studio({
      tally: { phase: "safe", ...lost },
      participants: stoppedPeople(false).map((one) => (one.self ? { ...one, safe: true, tape: tape(TAKE, 1) } : one)),
      afterStop: { ...drained, ...lost, othersLeft: [{ name: "Marek Dvořák", etaMs: 22 * MINUTE }] },
    }),
  "guest-draining": () =>
    studio({
      ...guest,
      tally: { phase: "draining", bytesLeft: 38e6, bytesTotal: 2.51 * GB, etaMs: 20_000 },
      participants: guestPeople(stoppedPeople(false)),
      afterStop: after,
    }),
  "guest-safe": () =>
    studio({
      ...guest,
      tally: { phase: "safe", lostMs: 0 },
      participants: guestPeople(stoppedPeople(true)),
      afterStop: { ...drained, missing: [joannasGap] },
    }),
};

function lobby(more: Partial<Extract<RoomView, { screen: "lobby" }>["lobby"]> = {}): RoomView {
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

const noDevices = { preview: undefined, picture: undefined };

const LOBBIES: Record<string, () => RoomView> = {
  "lobby-host": () => lobby({ title: undefined, hostName: undefined, others: [], role: "host", name: "" }),
  "lobby-guest": () => lobby(),
  "lobby-refused": () =>
    lobby({
      devices: devices(0, { ...noDevices, cameras: [], microphones: [], camera: "", microphone: "" }),
      problems: [{ reason: "permission-refused", sources: "both" }],
    }),
  "lobby-sound-alone": () =>
    lobby({
      devices: devices(0, { ...noDevices, cameras: [], camera: "" }),
      problems: [{ reason: "no-camera" }, { reason: "mic-silent" }],
      takeRuns: true,
    }),
  "lobby-blocked": () =>
    lobby({
      devices: devices(0, noDevices),
      blocked: true,
      problems: [{ reason: "browser-cannot-record", missing: ["VideoEncoder", "AudioEncoder"] }],
    }),
  "room-closed": () => ({ screen: "closed", bytesLeft: 312e6 }),
  "room-refused": () => ({ screen: "closed", bytesLeft: 0, problem: { reason: "room-full", limit: 20 } }),
};

/** A room that lives: Join, Record and Stop do what they say, and the upload takes a moment. */
function livingRoom(): RoomModel {
  const room = createViewCell<RoomView>(lobby({ role: "host", name: "", others: [] }));
  const stream = pictureStream(2);
  const own = (more: Partial<ParticipantView> = {}): ParticipantView[] => [
    person("ines", "Inês Carvalho", { role: "host", self: true, stream, ...more }),
  ];
  const show = (more: Partial<StudioView>): void => room.set(studio({ takeNumber: 1, participants: own(), ...more }));
  const silent = roomModel("lobby-host");
  return {
    view: room,
    lobby: { ...silent.lobby, join: () => show({}) },
    studio: {
      ...silent.studio,
      record: () =>
        show({
          tally: { ...recording({ recording: 1, total: 1 }) },
          participants: own({ state: "recording", tape: tape(LENGTH, 0.9, { live: true }) }),
        }),
      stop: () => {
        show({
          tally: { phase: "draining", bytesLeft: 38e6, bytesTotal: 2.51 * GB },
          participants: own({ state: "stopped", tape: tape(LENGTH, 0.9) }),
          afterStop: after,
        });
        setTimeout(() => {
          show({
            tally: { phase: "safe", lostMs: 0 },
            participants: own({ state: "stopped", safe: true, tape: tape(LENGTH, 1) }),
            afterStop: drained,
          });
        }, UPLOAD_MS);
      },
    },
  };
}

/** The room in the state of that name; anything unknown is a lobby. */
export function roomModel(state: string): RoomModel {
  if (state === "room-living") return livingRoom();
  const view = (STUDIOS[state] ?? LOBBIES[state] ?? LOBBIES["lobby-guest"])?.() ?? lobby();
  return {
    view: still(view),
    lobby: {
      level: state === "lobby-refused" ? noLevel : state === "lobby-sound-alone" ? silentLevel : goodLevel,
      chooseCamera: nothing,
      chooseMicrophone: nothing,
      retryDevices: nothing,
      join: nothing,
    },
    studio: {
      record: nothing,
      stop: nothing,
      shareScreen: nothing,
      stopSharing: nothing,
      copyGuestLink: () => Promise.resolve(),
      leave: nothing,
      tryUploadNow: nothing,
      chooseCamera: nothing,
      chooseMicrophone: nothing,
      watchDebug: nothing,
    },
  };
}

export { debug };
