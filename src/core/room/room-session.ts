import type { ClockSync } from "#core/clock-sync/clock-sync.ts";
import { isRoomApiError } from "#core/ports/room-api.ts";
import type { OpenRoomSocket, RoomSocket } from "#core/ports/room-socket.ts";
import type { Clock, Random, Scheduler } from "#core/ports/time.ts";
import type { CallState, ReactionKind } from "#protocol/call.ts";
import type { ChatEnvelope } from "#protocol/chat.ts";
import type { ParticipantId, RoomId, TakeId } from "#protocol/ids.ts";
import {
  CLOSE,
  type ClientMessage,
  type DeviceStatus,
  ROOM_PROTOCOL,
  type RoomView,
  type ServerMessage,
  SILENCE_MS,
} from "#protocol/room-messages.ts";
import { asLocal } from "#protocol/units.ts";
import type { OwnMarker } from "./outbox.ts";
import { CHECK_PATIENCE_MS, reconnectDelayMs, tryPatienceMs, YOUNG_TRY_MS } from "./reconnect.ts";
import {
  NOT_CONNECTED,
  type RoomConnection,
  type RoomSessionEvents,
  type RoomSessionState,
} from "./room-session-state.ts";
import { RoomSpeech } from "./room-speech.ts";
import { reduceRoomView } from "./room-view-reducer.ts";

export interface RoomSessionPorts {
  readonly openSocket: OpenRoomSocket;
  /**
   * A token that should be valid; `renew` after the room refused the last one.
   * Throws RoomApiError: `unauthorized` when the seat was taken away, others when the server cannot be asked.
   */
  readonly token: (renew: boolean) => Promise<string>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly clockSync: Pick<ClockSync, "add" | "nextPingMs">;
}

/** What a socket that never closes would have said: WebSocket's "abnormal closure". */
const SILENT = 1006;

const FINAL_CODES: ReadonlyMap<number, RoomConnection> = new Map([
  [CLOSE.replaced, "replaced"],
  [CLOSE.protocolMismatch, "outdated"],
  [CLOSE.roomGone, "gone"],
  [CLOSE.denied, "denied"],
  [CLOSE.removed, "removed"],
  [CLOSE.ended, "ended"],
]);

/**
 * Keeps one device in its room: connects, says hello, waits to be let in, reconnects with back-off, measures the room's
 * clock, and says again what the room must know. It decides nothing about recording; it reports takes.
 */
export class RoomSession {
  readonly #room: RoomId;
  readonly #ports: RoomSessionPorts;
  readonly #events: RoomSessionEvents;
  readonly #speech: RoomSpeech;
  readonly #stopped = new AbortController();
  #state: RoomSessionState = NOT_CONNECTED;
  #self: ParticipantId | null = null;
  #socket: RoomSocket | null = null;
  #attempt = 0;
  #renew = false;
  #pings = 0;
  /** The socket whose clock questions go round. */
  #asking: RoomSocket | null = null;
  /** Since when a question is unanswered, local µs. */
  #askedUs: number | null = null;
  #wake: AbortController | null = null;
  /** When the present socket was begun, local µs. */
  #triedUs = 0;
  /** Runs until the socket has said its first word. */
  #patience: AbortController | null = null;
  /** Runs while an answer to a question out of turn is awaited. */
  #checking: AbortController | null = null;

