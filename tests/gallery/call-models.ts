import type {
  ChatLineView,
  ParticipantAction,
  ParticipantView,
  QualityView,
  RoomView,
  WaitingView,
} from "#controllers/view-models.ts";
import { devices, MINUTE, person } from "./parts.ts";
import { pictureStream } from "./pictures.ts";
import { calm, recording, recordingPeople, studio } from "./studio-parts.ts";

const good: QualityView = { bars: 3, why: "good", loss: 0, jitterMs: 4, roundTripMs: 38 };
const fair: QualityView = { bars: 2, why: "jitter", loss: 0.004, jitterMs: 62, roundTripMs: 90 };
const weak: QualityView = { bars: 1, why: "loss", loss: 0.081, jitterMs: 40, roundTripMs: 140 };
const nothingComes: QualityView = { bars: 0, why: "nothing", loss: 1, jitterMs: 0 };

const HOSTS: readonly ParticipantAction[] = ["mute", "make-cohost", "remove"];

export function callPeople(): ParticipantView[] {
  return [
    person("ines", "Inês Carvalho", { role: "host", self: true, stream: pictureStream(2), quality: good }),
    person("joanna", "Joanna Okafor", { stream: pictureStream(0), quality: fair, actions: HOSTS, spokeAtMs: 2 }),
    person("marek", "Marek Dvořák", { stream: pictureStream(1), quality: weak, actions: HOSTS, spokeAtMs: 1 }),
  ];
}

/** As the guest sees the room: she may do nothing to others. */
function asGuest(people: readonly ParticipantView[]): ParticipantView[] {
  return people.map((one) => ({ ...one, self: one.id === "joanna", actions: [] }));
}

function busy(): ParticipantView[] {
  const [ines, joanna, marek] = recordingPeople();
  if (!ines || !joanna || !marek) return [];
  return [
    { ...ines, quality: good },
    { ...joanna, quality: good, actions: HOSTS, handPlace: 1, reaction: "clap", spokeAtMs: 3 },
    { ...marek, quality: weak, actions: ["mute", "make-guest", "remove"], muted: true, role: "cohost" },
  ];
}

const FIRST = ["Ana", "Bo", "Cleo", "Dag", "Edda", "Finn", "Gro", "Hana", "Ivo", "Jon"];
const LAST = ["Lindqvist", "Moreau", "Nakamura", "Oyelaran", "Petrova", "Quist", "Rossi", "Sato", "Tran", "Ueda"];

/** Twenty: the most that a room takes. Pictures come from those who are on the stage. */
export function twenty(): ParticipantView[] {
  const pictures = [0, 1, 2].map(pictureStream);
  return Array.from({ length: 20 }, (_, index) => {
    const name = `${FIRST[index % 10]} ${LAST[(index * 3 + Math.floor(index / 10)) % 10]}`;
    const stream = pictures[index % 3];
    return person(`p${index}`, name, {
      role: index === 0 ? "host" : "guest",
      self: index === 0,
      actions: index === 0 ? [] : HOSTS,
      muted: index % 3 === 1,
      cameraOff: index % 7 === 5,
      ...(index < 9 && stream && index % 7 !== 5 ? { stream } : {}),
      quality: index % 4 === 3 ? fair : good,
      spokeAtMs: index === 0 || index > 8 ? 0 : 10 - index,
      ...(index === 12 ? { handPlace: 1 } : index === 4 ? { handPlace: 2 } : {}),
    });
  });
}

const NOW = Date.now();
const YESTERDAY = new Date(NOW).setHours(-2, -20, 0, 0);

export const LINES: readonly ChatLineView[] = [
  {
    id: "1",
    from: "Joanna Okafor",
    self: false,
    atMs: YESTERDAY,
    text: "I am in early, to check the light.",
    state: "sent",
  },
  {
    id: "2",
    from: "Marek Dvořák",
    self: false,
    atMs: NOW - 9 * MINUTE,
    text: "The timetable: https://ferries.example/douro?day=2\nPage 3 is what I mean <b>here</b>.",
    state: "sent",
  },
  {
    id: "3",
    from: "Inês Carvalho",
    self: true,
    atMs: NOW - 4 * MINUTE,
    text: "Thanks. I come to it after the bridge.",
    state: "sent",
  },
  { id: "4", from: "Marek Dvořák", self: false, atMs: NOW - MINUTE, text: "", state: "unreadable" },
  { id: "5", from: "Inês Carvalho", self: true, atMs: NOW, text: "One more minute", state: "sending" },
];

