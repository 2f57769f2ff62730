import type { ClockSample } from "#protocol/clock.ts";
import { asLocal, asRoom, type LocalMicros, type RoomMicros } from "#protocol/units.ts";

/** One question to the room's clock and its answer. */
export interface ClockExchange {
  readonly sentUs: LocalMicros;
  /** The room's clock, whole ms rounded down, at some moment between the other two. */
  readonly serverUs: RoomMicros;
  readonly receivedUs: LocalMicros;
}

/** The room's clock tells whole ms: the truth lies up to this much after what it says. */
const SERVER_RESOLUTION_US = 1_000;

/** Two crystals differ by at most ±100 ppm each (EDITORS.md), so an old exchange is worth 200 µs less per second of age. */
const DRIFT = 200e-6;

/** At 2 s a ping this is two minutes: older exchanges are looser than new ones anyway. */
const WINDOW = 64;

/** The first answers bring the uncertainty down before anybody presses Record. */
const BURST = 12;
const BURST_EVERY_MS = 80;
const EVERY_MS = 2_000;

/** Where the offset must lie by one exchange: it says so itself, whatever the network did. */
interface Bounds {
  readonly atUs: LocalMicros;
  readonly low: number;
  readonly high: number;
}

/**
 * What this device knows of the room's clock. Each exchange bounds the offset from both sides: the answer was made
 * after the question left and before it came back. The bounds of a sliding window are cut with each other (Marzullo's
 * way), each widened by what two crystals may drift apart since; many exchanges so beat both the round trip of one and
 * the clock's resolution. What remains is the uncertainty, which is a bound and no guess.
 */
export class ClockSync {
  #window: Bounds[] = [];
  #exchanges = 0;
  #roundTripUs = 0;
  #sample: ClockSample | null = null;

  /** The newest estimate; `null` before the first exchange. */
  get sample(): ClockSample | null {
    return this.#sample;
  }

  get exchanges(): number {
    return this.#exchanges;
  }

  /** Of the newest exchange. */
  get roundTripUs(): number {
    return this.#roundTripUs;
  }

  add(exchange: ClockExchange): void {
    const { sentUs, serverUs, receivedUs } = exchange;
    if (receivedUs < sentUs) return;
    this.#exchanges += 1;
    this.#roundTripUs = receivedUs - sentUs;
    this.#window = [
      ...this.#window.slice(1 - WINDOW),
      { atUs: receivedUs, low: serverUs - receivedUs, high: serverUs + SERVER_RESOLUTION_US - sentUs },
    ];
    this.#sample = this.#cut(receivedUs);
  }

  /** When to ask next. */
  nextPingMs(): number {
    return this.#exchanges < BURST ? BURST_EVERY_MS : EVERY_MS;
  }

  roomOf(local: LocalMicros): RoomMicros | undefined {
    return this.#sample === null ? undefined : asRoom(local + this.#sample.offsetUs);
  }

  localOf(room: RoomMicros): LocalMicros | undefined {
    return this.#sample === null ? undefined : asLocal(room - this.#sample.offsetUs);
  }

  /** Newest first; an older exchange that contradicts them shows that a clock was set, and ends the window there. */
  #cut(nowUs: LocalMicros): ClockSample | null {
    let low = Number.NEGATIVE_INFINITY;
    let high = Number.POSITIVE_INFINITY;
    for (let at = this.#window.length - 1; at >= 0; at -= 1) {
      const bounds = this.#window[at];
      if (bounds === undefined) break;
      const slack = (nowUs - bounds.atUs) * DRIFT;
      const nextLow = Math.max(low, bounds.low - slack);
      const nextHigh = Math.min(high, bounds.high + slack);
      if (nextLow > nextHigh) {
        this.#window = this.#window.slice(at + 1);
        break;
      }
      low = nextLow;
      high = nextHigh;
    }
    return { atUs: nowUs, offsetUs: (low + high) / 2, uncertaintyUs: (high - low) / 2 };
  }
}
