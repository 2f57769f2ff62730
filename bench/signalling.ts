import * as v from "valibot";
import { joined, inviteCreated, roomCreated } from "#protocol/http-api.ts";
import { type DeviceStatus, ROOM_PROTOCOL } from "#protocol/room-messages.ts";
import { median, percentile, rounded, sum } from "./parts/statistics.ts";
import type { BenchRun } from "./parts/studio.ts";
import type { Report } from "./parts/table.ts";
import { letRun } from "./parts/wait.ts";

const ROOMS = 20;
const PEOPLE = 10;
const PER_SECOND = 20;
const SECONDS = 15;
const QUICK = { rooms: 3, seconds: 3 };

/** Two rooms at a time come in: a party's joins, not a flood. */
const JOINING_AT_ONCE = 2;

const STATUS: DeviceStatus = {
  recording: "no",
  take: null,
  sources: ["camera", "microphone"],
  epochsSealed: 0,
  epochsUploaded: 0,
  epochsLeft: 0,
  bytesLeft: 0,
  gaps: 0,
  gapUs: 0,
  newestGaps: [],
  bytesSealed: 0,
  bytesUploaded: 0,
  bytesPerSecond: 0,
  minutesFree: null,
  problem: null,
};

/** Times of one run, ms. */
interface Figures {
  readonly joins: number[];
  readonly relays: number[];
  sent: number;
  refused: number;
  /** How late this program itself ran: its own share of what it measures. */
  readonly lags: number[];
}

/** Measure (f): what the room's socket takes to tell the others, and to let somebody in. */
export async function benchSignalling({ server, quick, say }: BenchRun): Promise<Report> {
  const rooms = quick ? QUICK.rooms : ROOMS;
  const seconds = quick ? QUICK.seconds : SECONDS;
  const figures: Figures = { joins: [], relays: [], sent: 0, refused: 0, lags: [] };
  const people: Person[] = [];
  say(`${rooms} rooms × ${PEOPLE} people come in`);
  for (let room = 0; room < rooms; room += JOINING_AT_ONCE) {
    const some = Array.from({ length: Math.min(JOINING_AT_ONCE, rooms - room) }, () => fillRoom(server.url, figures));
    people.push(...(await Promise.all(some)).flat());
  }
  say(`each says ${PER_SECOND} messages a second, for ${seconds} s`);
  const stop = talk(people, figures);
  await letRun(seconds);
  stop();
  await letRun(1);
  for (const person of people) person.socket.close();
  return report(rooms, seconds, figures);
}

interface Person {
  readonly id: string;
  readonly socket: WebSocket;
  /** When it said which number, ms: what the others hear is found there. */
  readonly said: Map<number, number>;
}

async function fillRoom(origin: string, figures: Figures): Promise<Person[]> {
  const made = v.parse(roomCreated, await post(`${origin}/api/rooms`, {}));
  const room: Map<string, Person> = new Map();
  const host = await comeIn(origin, made.room, { hostSecret: made.hostSecret }, room, figures);
  for (let guest = 1; guest < PEOPLE; guest += 1) {
    const { invite } = v.parse(inviteCreated, await post(`${origin}/api/rooms/${made.room}/invites`, {}, host.token));
    await comeIn(origin, made.room, { invite }, room, figures);
  }
  return [...room.values()];
}

