// so that what the controller fetches late is there at once
import "#controllers/recording-desk.ts";
import "#controllers/studio-desk.ts";
import { createRoomController } from "#controllers/room-controller.ts";
import { createSeatTokens } from "#controllers/seat-tokens.ts";
import type { DeviceTrack } from "#controllers/studio-devices.ts";
import { createViewCell } from "#controllers/view-source.ts";
import { type RoomApi, RoomApiError } from "#core/ports/room-api.ts";
import type { OpenRoomSocket, RoomSocketEvents } from "#core/ports/room-socket.ts";
import type { TrackEncoder } from "#core/ports/track-encoder.ts";
import { TakeRecorder } from "#core/take/take-recorder.ts";
import { webCryptoChat } from "#platform/web-crypto-chat.ts";
import { ok } from "#protocol/errors.ts";
import type { Joined } from "#protocol/http-api.ts";
import type { Source, TrackId } from "#protocol/ids.ts";
import type { MarkerId } from "#protocol/markers.ts";
import {
  type ClientMessage,
  type ParticipantView,
  ROOM_PROTOCOL,
  type RoomView,
  type ServerMessage,
  type TakeView,
} from "#protocol/room-messages.ts";
import { asRoom } from "#protocol/units.ts";
import { UNKNOWN_UPLOAD, type UploadState } from "#protocol/upload-rpc.ts";
import { memoryTakes } from "../../../contracts/fakes/memory-takes.ts";
import { HandJournal } from "./device.ts";
import { HandCall } from "./hand-call.ts";
import { HandClock } from "./hand-clock.ts";
import { HandDevices } from "./hand-devices.ts";
import { roomApiOf } from "./hand-room-api.ts";
import { HOST_SECRET, ME, ROOM, takeIdOf } from "./rows.ts";

export interface StayOptions {
  readonly joined?: Partial<Joined>;
  readonly answers?: Partial<RoomApi>;
  /** What the call's code does; by default it is there and works. */
  /** Trying the codecs takes until then; by default no time at all. */
  readonly arming?: Promise<void>;
  readonly call?: "works" | "throws" | "cannot-be-fetched";
}

/** The room's clock is so far ahead of this page's. */
const ROOM_AHEAD_US = 1_000_000_000;

export const rollingTake = (clock: HandClock): TakeView => ({
  take: takeIdOf("rolling"),
  number: 1,
  title: "",
  state: "rolling",
  zeroRoomUs: asRoom(clock.nowUs() + ROOM_AHEAD_US),
  stopRoomUs: null,
});

export const personOf = (change: Partial<ParticipantView> = {}): ParticipantView => ({
  participant: ME,
  name: "Marek",
  role: "guest",
  connected: true,
  seenMs: 1,
  status: null,
  call: null,
  handMs: null,
  ...change,
});

export const roomOf = (change: Partial<RoomView> = {}): RoomView => ({
  room: ROOM,
  title: "Ferries",
  participants: [personOf()],
  take: null,
  knocking: [],
  markers: [],
  ...change,
});

