import { type ConnectionQuality, qualityOf } from "#core/call/quality.ts";
import { Speakers } from "#core/call/speakers.ts";
import type { LiveCall, LiveCallEvents, LiveCallState, Publisher, Sent, ShownPicture } from "#core/ports/live-call.ts";
import { isRoomApiError } from "#core/ports/room-api.ts";
import type { Clock } from "#core/ports/time.ts";
import type { CallState } from "#protocol/call.ts";
import type { ParticipantId, Source } from "#protocol/ids.ts";
import type { RoomView } from "#protocol/room-messages.ts";
import type { UploadState } from "#protocol/upload-rpc.ts";
import { qualityViewOf } from "./quality-view.ts";
import type { DeviceTrack, StudioDevices } from "./studio-devices.ts";
import type { CallView, QualityView } from "./studio-view.ts";
import type { ViewCell, ViewSource } from "./view-source.ts";

/** `recorderSlow`: the recording has fallen behind; the call then sends less. */
export type OpenCall<Track extends DeviceTrack = DeviceTrack> = (
  events: LiveCallEvents<Track>,
  recorderSlow: () => boolean,
) => LiveCall<Track>;

export interface CallDeskPorts<Track extends DeviceTrack = DeviceTrack> {
  /** The call's code, fetched late: a lobby does not need it. */
  readonly loadCall: (self: ParticipantId) => Promise<OpenCall<Track>>;
  readonly self: ParticipantId;
  readonly devices: Pick<StudioDevices<Track>, "open" | "off" | "view">;
  readonly clock: Clock;
  readonly newStream: (track: Track) => MediaStream;
  readonly uploads: ViewSource<UploadState>;
  /** What the network takes beside the call, bytes/s; `null`: no call, or nothing limits. */
  readonly paceUploads: (bytesPerSecond: number | null) => void;
  readonly recorderSlow: () => boolean;
  /** Tells the room of this device's part in the call. */
  readonly tell: (state: CallState) => void;
  readonly changed: () => void;
  /** The call has lost its way, or found another one: the room's socket may be dead without knowing. */
  readonly troubled: () => void;
  readonly levels: ViewCell<ReadonlyMap<string, number>>;
  readonly report: (error: unknown) => void;
}

/** What the screens show of the call. */
export interface CallFacts {
  readonly state: CallView["state"];
  readonly soundBlocked: boolean;
  readonly roundTripMs: number | null;
  /** What the upload may use beside the call, bytes/s; `null`: nothing limits. */
  readonly pace: number | null;
  /** The same object for as long as the picture is the same. */
  streamOf(participant: ParticipantId, source: Source): MediaStream | undefined;
  qualityOf(participant: ParticipantId): QualityView | undefined;
  /** `performance.now()`; 0: never. */
  spokeAtMs(participant: ParticipantId): number;
}

/** Somebody who goes on speaking is noted again this often: the stage orders by it and need not move with each word. */
const SPEECH_EVERY_MS = 1_000;

/** Device px: half of a small window. */
const MIDDLING_PX = 640;

const SOURCES = [
  ["camera", "camera"],
  ["microphone", "microphone"],
  ["screen", "screen"],
  ["screenAudio", "screen-audio"],
] as const;

/**
 * The live call of one stay: feeds it from the devices and from the room, and tells the room what can be pulled. Whatever
 * the call throws is reported and goes no further: a take never notices.
 */
export class CallDesk<Track extends DeviceTrack> implements CallFacts {
  readonly #ports: CallDeskPorts<Track>;
  readonly #streams = new Map<string, { readonly media: Track; readonly stream: MediaStream }>();
  readonly #speakers = new Speakers();
  readonly #spoke = new Map<ParticipantId, number>();
  readonly #judged = new Map<ParticipantId, ConnectionQuality>();
  readonly #sent = new Map<Source, Sent<Track>>();
  #ways: readonly (() => void)[] = [];
  #call: LiveCall<Track> | undefined;
  #now: LiveCallState<Track> | undefined;
  #publishers: readonly Publisher[] = [];
  /** `undefined`: the stage is not drawn yet. */
  #shown: readonly ShownPicture[] | undefined;
  #pace: number | null = null;
  #uploaded: number | null = null;
  #told = "";
  #opened = false;
  #loading = false;
  #isInRoom = false;
  #closed = false;

  constructor(ports: CallDeskPorts<Track>) {
    this.#ports = ports;
  }

