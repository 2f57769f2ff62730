import { RoomSession } from "#core/room/room-session.ts";
import type { CallState } from "#protocol/call.ts";
import type { ChatEnvelope, ChatMessage } from "#protocol/chat.ts";
import type { ParticipantId, TakeId } from "#protocol/ids.ts";
import type { Marker, MarkerId } from "#protocol/markers.ts";
import { CLOSE, ROOM_PROTOCOL, type ServerMessage } from "#protocol/room-messages.ts";
import { asRoom } from "#protocol/units.ts";
import { describe, expect, it } from "vitest";
import { HandClock } from "../controllers/rig/hand-clock.ts";
import { seededRandom } from "../upload/rig/virtual-time.ts";
import { handSockets, ME, notedIn, rolling as take, ROOM, TAKE, welcome as welcomed } from "./rig/hand-room.ts";

const MARKER = "markermarkermarkerma01" as MarkerId;

const envelope = (seq: number): ChatEnvelope => ({ v: 1, session: "s".repeat(22), seq, data: "QQ" });
const told = (seq: number, from = ME): ChatMessage => ({
  from,
  name: "Ann",
  atMs: 1,
  number: seq,
  envelope: envelope(seq),
});
const marker: Marker = { marker: MARKER, take: TAKE, by: ME, atUs: 1_000_000, text: "" };
const inCall: CallState = { tracks: [], muted: true, cameraOff: false };

const welcome = (markers: Marker[] = []): ServerMessage => welcomed(take, markers);
const waiting: ServerMessage = {
  type: "waiting",
  protocol: ROOM_PROTOCOL,
  participant: ME,
  title: "Ferries",
  hostName: "Inês",
};

/** A session over sockets that the test opens and closes. */
function rig() {
  const clock = new HandClock();
  const { sockets, openSocket, newest } = handSockets();
  const heard: string[] = [];
  const session = new RoomSession(
    ROOM,
    {
      openSocket,
      token: async () => "token",
      clock,
      scheduler: clock,
      random: { unit: () => 0 },
      clockSync: { add: () => undefined, nextPingMs: () => 2_000 },
    },
    notedIn(heard, { take: () => undefined }),
  );
  session.start();
  const hear = (message: ServerMessage): void => newest().events.received(message);
  const open = async (first: ServerMessage): Promise<void> => {
    newest().events.opened();
    await clock.pass(0);
    hear(first);
  };
  const again = async (first: ServerMessage): Promise<void> => {
    newest().events.closed(1006);
    await clock.pass(250);
    await open(first);
  };
  /** Besides hello and the clock. */
  const said = () => newest().sent.filter(({ type }) => type !== "hello" && type !== "clock-ping");
  return { session, clock, sockets, heard, newest, hear, open, again, said };
}

describe("the waiting room", () => {
  it("[RS10] shows who can let them in, and says nothing but the time until `welcome` comes on the same socket", async () => {
    const { session, sockets, hear, open, newest, said, heard } = rig();
    session.call(inCall);
    session.hand(true);
    session.chat(envelope(0));
    await open(waiting);
    expect(session.state).toMatchObject({
      connection: "open",
      waiting: { title: "Ferries", hostName: "Inês" },
      room: null,
    });
    expect(newest().sent.map(({ type }) => type)).toEqual(["hello", "clock-ping"]);
    hear(welcome());
    expect(session.state).toMatchObject({ connection: "open", waiting: null, role: "guest" });
    expect(said().map(({ type }) => type)).toEqual(["call", "hand", "chat"]);
    expect(sockets).toHaveLength(1);
    expect(heard).toEqual(["welcomed"]);
  });

  it("[RS10] a network that fails meanwhile ends no wait", async () => {
    const { session, open, again } = rig();
    await open(waiting);
    await again(waiting);
    expect(session.state).toMatchObject({ connection: "open", waiting: { title: "Ferries" } });
    await again(welcome());
    expect(session.state.waiting).toBeNull();
  });

  it("asks for the time once, not twice, after it was let in", async () => {
    const { clock, newest, open, hear } = rig();
    await open(waiting);
    hear(welcome());
    const asked = () => newest().sent.filter(({ type }) => type === "clock-ping").length;
    hear({ type: "clock-pong", id: 1, t0: 1, t1: asRoom(1) });
    await clock.pass(2_000);
    expect(asked()).toBe(2);
  });
});

