import type { DeviceTrack } from "#controllers/studio-devices.ts";
import type { LiveCall, LiveCallEvents, LiveCallState } from "#core/ports/live-call.ts";

export const CALM: LiveCallState<DeviceTrack> = {
  state: "connected",
  hasOffered: true,
  published: [],
  received: [],
  quality: new Map(),
  roundTripMs: null,
  uploadBytesPerSecond: null,
  soundBlocked: false,
};

/** A call whose other end is the test. With `breaks`, everything that is asked of it throws. */
export class HandCall implements LiveCall<DeviceTrack> {
  state: LiveCallState<DeviceTrack> = { ...CALM, state: "connecting" };
  readonly asked: string[] = [];
  followed: Parameters<LiveCall<DeviceTrack>["follow"]>[0] = [];
  shown: Parameters<LiveCall<DeviceTrack>["show"]>[0] = [];
  readonly #events: LiveCallEvents<DeviceTrack>;
  readonly #breaks: boolean;

  constructor(events: LiveCallEvents<DeviceTrack>, breaks = false) {
    this.#events = events;
    this.#breaks = breaks;
  }

  /** The call has something new to say. */
  becomes(change: Partial<LiveCallState<DeviceTrack>>): void {
    this.state = { ...this.state, ...change };
    this.#events.changed(this.state);
  }

  hears(levels: Parameters<LiveCallEvents<DeviceTrack>["levels"]>[0]): void {
    this.#events.levels(levels);
  }

  start(): void {
    this.#note("start");
  }

  send(source: string, sent: DeviceTrack | "nothing" | undefined): void {
    this.#note(`send ${source} ${typeof sent === "object" ? sent.id : sent}`);
  }

  follow(publishers: typeof this.followed): void {
    this.#note("follow");
    this.followed = publishers;
  }

  show(pictures: typeof this.shown): void {
    this.#note("show");
    this.shown = pictures;
  }

  nudge(): void {
    this.#note("nudge");
  }

  uploading(bytesPerSecond: number | null): void {
    this.#note(`uploading ${bytesPerSecond}`);
  }

  allowSound(): void {
    this.#note("allow-sound");
  }

  close(): void {
    this.#note("close");
  }

  #note(what: string): void {
    this.asked.push(what);
    if (this.#breaks) throw new Error(`the call failed: ${what}`);
  }
}