  constructor(room: RoomId, ports: RoomSessionPorts, events: RoomSessionEvents) {
    this.#room = room;
    this.#ports = ports;
    this.#events = events;
    this.#speech = new RoomSpeech({
      isIn: () => this.#state.connection === "open" && this.#state.waiting === null,
      send: (message) => this.#send(message),
      clock: ports.clock,
      after: (ms, then) => void this.#after(ms, then),
    });
  }

  get state(): RoomSessionState {
    return this.#state;
  }

  start(): void {
    this.#connect();
  }

  startTake(take: TakeId, title: string): void {
    this.#send({ type: "start-take", take, title });
  }

  stopTake(take: TakeId): void {
    this.#send({ type: "stop-take", take });
  }

  notRecording(take: TakeId, why: Extract<ClientMessage, { type: "not-recording" }>["why"]): void {
    this.#send({ type: "not-recording", take, why });
  }

  /** Tells the newest status, at most once a second. */
  report(status: DeviceStatus): void {
    this.#speech.report(status);
  }

  admit(participant: ParticipantId): void {
    this.#send({ type: "admit", participant });
  }

  deny(participant: ParticipantId): void {
    this.#send({ type: "deny", participant });
  }

  remove(participant: ParticipantId): void {
    this.#send({ type: "remove", participant });
  }

  askMute(participant: ParticipantId): void {
    this.#send({ type: "ask-mute", participant });
  }

  setRole(participant: ParticipantId, role: "cohost" | "guest"): void {
    this.#send({ type: "set-role", participant, role });
  }

  endForAll(): void {
    this.#send({ type: "end-for-all" });
  }

  /** This device's part in the call; said again after each reconnect. */
  call(state: CallState): void {
    this.#speech.call(state);
  }

  /** Said again after each reconnect. */
  hand(up: boolean): void {
    this.#speech.hand(up);
  }

  react(kind: ReactionKind): void {
    this.#send({ type: "react", kind });
  }

  /** Kept, and sent again after each reconnect, until the room tells it back. */
  chat(envelope: ChatEnvelope): void {
    this.#speech.chat(envelope);
  }

  /** As `chat`. */
  addMarker(marker: OwnMarker): void {
    this.#speech.marker(marker);
    this.#set(this.#state);
  }

  /** Ends this device's stay. */
  leave(): void {
    this.#send({ type: "leave" });
    this.#end("left");
  }

  /**
   * The network seems to be back, or another one: tries at once instead of waiting for the back-off, gives up a try that hangs since
   * before, and asks on an open socket whether it still carries anything.
   */
  nudge(): void {
    const socket = this.#socket;
    if (socket === null) {
      if (this.#state.connection === "lost") this.#wake?.abort();
    } else if (this.#asking === socket) {
      this.#check(socket);
    } else if (this.#ports.clock.nowUs() - this.#triedUs > YOUNG_TRY_MS * 1000) {
      this.#silent(socket);
      this.#wake?.abort();
    }
  }

  /** One question out of turn; a socket that stays silent then is dead, however lately it was heard. */
  #check(socket: RoomSocket): void {
    if (this.#checking !== null) return;
    this.#sendPing(socket);
    this.#checking = this.#after(CHECK_PATIENCE_MS, () => {
      this.#checking = null;
      if (this.#socket !== socket) return;
      this.#silent(socket);
      this.#wake?.abort();
    });
  }

  #connect(): void {
    this.#askedUs = null;
    this.#triedUs = this.#ports.clock.nowUs();
    const socket = this.#ports.openSocket(this.#room, {
      opened: () => this.#hello(socket),
      received: (message) => this.#receive(socket, message),
      misread: () => {
        this.#end("outdated");
        socket.close();
      },
      closed: (code) => this.#closed(socket, code),
    });
    this.#socket = socket;
    // A try that began without a network would hang for up to a minute after its return.
    this.#patience = this.#after(tryPatienceMs(this.#attempt), () => this.#silent(socket));
  }

  /** Nothing is heard from it: no close would come for minutes. */
  #silent(socket: RoomSocket): void {
    if (this.#socket !== socket) return;
    socket.close();
    this.#closed(socket, SILENT);
  }

  #hello(socket: RoomSocket): void {
    const renew = this.#renew;
    this.#renew = false;
    this.#ports.token(renew).then(
      (token) => socket.send({ type: "hello", protocol: ROOM_PROTOCOL, token }),
      (error: unknown) => {
        if (this.#socket !== socket) return;
        if (isSeatGone(error)) {
          this.#end("removed");
          return;
        }
        // The server cannot be reached, or fails: the close that follows starts the next try.
        this.#renew ||= renew;
        socket.close();
      },
    );
  }

  #receive(socket: RoomSocket, message: ServerMessage): void {
    if (this.#socket !== socket) return;
    this.#askedUs = null;
    this.#patience?.abort();
    this.#checking?.abort();
    this.#checking = null;
    const room = reduceRoomView(this.#state.room, message);
    if (message.type === "welcome") this.#welcome(socket, message, room);
    else if (message.type === "waiting") this.#wait(socket, message);
    else {
      this.#speech.heard(message, this.#self);
      const role = message.type === "role" ? message.role : this.#state.role;
      this.#set({ ...this.#state, room, role });
    }
    this.#announce(message);
  }

  #welcome(socket: RoomSocket, message: Extract<ServerMessage, { type: "welcome" }>, room: RoomView | null): void {
    this.#attempt = 0;
    this.#self = message.participant;
    this.#set({ ...this.#state, connection: "open", waiting: null, role: message.role, room });
    this.#askTheTime(socket);
    this.#speech.heard(message, this.#self);
    this.#set(this.#state);
    this.#events.welcomed();
  }

  #wait(socket: RoomSocket, message: Extract<ServerMessage, { type: "waiting" }>): void {
    this.#attempt = 0;
    this.#self = message.participant;
    const { title, hostName } = message;
    this.#set({ ...this.#state, connection: "open", waiting: { title, hostName } });
    this.#askTheTime(socket);
  }

  #announce(message: ServerMessage): void {
    const events = this.#events;
    switch (message.type) {
      case "welcome":
        if (message.room.take !== null) events.take(message.room.take);
        return;
      case "take":
        events.take(message.take);
        return;
      case "takes-changed":
        events.takesChanged();
        return;
      case "refused":
        events.refused(message.what, message.message);
        return;
      case "role":
        events.roleChanged(message.role);
        return;
      case "mute-asked":
        events.muteAsked(message.by);
        return;
      case "reaction":
        events.reaction(message.participant, message.kind);
        return;
      case "chat":
        events.chat([message.message]);
        return;
      case "chat-history":
        events.chat(message.messages);
        return;
      case "clock-pong":
        this.#ports.clockSync.add({
          sentUs: asLocal(message.t0),
          serverUs: message.t1,
          receivedUs: this.#ports.clock.nowUs(),
        });
        events.clock();
        return;
      default:
    }
  }

  /** From the first word on, in the waiting room too: whoever is let in into a rolling take begins at once. */
  #askTheTime(socket: RoomSocket): void {
    if (this.#asking === socket) return;
    this.#asking = socket;
    this.#ping(socket);
  }

  #ping(socket: RoomSocket): void {
    if (this.#socket !== socket || this.#stopped.signal.aborted) return;
    const nowUs = this.#ports.clock.nowUs();
    if (this.#askedUs !== null && nowUs - this.#askedUs > SILENCE_MS * 1000) {
      this.#silent(socket);
      return;
    }
    this.#sendPing(socket);
    this.#after(this.#ports.clockSync.nextPingMs(), () => this.#ping(socket));
  }

  #sendPing(socket: RoomSocket): void {
    const nowUs = this.#ports.clock.nowUs();
    this.#askedUs ??= nowUs;
    this.#pings += 1;
    socket.send({ type: "clock-ping", id: this.#pings, t0: nowUs });
  }

  #closed(socket: RoomSocket, code: number): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    this.#patience?.abort();
    this.#checking?.abort();
    this.#checking = null;
    if (this.#stopped.signal.aborted) return;
    const final = FINAL_CODES.get(code);
    if (final !== undefined) return this.#end(final);
    if (code === CLOSE.badToken) this.#renew = true;
    this.#set({ ...this.#state, connection: "lost" });
    this.#wake = this.#after(reconnectDelayMs(this.#attempt, this.#ports.random.unit()), () => this.#connect(), true);
    this.#attempt += 1;
  }

  /** Runs `then` after `ms`; with `early`, aborting the returned controller runs it at once instead of never. */
  #after(ms: number, then: () => void, early = false): AbortController {
    const cancel = new AbortController();
    const signal = AbortSignal.any([cancel.signal, this.#stopped.signal]);
    this.#ports.scheduler.delay(ms, signal).then(then, (reason: unknown) => {
      if (!signal.aborted) throw reason;
      if (early && !this.#stopped.signal.aborted) then();
    });
    return cancel;
  }

  #send(message: ClientMessage): void {
    this.#socket?.send(message);
  }

  #end(connection: RoomConnection): void {
    this.#stopped.abort();
    const socket = this.#socket;
    this.#socket = null;
    this.#set({ ...this.#state, connection });
    socket?.close();
  }

  /** Tells of it when anything of it is new. */
  #set(next: RoomSessionState): void {
    const before = this.#state;
    const state = { ...next, unsentMarkers: this.#speech.unsentMarkers };
    if (KEYS.every((key) => state[key] === before[key])) return;
    this.#state = state;
    this.#events.changed(state);
  }
}

const KEYS = ["connection", "waiting", "role", "room", "unsentMarkers"] as const;

/** The server itself refuses to renew: the seat was taken away. */
function isSeatGone(error: unknown): boolean {
  return isRoomApiError(error) && error.reason === "unauthorized" && error.serverReason !== undefined;
}
