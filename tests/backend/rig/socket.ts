import { exports } from "cloudflare:workers";
import * as v from "valibot";
import { ROOM_PROTOCOL, serverFrame, type ServerMessage } from "#protocol/room-messages.ts";
import { ORIGIN, type Seat } from "./api.ts";

type OfType<T extends ServerMessage["type"]> = Extract<ServerMessage, { type: T }>;

/** A participant's end of the room's socket. What was heard and not yet asked for waits. */
export class RoomSocket {
  readonly #socket: WebSocket;
  /** How many frames have come. */
  frames = 0;
  readonly #heard: ServerMessage[] = [];
  readonly #waiting: { wants: (message: ServerMessage) => boolean; take: (message: ServerMessage) => void }[] = [];
  /** Close code and reason. */
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
    });
    socket.addEventListener("message", ({ data }) => {
      this.frames += 1;
      for (const message of v.parse(serverFrame, JSON.parse(String(data)))) this.#hear(message);
    });
    socket.accept();
  }

  #hear(message: ServerMessage): void {
    const at = this.#waiting.findIndex(({ wants }) => wants(message));
    const [waiting] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (waiting) waiting.take(message);
    else this.#heard.push(message);
  }

  /** The next message of this type for which `also` holds; others stay. */
  next<T extends ServerMessage["type"]>(
    type: T,
    also: (message: OfType<T>) => boolean = () => true,
  ): Promise<OfType<T>> {
    const isType = (message: ServerMessage): message is OfType<T> => message.type === type;
    const wants = (message: ServerMessage): boolean => isType(message) && also(message);
    const at = this.#heard.findIndex(wants);
    const [known] = at < 0 ? [] : this.#heard.splice(at, 1);
    if (known && isType(known)) return Promise.resolve(known);
    return new Promise((resolve) => {
      this.#waiting.push({
        wants,
        take: (message) => {
          if (isType(message)) resolve(message);
        },
      });
    });
  }

  /** What has been heard of this type and not asked for. */
  heard<T extends ServerMessage["type"]>(type: T): readonly OfType<T>[] {
    return this.#heard.filter((message): message is OfType<T> => message.type === type);
  }

  /** Everything that has been heard and not asked for, by type. */
  heardTypes(): readonly string[] {
    return this.#heard.map(({ type }) => type);
  }

  send(message: unknown): void {
    this.#socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.send(bytes);
  }

  /** Everything that was sent before has been heard. */
  async settled(): Promise<void> {
    const id = Math.floor(Math.random() * 1e9);
    this.send({ type: "clock-ping", id, t0: 0 });
    await this.next("clock-pong", (pong) => pong.id === id);
  }

  close(): void {
    this.#socket.close(1000, "done");
  }
}

export function upgrade(room: string, headers: Record<string, string> = { Origin: ORIGIN }): Promise<Response> {
  return exports.default.fetch(`${ORIGIN}/api/rooms/${room}/socket`, { headers: { Upgrade: "websocket", ...headers } });
}

/** A socket that has said nothing yet. */
export async function openSocket(room: string): Promise<RoomSocket> {
  const response = await upgrade(room);
  if (!response.webSocket) throw new Error(`no socket: ${response.status}`);
  return new RoomSocket(response.webSocket);
}

/** A socket that has been welcomed. */
export async function connect(
  seat: Pick<Seat, "room" | "token">,
): Promise<{ socket: RoomSocket; welcome: OfType<"welcome"> }> {
  const socket = await openSocket(seat.room);
  socket.send({ type: "hello", protocol: ROOM_PROTOCOL, token: seat.token });
  return { socket, welcome: await socket.next("welcome") };
}

/** A socket in the waiting room. */
export async function knock(seat: Seat): Promise<{ socket: RoomSocket; waiting: OfType<"waiting"> }> {
  const socket = await openSocket(seat.room);
  socket.send({ type: "hello", protocol: ROOM_PROTOCOL, token: seat.token });
  return { socket, waiting: await socket.next("waiting") };
}

export const status = (change: Record<string, unknown> = {}) => ({
  type: "status",
  status: {
    recording: "no",
    take: null,
    sources: [],
    epochsSealed: 0,
    epochsUploaded: 0,
    epochsLeft: 0,
    bytesLeft: 0,
    gaps: 0,
    gapUs: 0,
    problem: null,
    ...change,
  },
});
