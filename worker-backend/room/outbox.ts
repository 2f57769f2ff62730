/**
 * Messages that come faster than this to one socket go out together: what a frame costs is mostly its own, not its bytes'. A voice
 * in a quiet room goes out at once.
 */
const TOGETHER_MS = 20;

/** A frame is not let grow beyond that. Letters. */
const MOST_LETTERS = 48 * 1024;

interface Waiting {
  texts: string[];
  letters: number;
  /** When the last frame went out. */
  sentMs: number;
}

/** What is to be sent to the sockets of a room: in order for each, a JSON object a frame, or an array of several. */
export class Outbox {
  readonly #waiting = new WeakMap<WebSocket, Waiting>();
  readonly #due = new Set<WebSocket>();
  /** A flush of all is on its way. */
  #waits = false;

  /** At once when nothing went out lately, otherwise together with what else comes. @param text a message as JSON */
  send(socket: WebSocket, text: string, nowMs: number): void {
    const waiting = this.#waiting.get(socket) ?? { texts: [], letters: 0, sentMs: Number.NEGATIVE_INFINITY };
    this.#waiting.set(socket, waiting);
    waiting.texts.push(text);
    waiting.letters += text.length;
    const quiet = nowMs - waiting.sentMs >= TOGETHER_MS && waiting.texts.length === 1;
    if (quiet || waiting.letters > MOST_LETTERS) return this.flush(socket, nowMs);
    this.#due.add(socket);
    if (!this.#waits) {
      this.#waits = true;
      setTimeout(() => this.#flushAll(), TOGETHER_MS);
    }
  }

  /** What waits for this socket goes out now: before an answer whose moment counts, and before it is closed. */
  flush(socket: WebSocket, nowMs: number): void {
    const waiting = this.#waiting.get(socket);
    this.#due.delete(socket);
    if (!waiting || waiting.texts.length === 0) return;
    const { texts } = waiting;
    waiting.texts = [];
    waiting.letters = 0;
    waiting.sentMs = nowMs;
    if (socket.readyState === WebSocket.OPEN)
      socket.send(texts.length === 1 ? (texts[0] ?? "") : `[${texts.join(",")}]`);
  }

  #flushAll(): void {
    this.#waits = false;
    const nowMs = Date.now();
    for (const socket of [...this.#due]) this.flush(socket, nowMs);
  }
}
