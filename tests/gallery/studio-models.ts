import type { ParticipantView, RoomModel, RoomView, StudioView } from "#controllers/view-models.ts";
import { createViewCell } from "#controllers/view-source.ts";
import { CALLS } from "./call-models.ts";
import { livingCall, silentCall } from "./living-call.ts";
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
import {
  after,
  idlePeople,
  LENGTH,
  lobby,
  recording,
  recordingPeople,
  stoppedPeople,
  studio,
  TAKE,
} from "./studio-parts.ts";

/** How long the living room "uploads". */
const UPLOAD_MS = 400;
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
    stopWaiting: nothing,
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
  if (state === "call-living") return livingCall(roomModel("call-idle"));
  const view = (STUDIOS[state] ?? CALLS[state] ?? LOBBIES[state] ?? LOBBIES["lobby-guest"])?.() ?? lobby();
  return {
    view: still(view),
    lobby: {
      level: state === "lobby-refused" ? noLevel : state === "lobby-sound-alone" ? silentLevel : goodLevel,
      chooseCamera: nothing,
      chooseMicrophone: nothing,
      retryDevices: nothing,
      treatMicrophone: nothing,
      join: nothing,
      consented: nothing,
    },
    stopWaiting: nothing,
    studio: {
      ...silentCall,
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
