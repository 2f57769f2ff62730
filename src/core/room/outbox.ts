import type { ChatEnvelope } from "#protocol/chat.ts";
import type { ParticipantId, TakeId } from "#protocol/ids.ts";
import type { MarkerId } from "#protocol/markers.ts";
import type { ClientMessage, ServerMessage } from "#protocol/room-messages.ts";
import type { RoomMicros } from "#protocol/units.ts";

/** A marker of this device. Its moment is when it was set, however late the room hears of it. */
export interface OwnMarker {
  readonly marker: MarkerId;
  readonly take: TakeId;
  readonly atRoomUs: RoomMicros;
  readonly text: string;
}

/**
 * Chat lines and markers that the room has not told back yet. They are sent again as they are: the room takes a line
 * of the same session and number, or a marker of the same id, for the same one.
 */
export class Outbox {
  #lines: readonly ChatEnvelope[] = [];
  #markers: readonly OwnMarker[] = [];

  get markers(): readonly OwnMarker[] {
    return this.#markers;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0 && this.#markers.length === 0;
  }

  addLine(envelope: ChatEnvelope): void {
    this.#lines = [...this.#lines, envelope];
  }

  addMarker(marker: OwnMarker): void {
    this.#markers = [...this.#markers, marker];
  }

  /** What is to be sent, in the order in which it was said. */
  messages(): readonly ClientMessage[] {
    return [
      ...this.#lines.map((envelope) => ({ type: "chat", envelope }) as const),
      ...this.#markers.map((marker) => ({ type: "add-marker", ...marker }) as const),
    ];
  }

  /** Takes out what the room has told back, or refuses for good. */
  heard(message: ServerMessage, self: ParticipantId | null): void {
    switch (message.type) {
      case "welcome":
        for (const { marker } of message.room.markers) this.#dropMarker(marker);
        return;
      case "marker":
        this.#dropMarker(message.marker.marker);
        return;
      case "chat":
        if (message.message.from === self) this.#dropLine(message.message.envelope);
        return;
      case "chat-history":
        for (const each of message.messages) if (each.from === self) this.#dropLine(each.envelope);
        return;
      case "refused":
        // answers come in the order of the questions
        if (!PASSING.includes(message.reason)) this.#dropFirst(message.what);
        return;
      default:
    }
  }

  #dropMarker(id: MarkerId): void {
    if (this.#markers.some((each) => each.marker === id)) {
      this.#markers = this.#markers.filter((each) => each.marker !== id);
    }
  }

  #dropLine({ session, seq }: ChatEnvelope): void {
    this.#lines = this.#lines.filter((each) => each.session !== session || each.seq !== seq);
  }

  #dropFirst(what: string): void {
    if (what === "add-marker") this.#markers = this.#markers.slice(1);
    if (what === "chat") this.#lines = this.#lines.slice(1);
  }
}

type Refusal = Extract<ServerMessage, { type: "refused" }>["reason"];

/** Of these the same thing may be asked again. */
const PASSING: readonly Refusal[] = ["too-fast", "waiting"];