describe("what a device says again", () => {
  it("[RS11] its part in the call and its hand, after each welcome", async () => {
    const { session, open, again, said } = rig();
    await open(welcome());
    session.call(inCall);
    session.hand(true);
    await again(welcome());
    expect(said()).toEqual([
      { type: "call", call: inCall },
      { type: "hand", up: true },
    ]);
  });

  it("[RS12] a line that the room has not told back, with the same number, until it does", async () => {
    const { session, open, again, said, hear } = rig();
    session.chat(envelope(0));
    await open(welcome());
    session.chat(envelope(1));
    expect(said()).toEqual([envelope(0), envelope(1)].map((each) => ({ type: "chat", envelope: each })));
    hear({ type: "chat", message: told(0) });
    await again(welcome());
    expect(said()).toEqual([{ type: "chat", envelope: envelope(1) }]);
    hear({ type: "chat-history", messages: [told(0), told(1)] });
    await again(welcome());
    expect(said()).toEqual([]);
  });

  it("[RS12] another's line with the same number is no answer", async () => {
    const { session, open, again, said, hear } = rig();
    await open(welcome());
    session.chat(envelope(0));
    hear({ type: "chat", message: told(0, "participantparticipa02" as ParticipantId) });
    await again(welcome());
    expect(said()).toHaveLength(1);
  });

  it("[RS13] a marker set while the room is away keeps its moment and its id", async () => {
    const { session, newest, clock, open, said, hear, again } = rig();
    await open(welcome());
    newest().events.closed(1006);
    session.addMarker({ marker: MARKER, take: TAKE, atRoomUs: asRoom(6_000_000), text: "" });
    expect(session.state.unsentMarkers).toHaveLength(1);
    await clock.pass(250);
    await open(welcome());
    expect(said()).toEqual([{ type: "add-marker", marker: MARKER, take: TAKE, atRoomUs: asRoom(6_000_000), text: "" }]);
    hear({ type: "marker", marker });
    expect(session.state).toMatchObject({ unsentMarkers: [], room: { markers: [marker] } });
    await again(welcome([marker]));
    expect(said()).toEqual([]);
  });

  it("[RS13] a marker that the room tells of at `welcome` has arrived", async () => {
    const { session, open } = rig();
    session.addMarker({ marker: MARKER, take: TAKE, atRoomUs: asRoom(6_000_000), text: "" });
    await open(welcome([marker]));
    expect(session.state.unsentMarkers).toEqual([]);
  });

  it("[RS14] what was refused as too fast is said again 5 s later, what is refused for good is not", async () => {
    const { session, clock, open, said, hear } = rig();
    const pong = () => hear({ type: "clock-pong", id: 1, t0: 1, t1: asRoom(1) });
    await open(welcome());
    session.chat(envelope(0));
    hear({ type: "refused", what: "chat", reason: "too-fast", message: "" });
    for (const _ of Array(5)) {
      pong();
      await clock.pass(1_000);
    }
    expect(said()).toHaveLength(2);
    hear({ type: "refused", what: "chat", reason: "bad-message", message: "" });
    for (const _ of Array(5)) {
      pong();
      await clock.pass(1_000);
    }
    expect(said()).toHaveLength(2);
  });

  it("[RS12] whatever the network swallows, every line arrives, and none twice", async () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const { session, clock, newest, open, hear, again, said } = rig();
      const random = seededRandom(seed);
      const arrived: number[] = [];
      /** The room's end: takes what gets through, and tells it back, if that gets through. */
      const deliver = (): void => {
        for (const message of newest().sent.splice(0)) {
          if (message.type !== "chat" || random.unit() < 0.3) continue;
          const { seq } = message.envelope;
          if (!arrived.includes(seq)) arrived.push(seq);
          if (random.unit() < 0.7) hear({ type: "chat", message: told(seq) });
        }
      };
      await open(welcome());
      for (let seq = 0; seq < 12; seq += 1) {
        if (random.unit() < 0.3) newest().events.closed(1006);
        session.chat(envelope(seq));
        deliver();
        if (session.state.connection === "lost") {
          await clock.pass(250);
          await open(welcome());
        }
      }
      for (let tries = 0; tries < 60; tries += 1) {
        await again(welcome());
        deliver();
      }
      expect(
        [...arrived].sort((a, b) => a - b),
        `seed ${seed}`,
      ).toEqual(Array.from({ length: 12 }, (_, at) => at));
      await again(welcome());
      expect(said(), `seed ${seed}`).toEqual([]);
    }
  });
});

describe("what the room says of others", () => {
  it("knocks come and go", async () => {
    const { session, open, hear } = rig();
    await open(welcome());
    const knocker = { participant: "participantparticipa02" as ParticipantId, name: "Bob", sinceMs: 1 };
    hear({ type: "knock", knocker });
    hear({ type: "knock", knocker: { ...knocker, name: "Bobby" } });
    expect(session.state.room?.knocking).toEqual([{ ...knocker, name: "Bobby" }]);
    hear({ type: "knock-ended", participant: knocker.participant });
    expect(session.state.room?.knocking).toEqual([]);
  });

  it("[RS15] a new role, a request to mute, a reaction and chat are passed on", async () => {
    const { session, open, hear, heard } = rig();
    await open(welcome());
    hear({ type: "role", role: "cohost" });
    hear({ type: "mute-asked", by: "Inês" });
    hear({ type: "reaction", participant: ME, kind: "clap" });
    hear({ type: "chat-history", messages: [told(3), told(4)] });
    expect(session.state.role).toBe("cohost");
    expect(heard).toEqual(["welcomed", "role cohost", "muted by Inês", "clap", "chat 3 4"]);
  });

  it("a new take begins without the markers of the one before", async () => {
    const { session, open, hear } = rig();
    await open(welcome([marker]));
    hear({ type: "take", take: { ...take, state: "stopped", stopRoomUs: asRoom(9_000_000) } });
    expect(session.state.room?.markers).toHaveLength(1);
    hear({ type: "take", take: { ...take, take: "taketaketaketaketake02" as TakeId, number: 2 } });
    expect(session.state.room?.markers).toEqual([]);
  });

  it("[RS4] after the end nothing is said any more", async () => {
    const { session, open, newest, clock, sockets } = rig();
    await open(welcome());
    newest().events.closed(CLOSE.removed);
    session.chat(envelope(0));
    await clock.pass(60_000);
    expect(sockets).toHaveLength(1);
    expect(newest().sent.some(({ type }) => type === "chat")).toBe(false);
  });
});