  get state(): CallView["state"] {
    return this.#now?.state ?? "connecting";
  }

  /** A busy page holds the call up no more: its offer is out and somebody's track has arrived, or there is none to wait for. */
  get isUnderWay(): boolean {
    if (!this.#opened || this.#now?.state === "off") return true;
    if (this.#now?.hasOffered !== true || !this.#isInRoom) return false;
    return this.#now.received.length > 0 || this.#publishers.every(({ tracks }) => tracks.length === 0);
  }

  get soundBlocked(): boolean {
    return this.#now?.soundBlocked ?? false;
  }

  get roundTripMs(): number | null {
    return this.#now?.roundTripMs ?? null;
  }

  get pace(): number | null {
    return this.#pace;
  }

  streamOf(participant: ParticipantId, source: Source): MediaStream | undefined {
    return this.#streams.get(`${participant}/${source}`)?.stream;
  }

  qualityOf(participant: ParticipantId): QualityView | undefined {
    const inbound = this.#now?.quality.get(participant);
    const judged = this.#judged.get(participant);
    return inbound && judged && qualityViewOf(judged, inbound, this.roundTripMs);
  }

  spokeAtMs(participant: ParticipantId): number {
    return this.#spoke.get(participant) ?? 0;
  }

  /** Once let in; a second call changes nothing. */
  open(): void {
    if (this.#opened) return;
    this.#opened = true;
    const { devices, uploads } = this.#ports;
    const send = (): void => this.#send();
    this.#ways = [
      devices.open.subscribe(send),
      devices.view.subscribe(send),
      devices.off.subscribe(() => {
        this.#send();
        this.#tell();
      }),
      uploads.subscribe(() => this.#tellOfUpload()),
    ];
    this.#tell();
    this.#load();
  }

  /** Everybody else who is there and publishes. */
  follow(room: RoomView | null): void {
    const { self } = this.#ports;
    this.#isInRoom ||= room !== null;
    const publishers = (room?.participants ?? []).flatMap(({ participant, connected, call }) =>
      participant === self || !connected || call === null ? [] : [{ participant, tracks: call.tracks }],
    );
    if (isSame(publishers, this.#publishers)) return;
    this.#publishers = publishers;
    this.#safely((call) => call.follow(publishers));
    if (this.#shown === undefined) this.#safely((call) => call.show(this.#pictures));
  }

  /** Before the stage is drawn nobody knows what it will show: who is there, in a middling size, so that a picture waits for it. */
  get #pictures(): readonly ShownPicture[] {
    return (
      this.#shown ??
      this.#publishers.flatMap(({ participant, tracks }) =>
        tracks.flatMap(({ source }) =>
          source === "camera" || source === "screen" ? [{ participant, source, width: MIDDLING_PX }] : [],
        ),
      )
    );
  }

  show(pictures: readonly ShownPicture[]): void {
    this.#shown = pictures;
    this.#safely((call) => call.show(pictures));
  }

  /** The network or the server seems to be back. */
  nudge(): void {
    if (!this.#opened || this.#closed) return;
    if (this.#call === undefined) this.#load();
    else this.#safely((call) => call.nudge());
  }

  allowSound(): void {
    this.#safely((call) => call.allowSound());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const leave of this.#ways) leave();
    this.#safely((call) => call.close());
    this.#setPace(null);
    this.#streams.clear();
    this.#ports.levels.set(new Map());
  }

  /** Fails like anything of the call: it is tried again when the network is back. */
  #load(): void {
    if (this.#loading) return;
    this.#loading = true;
    this.#ports
      .loadCall(this.#ports.self)
      .then((open) => this.#begin(open))
      .catch(this.#ports.report)
      .finally(() => {
        this.#loading = false;
      });
  }

  #begin(open: OpenCall<Track>): void {
    if (this.#closed) return;
    const events: LiveCallEvents<Track> = {
      changed: (state) => this.#changed(state),
      levels: (levels) => this.#heard(levels),
      // a server that is away, or has no call, is a state that is shown
      failed: (error) => {
        if (!isRoomApiError(error)) this.#ports.report(error);
      },
    };
    const call = open(events, this.#ports.recorderSlow);
    this.#call = call;
    this.#safely(() => call.start());
    this.#send();
    this.#safely(() => call.follow(this.#publishers));
    this.#safely(() => call.show(this.#pictures));
    this.#tellOfUpload();
  }

  #changed(state: LiveCallState<Track>): void {
    if (this.#closed) return;
    const before = this.#now?.state;
    this.#now = state;
    if (before !== state.state && (before === "reconnecting" || state.state === "reconnecting")) this.#ports.troubled();
    const there = new Set<string>();
    for (const { participant, source, media } of state.received) {
      const key = `${participant}/${source}`;
      there.add(key);
      if (this.#streams.get(key)?.media === media || source === "microphone" || source === "screen-audio") continue;
      this.#streams.set(key, { media, stream: this.#ports.newStream(media) });
    }
    for (const key of this.#streams.keys()) if (!there.has(key)) this.#streams.delete(key);
    this.#judge(state);
    this.#setPace(state.uploadBytesPerSecond);
    this.#tell();
    this.#ports.changed();
  }

  #judge({ quality, roundTripMs }: LiveCallState<Track>): void {
    for (const participant of this.#judged.keys()) if (!quality.has(participant)) this.#judged.delete(participant);
    for (const [participant, inbound] of quality) {
      const before = this.#judged.get(participant) ?? null;
      this.#judged.set(participant, qualityOf(inbound, roundTripMs, before));
    }
  }

  #heard(levels: ReadonlyMap<ParticipantId, number>): void {
    if (this.#closed) return;
    this.#ports.levels.set(levels);
    this.#speakers.hear(levels, this.#ports.clock.nowUs() / 1000);
    let news = false;
    for (const participant of levels.keys()) {
      const spokeMs = this.#speakers.spokeMs(participant) ?? 0;
      if (spokeMs === 0 || spokeMs - (this.#spoke.get(participant) ?? Number.NEGATIVE_INFINITY) < SPEECH_EVERY_MS)
        continue;
      this.#spoke.set(participant, spokeMs);
      news = true;
    }
    if (news) this.#ports.changed();
  }

  /** What this device sends, by what is open, switched off or just being changed. */
  #send(): void {
    const { devices } = this.#ports;
    const open = devices.open.get();
    for (const [key, source] of SOURCES) {
      const sent = open[key] ?? (this.#isHeldBack(source) ? "nothing" : undefined);
      if (this.#call === undefined || this.#sent.get(source) === sent) continue;
      if (sent === undefined) this.#sent.delete(source);
      else this.#sent.set(source, sent);
      this.#safely((call) => call.send(source, sent));
    }
  }

  /** Switched off, or on its way: the others keep the track, so that nobody's tile changes. */
  #isHeldBack(source: Source): boolean {
    if (source !== "camera" && source !== "microphone") return false;
    const { devices } = this.#ports;
    const chosen = devices.view.get()[source] !== "";
    return chosen && (devices.off.get()[source] || this.#sent.has(source));
  }

  #tell(): void {
    if (this.#closed) return;
    const off = this.#ports.devices.off.get();
    const state: CallState = {
      tracks: [...(this.#now?.published ?? [])],
      muted: off.microphone,
      cameraOff: off.camera,
    };
    const text = JSON.stringify(state);
    if (text === this.#told) return;
    this.#told = text;
    this.#ports.tell(state);
  }

  /** The call slows down only what runs. */
  #tellOfUpload(): void {
    const uploaded = uploadedOf(this.#ports.uploads.get());
    if (this.#call === undefined || uploaded === this.#uploaded) return;
    this.#uploaded = uploaded;
    this.#safely((call) => call.uploading(uploaded));
  }

  #setPace(bytesPerSecond: number | null): void {
    if (bytesPerSecond === this.#pace) return;
    this.#pace = bytesPerSecond;
    this.#ports.paceUploads(bytesPerSecond);
  }

  #safely(work: (call: LiveCall<Track>) => void): void {
    const call = this.#call;
    if (call === undefined) return;
    try {
      work(call);
    } catch (error) {
      this.#ports.report(error);
    }
  }
}

/** Bytes/s; 0: an upload runs, and nothing has arrived yet; `null`: none runs. */
function uploadedOf({ phase, bytesLeft, bytesPerSecond }: UploadState): number | null {
  return phase === "draining" && (bytesLeft > 0 || bytesPerSecond > 0) ? bytesPerSecond : null;
}

/** The room's objects stay the same until they change. */
function isSame(one: readonly Publisher[], other: readonly Publisher[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ participant, tracks }, at) => {
      const before = other[at];
      return before?.participant === participant && JSON.stringify(before.tracks) === JSON.stringify(tracks);
    })
  );
}
