import type { Clock } from "#core/ports/time.ts";
import type { CallState } from "#protocol/call.ts";
import type { ChatEnvelope } from "#protocol/chat.ts";
import type { ParticipantId } from "#protocol/ids.ts";
import { type ClientMessage, type DeviceStatus, type ServerMessage, STATUS_EVERY_MS } from "#protocol/room-messages.ts";
import { Outbox, type OwnMarker } from "./outbox.ts";

export interface SpeechPorts {
  /** Whether this device is in the room now: connected, and let in. */
  readonly isIn: () => boolean;
  readonly send: (message: ClientMessage) => void;
  readonly clock: Clock;
  /** Runs `then` after `ms`, unless the stay has ended. */
  readonly after: (ms: number, then: () => void) => void;
}

/** What was sent and not told back is sent again after this, while the connection stands: it was refused as too fast. */
const AGAIN_MS = 5_000;

/** So many lines and markers at once: a third of what the room takes in one go (RM22). */
const AT_ONCE = 20;

/**
 * What this device says of itself, and says again after each welcome: the room forgets who is away, and a network
 * that fails swallows what was just sent.
 */
export class RoomSpeech {
  readonly #ports: SpeechPorts;
  readonly #outbox = new Outbox();
  #status: DeviceStatus | null = null;
  #statusWaits = false;
  #statusSentMs = Number.NEGATIVE_INFINITY;
  #call: CallState | null = null;
  #hand: boolean | null = null;
  #asksAgain = false;

  constructor(ports: SpeechPorts) {
    this.#ports = ports;
  }

  get unsentMarkers(): readonly OwnMarker[] {
    return this.#outbox.markers;
  }

  /** Tells the newest status; at once when the last one is a second old, otherwise as soon as it is. */
  report(status: DeviceStatus): void {
    this.#status = status;
    this.#flushStatus();
  }

  call(state: CallState): void {
    this.#call = state;
    this.#say({ type: "call", call: state });
  }

  hand(up: boolean): void {
    this.#hand = up;
    this.#say({ type: "hand", up });
  }

  chat(envelope: ChatEnvelope): void {
    this.#outbox.addLine(envelope);
    this.#say({ type: "chat", envelope });
    this.#askAgain();
  }

  marker(marker: OwnMarker): void {
    this.#outbox.addMarker(marker);
    this.#say({ type: "add-marker", ...marker });
    this.#askAgain();
  }

  heard(message: ServerMessage, self: ParticipantId | null): void {
    this.#outbox.heard(message, self);
    if (message.type === "welcome") this.#sayAll();
  }

  #sayAll(): void {
    if (this.#call !== null) this.#say({ type: "call", call: this.#call });
    if (this.#hand !== null) this.#say({ type: "hand", up: this.#hand });
    this.#statusSentMs = Number.NEGATIVE_INFINITY;
    this.#flushStatus();
    this.#sayOutbox();
  }

  #sayOutbox(): void {
    for (const message of this.#outbox.messages().slice(0, AT_ONCE)) this.#say(message);
    this.#askAgain();
  }

  #askAgain(): void {
    if (this.#asksAgain || this.#outbox.isEmpty || !this.#ports.isIn()) return;
    this.#asksAgain = true;
    this.#ports.after(AGAIN_MS, () => {
      this.#asksAgain = false;
      this.#sayOutbox();
    });
  }

  #flushStatus(): void {
    if (this.#status === null || !this.#ports.isIn() || this.#statusWaits) return;
    const wait = this.#statusSentMs + STATUS_EVERY_MS - this.#ports.clock.wallMs();
    if (wait > 0 && wait <= STATUS_EVERY_MS) {
      this.#statusWaits = true;
      this.#ports.after(wait, () => {
        this.#statusWaits = false;
        this.#statusSentMs = Number.NEGATIVE_INFINITY;
        this.#flushStatus();
      });
      return;
    }
    this.#statusSentMs = this.#ports.clock.wallMs();
    this.#say({ type: "status", status: this.#status });
  }

  #say(message: ClientMessage): void {
    if (this.#ports.isIn()) this.#ports.send(message);
  }
}
