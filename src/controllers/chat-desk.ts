import type { Chat, ChatKey, Opened } from "#core/chat/chat.ts";
import type { Clock } from "#core/ports/time.ts";
import type { ChatEnvelope, ChatMessage } from "#protocol/chat.ts";
import type { ParticipantId } from "#protocol/ids.ts";
import { shownLines } from "#protocol/names.ts";
import type { ChatLineView, ChatView } from "./studio-view.ts";

export interface ChatDeskPorts {
  readonly newChat: (key: ChatKey) => Chat;
  readonly self: () => { readonly participant: ParticipantId; readonly name: string };
  /** Keeps it and sends it until the room tells it back. */
  readonly send: (envelope: ChatEnvelope) => void;
  readonly clock: Pick<Clock, "wallMs">;
  readonly changed: () => void;
  readonly report: (error: unknown) => void;
}

/** Lines that one page shows: more than a room keeps, and few enough to draw. */
const LINES_KEPT = 500;

interface Line extends ChatLineView {
  /** By the room's count; Infinity while it has not answered. */
  readonly number: number;
}

/**
 * The chat of one stay: locks what is said, opens what is heard, counts what was not read. What the room tells twice is one
 * line. Without the room's key it keeps what it hears, and opens it when the key comes.
 */
export class ChatDesk {
  readonly #ports: ChatDeskPorts;
  #key: ChatKey | undefined;
  #chat: Chat | undefined;
  /** Heard before the key was. */
  #locked: readonly ChatMessage[] = [];
  readonly #numbers = new Set<number>();
  #lines: readonly Line[] = [];
  #unread = 0;
  #watched = false;

  constructor(ports: ChatDeskPorts, key: ChatKey | undefined) {
    this.#ports = ports;
    if (key !== undefined) this.useKey(key);
  }

  get key(): ChatKey | undefined {
    return this.#key;
  }

  view(connected: boolean): ChatView {
    const state = this.#chat === undefined ? "no-key" : connected ? "ready" : "offline";
    return { state, lines: this.#lines, unread: this.#unread };
  }

  /** A link with the key was opened. */
  useKey(key: ChatKey): void {
    if (key === this.#key) return;
    this.#key = key;
    this.#chat = this.#ports.newChat(key);
    const locked = this.#locked;
    this.#locked = [];
    this.#open(locked);
    this.#ports.changed();
  }

  /** Whitespace alone, and more letters than a message may have, are not sent. */
  send(text: string): void {
    const chat = this.#chat;
    if (chat === undefined) return;
    chat.seal(text).then((sealed) => {
      if (!sealed.ok) return;
      const { envelope } = sealed;
      const { participant, name } = this.#ports.self();
      this.#put({
        id: idOf(participant, envelope),
        from: name,
        self: true,
        atMs: this.#ports.clock.wallMs(),
        text: shownLines(text),
        state: "sending",
        number: Number.POSITIVE_INFINITY,
      });
      this.#ports.send(envelope);
    }, this.#ports.report);
  }

  /** What the room tells; the same message may come more than once. */
  heard(messages: readonly ChatMessage[]): void {
    const fresh = messages.filter((each) => !this.#numbers.has(each.number));
    for (const { number } of fresh) this.#numbers.add(number);
    if (this.#chat === undefined) this.#locked = [...this.#locked, ...fresh].slice(-LINES_KEPT);
    else this.#open(fresh);
  }

  /** Lines that come while it is open are read. */
  watch(open: boolean): void {
    this.#watched = open;
    if (open && this.#unread > 0) {
      this.#unread = 0;
      this.#ports.changed();
    }
  }

  #open(messages: readonly ChatMessage[]): void {
    const chat = this.#chat;
    if (chat === undefined) return;
    for (const message of messages) {
      const id = idOf(message.from, message.envelope);
      const own = this.#lines.find((line) => line.id === id);
      if (own?.state === "sending") {
        this.#put({ ...own, state: "sent", atMs: message.atMs, number: message.number });
        // the chain hears of it too: told again under another number it is a replay
        chat.open(message.from, message.envelope).catch(this.#ports.report);
        continue;
      }
      chat
        .open(message.from, message.envelope)
        .then((opened) => this.#opened(id, message, opened))
        .catch(this.#ports.report);
    }
  }

  #opened(id: string, message: ChatMessage, opened: Opened): void {
    if (!opened.ok && opened.reason === "replayed") return;
    const self = message.from === this.#ports.self().participant;
    this.#put({
      id: opened.ok ? id : `${id}/${message.number}`,
      from: message.name,
      self,
      atMs: message.atMs,
      text: opened.ok ? opened.text : "",
      state: opened.ok ? "sent" : "unreadable",
      number: message.number,
    });
    if (self || this.#watched) return;
    this.#unread += 1;
    this.#ports.changed();
  }

  #put(line: Line): void {
    const others = this.#lines.filter((each) => each.id !== line.id);
    const at = others.findLastIndex((each) => each.number <= line.number) + 1;
    this.#lines = [...others.slice(0, at), line, ...others.slice(at)].slice(-LINES_KEPT);
    this.#ports.changed();
  }
}

function idOf(from: ParticipantId, { session, seq }: ChatEnvelope): string {
  return `${from}/${session}/${seq}`;
}