/** From the press of Join to the room's welcome. */
async function comeIn(
  origin: string,
  room: string,
  key: Readonly<Record<string, string>>,
  others: Map<string, Person>,
  figures: Figures,
): Promise<{ readonly token: string }> {
  const from = performance.now();
  const body = { name: `Person ${others.size + 1}`, consent: true, ...key };
  const seat = v.parse(joined, await post(`${origin}/api/rooms/${room}/participants`, body));
  // Node's own takes headers, which the DOM's type does not know.
  const options: object = { headers: { Origin: origin } };
  const socket = new WebSocket(`${origin.replace("http", "ws")}/api/rooms/${room}/socket`, options as string[]);
  const person: Person = { id: seat.participant, socket, said: new Map() };
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("error", () => reject(new Error("the socket failed")));
    socket.addEventListener("close", ({ code, reason }) => reject(new Error(`the socket closed: ${code} ${reason}`)));
    socket.addEventListener("open", () =>
      socket.send(JSON.stringify({ type: "hello", protocol: ROOM_PROTOCOL, token: seat.token })),
    );
    socket.addEventListener("message", ({ data }) => {
      if (hear(String(data), others, figures)) resolve();
    });
  });
  figures.joins.push(performance.now() - from);
  others.set(person.id, person);
  return seat;
}

/** @returns whether it was the welcome */
function hear(text: string, others: ReadonlyMap<string, Person>, figures: Figures): boolean {
  const frame: Told | Told[] = JSON.parse(text);
  return (Array.isArray(frame) ? frame : [frame]).map((one) => hearOne(one, others, figures)).includes(true);
}

/** As much of a message as this program looks at. */
interface Told {
  readonly type: string;
  readonly participant?: { readonly participant?: string; readonly status?: { readonly epochsSealed: number } | null };
}

function hearOne(message: Told, others: ReadonlyMap<string, Person>, figures: Figures): boolean {
  if (message.type === "refused") figures.refused += 1;
  if (message.type !== "participant") return message.type === "welcome";
  const number = message.participant?.status?.epochsSealed ?? 0;
  const saidMs = others.get(message.participant?.participant ?? "")?.said.get(number);
  if (saidMs !== undefined) figures.relays.push(performance.now() - saidMs);
  return false;
}

/** Everybody speaks evenly over the second, each at a moment of their own. @returns the way to end it */
function talk(people: readonly Person[], figures: Figures): () => void {
  const everyMs = 1000 / PER_SECOND;
  let turn = 0;
  const begun = performance.now();
  const timer = setInterval(() => {
    const due = ((performance.now() - begun) / everyMs) * people.length;
    figures.lags.push(Math.max(0, ((due - turn) / people.length) * everyMs - TICK_MS));
    for (; turn < due; turn += 1) {
      const person = people[turn % people.length];
      if (!person) return;
      const number = Math.floor(turn / people.length) + 1;
      person.said.set(number, performance.now());
      person.socket.send(JSON.stringify({ type: "status", status: { ...STATUS, epochsSealed: number } }));
      figures.sent += 1;
    }
  }, TICK_MS);
  return () => clearInterval(timer);
}

const TICK_MS = 2;

async function post(url: string, body: object, token?: string): Promise<unknown> {
  const headers = { "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`POST answers ${answer.status}: ${text}`);
  return JSON.parse(text);
}

function report(rooms: number, seconds: number, { joins, relays, sent, refused, lags }: Figures): Report {
  const expected = sent * (PEOPLE - 1);
  const row = (name: string, values: readonly number[]) => [
    name,
    values.length,
    ...[0.5, 0.95, 0.99].map((share) => rounded(percentile(values, share), 1)),
  ];
  return {
    key: "f",
    title: "Signalling",
    columns: ["ms", "count", "p50", "p95", "p99"],
    rows: [row("join: press to welcome", joins), row("relay: said to heard", relays)],
    notes: [
      `${rooms} rooms × ${PEOPLE} people × ${PER_SECOND} messages/s for ${seconds} s. Target: relay p95 at most 50 ms.`,
      `${sent} said, ${relays.length} of ${expected} relays heard, ${refused} refused; ${rounded(relays.length / seconds, 0)} relays a second.`,
      `All people are one program on the machine of the server; it ran up to ${rounded(percentile(lags, 0.95), 1)} ms late itself (p95).`,
    ],
    details: {
      rooms,
      people: PEOPLE,
      perSecond: PER_SECOND,
      seconds,
      sent,
      refused,
      expected,
      median: median(relays),
      total: sum(joins),
    },
  };
}