/** A person's page at the door of a room whose server is the test. */
export function stayRig(options: StayOptions = {}) {
  const clock = new HandClock();
  const repo = memoryTakes();
  const devices = new HandDevices();
  const uploads = createViewCell<UploadState>(UNKNOWN_UPLOAD);
  const online = createViewCell(true);
  const reported: unknown[] = [];
  const report = (error: unknown): void => void reported.push(error);
  const sockets: { events: RoomSocketEvents; sent: ClientMessage[] }[] = [];
  const joins: unknown[] = [];
  const calls: HandCall[] = [];
  const paces: (number | null)[] = [];
  const copied: string[] = [];
  const encoders: { source: Source | undefined; stopped: boolean; closed: boolean }[] = [];
  const prepared: string[] = [];
  const idle: (() => void)[] = [];
  const tab = new Map<string, string>();
  const keys = new Map<string, string>();
  const held = new Set<string>();
  const locks = {
    tryHold: async (name: string) => {
      if (held.has(name)) return undefined;
      held.add(name);
      return () => held.delete(name);
    },
    isFree: async (name: string) => !held.has(name),
  };
  const joined: Joined = {
    participant: ME,
    role: "guest",
    token: "token",
    tokenExpiresMs: clock.wall + 900_000,
    refreshSecret: HOST_SECRET,
    admission: "waiting",
    ...options.joined,
  };
  const roomApi = roomApiOf({
    lobby: async (room) => ({ room, title: "Ferries", full: false }),
    join: async (_room, body) => {
      joins.push(body);
      return joined;
    },
    renewToken: async () => ({ role: joined.role, token: "renewed", tokenExpiresMs: clock.wall + 900_000 }),
    ...options.answers,
  });
  const openSocket: OpenRoomSocket = (_room, events) => {
    const sent: ClientMessage[] = [];
    sockets.push({ events, sent });
    return { send: (message) => void sent.push(message), close: () => undefined };
  };
  const journal = new HandJournal();
  let made = 0;
  const newEncoder = (): TrackEncoder => {
    const one: (typeof encoders)[number] = { source: undefined, stopped: false, closed: false };
    encoders.push(one);
    const format = { kind: "audio", codec: "opus", sampleRate: 48_000, channels: 1 } as const;
    return {
      arm: async () => {
        await options.arming;
        return ok({ format, choice: null });
      },
      replaceInput: async () => ok(format),
      start: async ({ track }) => {
        one.source = track.source;
        return ok(null);
      },
      stop: async () => {
        one.stopped = true;
        return ok({ epochs: 0, gaps: [], endUs: 0 });
      },
      setClock: () => {},
      hintCaptureTimes: async () => true,
      interrupted: () => {},
      resumed: () => {},
      stats: async () => null,
      close: async () => {
        one.closed = true;
      },
      kill: () => {},
      onCrash: () => {},
    };
  };
  const controller = createRoomController<DeviceTrack>({
    clock,
    scheduler: clock,
    repo,
    devices,
    uploads,
    online,
    report,
    journal,
    locks,
    roomApi,
    openSocket,
    room: ROOM,
    origin: "https://studio.example",
    random: { unit: () => 0 },
    tokens: createSeatTokens({ repo, roomApi, clock }),
    newTakeId: () => takeIdOf("mine"),
    newMarkerId: () => `marker${(made += 1)}`.padEnd(22, "0") as MarkerId,
    chatCrypto: webCryptoChat(),
    chatKeys: { get: (room) => keys.get(room), set: (room, key) => void keys.set(room, key) },
    loadCall: async () => {
      if (options.call === "cannot-be-fetched") throw new TypeError("Failed to fetch");
      return (events) => {
        const call = new HandCall(events, options.call === "throws");
        calls.push(call);
        return call;
      };
    },
    prepareCall: async () => void prepared.push("call"),
    whenIdle: (work) => void idle.push(work),
    newStream: () => new EventTarget() as MediaStream,
    paceUploads: (bytes) => void paces.push(bytes),
    loadRecorder: async () => (
      prepared.push("recorder"),
      {
        newRecorder: (events) =>
          new TakeRecorder(
            {
              repo,
              locks,
              clock,
              channel: journal,
              newEncoder,
              newTrackId: () => `track${(made += 1)}`.padEnd(22, "0") as TrackId,
              pageTimeOriginMs: 0,
            },
            events,
          ),
        captureOf: (source, track) => ({
          source,
          label: track.label,
          limits: { hidden: "everything", mainThreadBlock: "nothing" },
          lostFrames: () => undefined,
          start: async () => ({ kind: "audio", stream: {}, sampleRate: 48_000, channels: 1 }),
          stop: () => {},
        }),
      }
    ),
    tryUploadNow: () => {},
    names: { get: () => "", set: () => {} },
    tab: { get: (key) => tab.get(key), set: (key, value) => void tab.set(key, value) },
    copy: async (text) => void copied.push(text),
    measureSpace: async () => undefined,
    keepAwake: () => {},
    heard: () => {},
    missed: () => {},
  });
  const newest = () => {
    const socket = sockets.at(-1);
    if (socket === undefined) throw new Error("no socket was opened");
    return socket;
  };
  const welcoming = (room: Partial<RoomView> = {}): ServerMessage => ({
    type: "welcome",
    protocol: ROOM_PROTOCOL,
    participant: ME,
    role: joined.role,
    room: roomOf(room),
  });
  /** The server says something, and what it starts runs. */
  const hear = async (message: ServerMessage): Promise<void> => {
    newest().events.received(message);
    await clock.pass(200);
  };
  return {
    controller,
    clock,
    repo,
    devices,
    uploads,
    online,
    reported,
    sockets,
    joins,
    calls,
    paces,
    copied,
    encoders,
    prepared,
    /** The page has nothing better to do. */
    idles: () => idle.splice(0).forEach((work) => work()),
    tab,
    keys,
    newest,
    hear,
    view: () => controller.view.get(),
    said: (type: ClientMessage["type"]) => newest().sent.filter((each) => each.type === type),
    studio: () => {
      const view = controller.view.get();
      if (view.screen !== "studio") throw new Error(`the screen is ${view.screen}`);
      return view.studio;
    },
    /** Join is pressed, and the socket opens. */
    async join(name = "Marek"): Promise<void> {
      await clock.pass(200);
      controller.lobby.join(name);
      // code that is fetched late comes in its own time
      await untilTrue(clock, () => sockets.length > 0);
      newest().events.opened();
      await clock.pass(200);
    },
    wait: () => hear({ type: "waiting", protocol: ROOM_PROTOCOL, participant: ME, title: "Ferries", hostName: "Inês" }),
    welcome: (room?: Partial<RoomView>) => hear(welcoming(room)),
    welcoming,
    /** An answer of the room's clock: from then on both clocks are known to each other. */
    tellTime: () =>
      hear({
        type: "clock-pong",
        id: 1,
        t0: clock.nowUs(),
        t1: asRoom(clock.nowUs() + ROOM_AHEAD_US),
      }),
    closed: async (code: number) => {
      newest().events.closed(code);
      await clock.pass(200);
    },
  };
}

export async function untilTrue(clock: HandClock, fits: () => boolean): Promise<void> {
  for (let turns = 0; !fits(); turns += 1) {
    if (turns > 200) throw new Error("it does not come");
    await clock.pass(50);
  }
}

export const inviteUsed = new RoomApiError("refused", "used", { serverReason: "invite-used" });
