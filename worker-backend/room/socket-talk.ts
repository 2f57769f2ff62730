import * as v from "valibot";
import type { ParticipantId } from "#protocol/ids.ts";
import {
  CLOSE,
  clientMessage,
  MAX_MESSAGE_BYTES,
  ROOM_PROTOCOL,
  type ServerMessage,
  SILENCE_MS,
} from "#protocol/room-messages.ts";
import { asRoom } from "#protocol/units.ts";
import { utf8 } from "../auth/bytes.ts";
import { verifyToken } from "../auth/tokens.ts";
import type { Env } from "../env.ts";
import { parseJson } from "../http/json-text.ts";
import { type Outcome, type Reason, REFUSALS } from "../refusals.ts";
import { BAD_MESSAGE_COST, type RoomSockets } from "./room-sockets.ts";
import type { RoomState } from "./room-state.ts";
import type { RoomEvent } from "./room-step.ts";
import { memberRow } from "./seats.ts";

/** A device that records tells its status and asks for the clock every 2 s: out of reach after three that are missing. */
const SILENT_RECORDING_MS = SILENCE_MS + 1_000;

/** A tab in the background that records nothing may be let to run once a minute only. */
const SILENT_IDLE_MS = 75_000;

type Refused = Extract<ServerMessage, { type: "refused" }>;

/** What the room does for its sockets. */
export interface TalkRoom {
  room(): RoomState | null;
  apply(event: RoomEvent): Outcome<RoomState>;
}

/** Reasons of the room as a socket hears them. */
const SAID: Partial<Record<Reason, Refused["reason"]>> = {
  "not-host": "not-host",
  "take-rolling": "take-rolling",
  "unknown-take": "no-such-take",
  "take-deleted": "no-such-take",
  waiting: "waiting",
  "not-there": "not-there",
  "too-many": "too-many",
  // To a host who wants to let somebody in.
  "room-full": "too-many",
};

/** Hears what sockets say: limits, parsing, hello, and the clock; everything else is the room's. */
export class SocketTalk {
  readonly #env: Env;
  readonly #sockets: RoomSockets;
  readonly #owner: TalkRoom;
  /** A hello whose token is being verified: what the same socket says meanwhile waits. */
  readonly #greetings = new Map<WebSocket, Promise<void>>();

  constructor(env: Env, sockets: RoomSockets, owner: TalkRoom) {
    this.#env = env;
    this.#sockets = sockets;
    this.#owner = owner;
  }

  async hear(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    const greeting = this.#greetings.get(socket);
    if (greeting) await greeting;
    if (!this.#sockets.has(socket)) return;
    this.#sockets.heard(socket, Date.now());
    if (byteLength(data) > MAX_MESSAGE_BYTES) return this.#close(socket, 1009, "longer than 64 KiB");
    const message = typeof data === "string" ? parseMessage(data) : null;
    if (!this.#admit(socket, message?.type ?? "message", message ? 1 : BAD_MESSAGE_COST)) return;
    const member = this.#sockets.memberOf(socket);
    if (!member) {
      if (message?.type !== "hello") return this.#close(socket, CLOSE.helloExpected, "the first message must be hello");
      const greeted = this.#greet(socket, message).finally(() => this.#greetings.delete(socket));
      this.#greetings.set(socket, greeted);
      return greeted;
    }
    if (!message || message.type === "hello") return this.#refuse(socket, message?.type ?? "message", "bad-message");
    if (message.type === "clock-ping") {
      const nowMs = Date.now();
      const t1 = asRoom(nowMs * 1000);
      this.#sockets.sendNow(socket, { type: "clock-pong", id: message.id, t0: message.t0, t1 });
      return this.#closeSilent(nowMs);
    }
    if (!this.#sockets.admitType(socket, message.type, Date.now())) {
      return this.#refuse(socket, message.type, "too-fast");
    }
    const done = this.#owner.apply({ type: "message", from: member.participant, message });
    if (!done.ok)
      return this.#refuse(socket, message.type, SAID[done.refusal.reason] ?? "bad-message", done.refusal.reason);
    if (message.type === "leave") this.#close(socket, 1000, "left");
  }

  /** A network that is gone closes no socket: those who still talk show who does not. */
  #closeSilent(nowMs: number): void {
    const online = this.#owner.room()?.online;
    const allowedMs = (participant: ParticipantId): number => {
      const recording = online?.get(participant)?.status?.recording ?? "no";
      return recording === "recording" || recording === "starting" ? SILENT_RECORDING_MS : SILENT_IDLE_MS;
    };
    for (const socket of this.#sockets.silent(nowMs, allowedMs)) this.#close(socket, 1001, "nothing was heard");
  }

  #admit(socket: WebSocket, what: string, cost: number): boolean {
    const verdict = this.#sockets.admit(socket, Date.now(), cost);
    if (verdict === "close") this.#close(socket, CLOSE.tooFast, "too many messages");
    if (verdict === "refuse") this.#refuse(socket, what, "too-fast");
    return verdict === "pass";
  }

  async #greet(socket: WebSocket, hello: { readonly protocol: number; readonly token: string }): Promise<void> {
    if (hello.protocol !== ROOM_PROTOCOL)
      return this.#close(socket, CLOSE.protocolMismatch, "another protocol version");
    const token = await verifyToken(this.#env.SIGNING_SECRET, "participant", hello.token, Date.now());
    const room = this.#owner.room();
    if (!room) return this.#close(socket, CLOSE.roomGone, "there is no such room");
    if (!token.ok || token.value.room !== room.meta.room) return this.#close(socket, CLOSE.badToken, "token refused");
    const { participant, role, version } = token.value;
    const member = { participant, role, version };
    // Before it takes over from another socket: a token from before the seat was taken away must not.
    if (!memberRow(room, member)) return this.#close(socket, CLOSE.badToken, "token refused");
    this.#sockets.seat(socket, member);
    const done = this.#owner.apply({ type: "connected", member });
    if (!done.ok) {
      const full = done.refusal.reason === "room-full";
      return this.#close(socket, full ? CLOSE.roomFull : CLOSE.badToken, done.refusal.reason);
    }
  }

  /** Closes from this side; whoever was there is offline at once. */
  #close(socket: WebSocket, code: number, why: string): void {
    const participant = this.#sockets.close(socket, code, why);
    if (participant) this.#owner.apply({ type: "disconnected", participant });
  }

  #refuse(socket: WebSocket, what: string, reason: Refused["reason"], why?: Reason): void {
    const message = why ? REFUSALS[why][1] : PLAIN[reason];
    this.#sockets.send(socket, { type: "refused", what, reason, message });
  }
}

const PLAIN: Record<Refused["reason"], string> = {
  "not-host": "Only the host may do this.",
  "take-rolling": "A take is being recorded already.",
  "no-such-take": "The room has no such take.",
  "bad-message": "The message is not one that is expected here.",
  "too-fast": "Too many messages; slow down.",
  waiting: "The host has not let you in yet.",
  "not-there": "Nobody of this name is there.",
  "too-many": "There are too many of these already.",
};

function byteLength(data: string | ArrayBuffer): number {
  if (typeof data !== "string") return data.byteLength;
  // Never fewer bytes than UTF-16 units, and never more than three for each.
  return data.length * 3 <= MAX_MESSAGE_BYTES || data.length > MAX_MESSAGE_BYTES ? data.length : utf8(data).byteLength;
}

function parseMessage(text: string): v.InferOutput<typeof clientMessage> | null {
  const json = parseJson(text);
  if (!json.ok) return null;
  const parsed = v.safeParse(clientMessage, json.value);
  return parsed.success ? parsed.output : null;
}