const LONG_NAMES = [
  "Maximiliane-Konstantina Auersperg",
  "Wolfeschlegelsteinhausenbergerdo",
  "Ørjan Þórhallsson-Bjørnsdóttir",
];

function longNames(): ParticipantView[] {
  return busy().map((one, index) => ({ ...one, name: LONG_NAMES[index] ?? one.name, muted: true }));
}

const markers = [
  { id: "m3", atMs: 22 * MINUTE + 4000, text: "", by: "Joanna Okafor" },
  { id: "m2", atMs: 14 * MINUTE, text: "Best answer so far, start the trailer with it", by: "Inês Carvalho" },
  { id: "m1", atMs: 4 * MINUTE + 12_000, text: "Dog", by: "Inês Carvalho" },
];

const KNOCKERS = [
  { id: "teo", name: "Teo Lindqvist", sinceMs: 0 },
  { id: "long", name: "Wolfeschlegelsteinhausenbergerdo", sinceMs: 0 },
];

function waiting(connection: WaitingView["connection"]): RoomView {
  return {
    screen: "waiting",
    waiting: {
      title: "Ferries of the Douro",
      ...(connection === "open" ? { hostName: "Inês Carvalho" } : {}),
      ownName: "Joanna Okafor",
      devices: devices(0),
      connection,
      problems: connection === "lost" ? [{ reason: "mic-silent" }] : [],
    },
  };
}

const sharing = (): ParticipantView[] =>
  callPeople().map((one) => (one.id === "marek" ? { ...one, screen: { stream: pictureStream(0) } } : one));

/** Without an SFU nothing is known of anybody's connection. */
function unheard(): ParticipantView[] {
  return callPeople().map(({ id, name, role, self, stream }) =>
    person(id, name, { role, self, ...(stream ? { stream } : {}) }),
  );
}

/** The live call in its states. */
export const CALLS: Record<string, () => RoomView> = {
  waiting: () => waiting("open"),
  "waiting-trouble": () => waiting("lost"),
  "waiting-connecting": () => waiting("connecting"),
  "room-denied": () => ({ screen: "closed", bytesLeft: 0, problem: { reason: "denied" } }),
  "room-removed": () => ({ screen: "closed", bytesLeft: 3e8, problem: { reason: "removed" } }),
  "room-ended": () => ({ screen: "closed", bytesLeft: 0, problem: { reason: "ended-by-host" } }),
  "call-idle": () => studio({ takeNumber: undefined, participants: callPeople() }),
  "call-knocking": () =>
    studio({
      takeNumber: undefined,
      participants: callPeople(),
      knocking: KNOCKERS,
      chat: { state: "ready", lines: [], unread: 3 },
    }),
  "call-recording": () => studio({ tally: recording(), participants: busy(), markers, canMark: true }),
  "call-muted": () =>
    studio({
      participants: callPeople().map((one) => ({
        ...one,
        muted: one.self,
        cameraOff: one.id !== "marek",
        quality: one.id === "marek" ? nothingComes : good,
      })),
      call: {
        ...calm,
        muted: true,
        cameraOff: true,
        handUp: true,
        switching: "camera",
        soundBlocked: true,
        state: "reconnecting",
      },
      mutedBy: "Joanna Okafor",
    }),
  "call-guest": () =>
    studio({
      role: "guest",
      ownName: "Joanna Okafor",
      tally: recording(),
      participants: asGuest(busy()),
      chat: { state: "ready", lines: LINES, unread: 128 },
    }),
  "call-cohost": () => studio({ role: "cohost", tally: recording(), participants: busy() }),
  "call-screen": () => studio({ tally: recording(), participants: sharing(), takeNumber: 2 }),
  "call-twenty": () => studio({ participants: twenty() }),
  "call-long-names": () =>
    studio({ tally: recording(), participants: longNames(), knocking: KNOCKERS, mutedBy: LONG_NAMES[1] }),
  "call-chat": () => studio({ participants: callPeople(), chat: { state: "ready", lines: LINES, unread: 2 } }),
  "call-chat-no-key": () => studio({ participants: callPeople(), chat: { state: "no-key", lines: [], unread: 0 } }),
  "call-off": () => studio({ participants: unheard(), call: { ...calm, state: "off" } }),
};
