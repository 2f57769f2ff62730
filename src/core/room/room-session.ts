import type { ClockSync } from "#core/clock-sync/clock-sync.ts";
import type { OpenRoomSocket, RoomSocket } from "#core/ports/room-socket.ts";
import type { Clock, Random, Scheduler } from "#core/ports/time.ts";
import type { RoomId, TakeId } from "#protocol/ids.ts";
import {
  CLOSE,
  type ClientMessage,
  type DeviceStatus,
  ROOM_PROTOCOL,
  type RoomView,
  type ServerMessage,
  SILENCE_MS,
  STATUS_EVERY_MS,
  type TakeView,
} from "#protocol/room-messages.ts";
import { asLocal } from "#protocol/units.ts";
import { reconnectDelayMs } from "./reconnect.ts";
import { reduceRoomView } from "./room-view-reducer.ts";

/** Whether the room hears this device. Recording goes on in every one of them. */
export type RoomConnection = "connecting" | "open" | "lost" | "replaced" | "outdated" | "gone" | "left";

export interface RoomSessionState {
  readonly connection: RoomConnection;
  readonly room: RoomView | null;
}

export interface RoomSessionEvents {
  changed(state: RoomSessionState): void;
  /** The room's newest take, after each welcome and each change of it. */
  take(take: TakeView): void;
  takesChanged(): void;
  refused(what: string, message: string): void;
  /** A better clock sample is there. */
  clock(): void;
}

export interface RoomSessionPorts {
  readonly openSocket: OpenRoomSocket;
  /** A token that should be valid; `renew` after the room refused the last one. Throws when the server cannot be reached. */
  readonly token: (renew: boolean) => Promise<string>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly clockSync: Pick<ClockSync, "add" | "nextPingMs">;
}

/** What a socket that never closes would have said: WebSocket's "abnormal closure". */
const SILENT = 1006;

/**
 * Keeps one device in its room: connects, says hello, reconnects with back-off, measures the room's clock, tells the
 * device's status at most once a second. It decides nothing about recording; it reports takes.
 */
export class RoomSession {
  readonly #room: RoomId;
  readonly #ports: RoomSessionPorts;
  readonly #events: RoomSessionEvents;
  readonly #stopped = new AbortController();
  #state: RoomSessionState = { connection: "connecting", room: null };
  #socket: RoomSocket | null = null;
  #attempt = 0;
  #renew = false;
  #pings = 0;
  /** Since when a question is unanswered, local µs. */
  #askedUs: number | null = null;
  #status: DeviceStatus | null = null;
  #statusTimer: AbortController | null = null;
  #statusSentMs = Number.NEGATIVE_INFINITY;

  constructor(room: RoomId, ports: RoomSessionPorts, events: RoomSessionEvents) {
    this.#room = room;
    this.#ports = ports;
    this.#events = events;
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

  /** Tells the newest status; at once when the last one is a second old, otherwise as soon as it is. */
  report(status: DeviceStatus): void {
    this.#status = status;
    this.#flushStatus();
  }

  /** Ends this device's stay. */
  leave(): void {
    this.#send({ type: "leave" });
    this.#end("left");
  }

  /** Tries at once instead of waiting for the back-off: the network seems to be back. */
  nudge(): void {
    if (this.#socket === null && this.#state.connection === "lost") this.#wake?.abort();
  }
  #wake: AbortController | null = null;

  #connect(): void {
    this.#askedUs = null;
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
  }

  #hello(socket: RoomSocket): void {
    const renew = this.#renew;
    this.#renew = false;
    this.#ports.token(renew).then(
      (token) => socket.send({ type: "hello", protocol: ROOM_PROTOCOL, token }),
      () => {
        // The server cannot be reached, or refuses: the close that follows starts the next try.
        this.#renew ||= renew;
        socket.close();
      },
    );
  }

  #receive(socket: RoomSocket, message: ServerMessage): void {
    if (this.#socket !== socket) return;
    this.#askedUs = null;
    const room = reduceRoomView(this.#state.room, message);
    if (message.type === "welcome") {
      this.#attempt = 0;
      this.#set({ connection: "open", room });
      this.#ping(socket);
      this.#statusSentMs = Number.NEGATIVE_INFINITY;
      this.#flushStatus();
    } else if (room !== this.#state.room) {
      this.#set({ ...this.#state, room });
    }
    this.#announce(message);
  }

  #announce(message: ServerMessage): void {
    switch (message.type) {
      case "welcome":
        if (message.room.take !== null) this.#events.take(message.room.take);
        return;
      case "take":
        this.#events.take(message.take);
        return;
      case "takes-changed":
        this.#events.takesChanged();
        return;
      case "refused":
        this.#events.refused(message.what, message.message);
        return;
      case "clock-pong":
        this.#ports.clockSync.add({
          sentUs: asLocal(message.t0),
          serverUs: message.t1,
          receivedUs: this.#ports.clock.nowUs(),
        });
        this.#events.clock();
        return;
      default:
    }
  }

  #ping(socket: RoomSocket): void {
    if (this.#socket !== socket || this.#stopped.signal.aborted) return;
    const nowUs = this.#ports.clock.nowUs();
    if (this.#askedUs !== null && nowUs - this.#askedUs > SILENCE_MS * 1000) {
      // The network is gone, and no close will come for minutes.
      socket.close();
      this.#closed(socket, SILENT);
      return;
    }
    this.#askedUs ??= nowUs;
    this.#pings += 1;
    socket.send({ type: "clock-ping", id: this.#pings, t0: this.#ports.clock.nowUs() });
    this.#after(this.#ports.clockSync.nextPingMs(), () => this.#ping(socket));
  }

  #flushStatus(): void {
    if (this.#status === null || this.#state.connection !== "open" || this.#statusTimer !== null) return;
    const wait = this.#statusSentMs + STATUS_EVERY_MS - this.#ports.clock.wallMs();
    if (wait > 0 && wait <= STATUS_EVERY_MS) {
      this.#statusTimer = this.#after(wait, () => {
        this.#statusTimer = null;
        this.#statusSentMs = Number.NEGATIVE_INFINITY;
        this.#flushStatus();
      });
      return;
    }
    this.#statusSentMs = this.#ports.clock.wallMs();
    this.#send({ type: "status", status: this.#status });
  }

  #closed(socket: RoomSocket, code: number): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    if (this.#stopped.signal.aborted) return;
    if (code === CLOSE.replaced) return this.#end("replaced");
    if (code === CLOSE.protocolMismatch) return this.#end("outdated");
    if (code === CLOSE.roomGone) return this.#end("gone");
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

  #set(state: RoomSessionState): void {
    this.#state = state;
    this.#events.changed(state);
  }
}
