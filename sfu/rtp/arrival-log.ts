import { sequenceDistance } from "./sequence.ts";

/**
 * What the receiver tells a sender's congestion control: when each packet arrived, by its transport-wide number
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01).
 */

const WINDOW = 4096;
/** A report names no more packets than this; one at 50 ms intervals has a few dozen. */
const MAX_STATUSES = 1024;
const TICK_MS = 0.25;
const REFERENCE_MS = 64;
const NOT_RECEIVED = 0;
const SMALL_DELTA = 1;
const LARGE_DELTA = 2;
/** Two-bit symbols in one status chunk. */
const SYMBOLS = 7;

export class ArrivalLog {
  /** Arrival by number modulo the window, ms; −1: not arrived. */
  readonly #arrivals = new Float64Array(WINDOW).fill(-1);
  /** Next number to report, and one past the highest that arrived; unwrapped. */
  #next = -1;
  #end = -1;
  #reports = 0;
  #media = 0;

  /** @param nowMs any clock that only goes forward */
  add(sequence: number, nowMs: number, media: number): void {
    this.#media = media;
    if (this.#end < 0) this.#next = this.#end = sequence;
    const number = this.#end + sequenceDistance(sequence, this.#end & 0xffff);
    if (number < 0 || number < this.#end - WINDOW / 2) return;
    if (number >= this.#end + WINDOW / 2) {
      this.#arrivals.fill(-1);
      this.#next = this.#end = number;
    }
    // Late ones are reported again with what lies after them.
    if (number < this.#next) this.#next = number;
    for (let hole = this.#end; hole < number; hole++) this.#arrivals[hole % WINDOW] = -1;
    this.#arrivals[number % WINDOW] = nowMs;
    this.#end = Math.max(this.#end, number + 1);
  }

  /** @returns the feedback packet, or undefined when nothing arrived since the last one */
  report(sender: number): Buffer | undefined {
    if (this.#next >= this.#end) return undefined;
    const first = this.#firstArrived();
    const base = Math.max(this.#next, first - MAX_STATUSES + 1);
    const reference = Math.floor(this.#arrival(first) / REFERENCE_MS);
    const symbols: number[] = [];
    const deltas: number[] = [];
    let previous = reference * REFERENCE_MS;
    let number = base;
    for (; number < this.#end && symbols.length < MAX_STATUSES; number++) {
      const arrival = this.#arrival(number);
      if (arrival < 0) {
        symbols.push(NOT_RECEIVED);
        continue;
      }
      const delta = Math.round((arrival - previous) / TICK_MS);
      if (delta < -0x8000 || delta > 0x7fff) break;
      if (delta >= 0 && delta <= 0xff) {
        symbols.push(SMALL_DELTA);
        deltas.push(delta);
      } else {
        symbols.push(LARGE_DELTA);
        deltas.push((delta >> 8) & 0xff, delta & 0xff);
      }
      previous += delta * TICK_MS;
    }
    this.#next = number;
    return this.#packet(sender, base, reference, symbols, deltas);
  }

  #arrival(number: number): number {
    return this.#arrivals[number % WINDOW] ?? -1;
  }

  /** The highest number always arrived, so there is one. */
  #firstArrived(): number {
    let number = this.#next;
    while (number < this.#end - 1 && this.#arrival(number) < 0) number++;
    return number;
  }

  #packet(sender: number, base: number, reference: number, symbols: number[], deltas: number[]): Buffer {
    const chunks = Math.ceil(symbols.length / SYMBOLS);
    const length = 20 + chunks * 2 + deltas.length;
    const padding = (4 - (length % 4)) % 4;
    const packet = Buffer.alloc(length + padding);
    packet[0] = 0x80 | (padding ? 0x20 : 0) | 15;
    packet[1] = 205;
    packet.writeUInt16BE(packet.length / 4 - 1, 2);
    packet.writeUInt32BE(sender, 4);
    packet.writeUInt32BE(this.#media, 8);
    packet.writeUInt16BE(base & 0xffff, 12);
    packet.writeUInt16BE(symbols.length, 14);
    packet.writeUIntBE(reference & 0xffffff, 16, 3);
    packet[19] = this.#reports++ & 0xff;
    for (let chunk = 0; chunk < chunks; chunk++) {
      let value = 0xc000;
      for (let symbol = 0; symbol < SYMBOLS; symbol++) {
        value |= (symbols[chunk * SYMBOLS + symbol] ?? 0) << (12 - 2 * symbol);
      }
      packet.writeUInt16BE(value, 20 + chunk * 2);
    }
    let at = 20 + chunks * 2;
    for (const byte of deltas) packet[at++] = byte;
    if (padding) packet[packet.length - 1] = padding;
    return packet;
  }
}
