// First of all: what is imported next may make a class of its own from what is counted.
import { connections, timers } from "./live-connections.ts";
import { createLiveCall } from "#call/live-call.ts";
import { keyOf } from "#core/call/wanted-tracks.ts";
import type { LiveCall, LiveCallState, Publisher, ShownPicture } from "#core/ports/live-call.ts";
import { performanceClock, timerScheduler } from "#platform/clock.ts";
import type { CallTrack, Rid } from "#protocol/call.ts";
import type { ParticipantId, Source } from "#protocol/ids.ts";
import { type SeenPicture, watchPictures } from "./seen-pictures.ts";

/** What a page tells of its call. */
export interface RigState {
  readonly state: LiveCallState<MediaStreamTrack>["state"];
  readonly published: readonly CallTrack[];
  readonly received: readonly { key: string; id: string; layer: Rid | null; isLive: boolean }[];
  readonly quality: Readonly<Record<string, unknown>>;
  readonly levels: Readonly<Record<string, number>>;
  /** For how long nothing has been heard of each who was heard before, ms. */
  readonly silentMs: Readonly<Record<string, number>>;
  readonly roundTripMs: number | null;
  readonly uploadBytesPerSecond: number | null;
  readonly pictures: Readonly<Record<string, SeenPicture>>;
  readonly failures: readonly string[];
}

/** What is sent: the device's own track, nothing, or not at all. */
export type RigSent = "device" | "nothing" | null;

declare global {
  /** Of the test: the room. */
  var tellRoom: (self: ParticipantId, tracks: readonly CallTrack[]) => Promise<void>;
}

const pictures = watchPictures();
const devices = new Map<Source, MediaStreamTrack>();
let call: LiveCall<MediaStreamTrack> | null = null;
let levels: ReadonlyMap<ParticipantId, number> = new Map();
let heardAtMs = new Map<ParticipantId, number>();
let failures: string[] = [];
let published = "";

export type CallRig = typeof callRig;
const callRig = {
  join(self: ParticipantId): void {
    failures = [];
    levels = new Map();
    heardAtMs = new Map();
    published = "";
    const clock = performanceClock();
    let held = "first";
    const token = (renew: boolean) => {
      if (renew) held = "renewed";
      return Promise.resolve(held);
    };
    const random = { unit: () => Math.random() };
    const ports = { prefix: "/api/realtime", token, self, clock, scheduler: timerScheduler(), random };
    call = createLiveCall(
      { ...ports, iceServers: () => Promise.resolve([]), recorderSlow: () => false },
      {
        changed: (state) => {
          pictures.show(state.received);
          const now = JSON.stringify(state.published);
          if (now === published) return;
          published = now;
          void globalThis.tellRoom(self, state.published);
        },
        levels: (next) => {
          levels = next;
          for (const [who, level] of next) if (level > 0) heardAtMs.set(who, performance.now());
        },
        failed: (error) => failures.push(String(error)),
      },
    );
    call.start();
  },
  async openDevices(): Promise<void> {
    // As small as three layers allow, so that two people fit on a busy machine: 960, 480 and 240 wide.
    const video = { width: { exact: 960 }, height: { exact: 540 }, frameRate: { ideal: 15 } };
    const stream = await navigator.mediaDevices.getUserMedia({ video, audio: true });
    for (const track of stream.getTracks()) devices.set(track.kind === "video" ? "camera" : "microphone", track);
    devices.set("screen", paintedScreen());
    devices.set("screen-audio", leftTone());
  },
  send(source: Source, sent: RigSent): void {
    const device = devices.get(source);
    if (sent === "device" && device === undefined) throw new Error(`no ${source}`);
    call?.send(source, sent === "nothing" ? "nothing" : sent === null ? undefined : device);
  },
  follow: (publishers: readonly Publisher[]) => call?.follow(publishers),
  show: (shown: readonly ShownPicture[]) => call?.show(shown),
  nudge: () => call?.nudge(),
  close(): void {
    call?.close();
    call = null;
    pictures.show([]);
  },
  connections: () => connections.summary(),
  sent: () => connections.sent(),
  /** Left and right of a received sound. */
  async sides(key: string): Promise<readonly number[]> {
    const found = call?.state.received.find(({ participant, source }) => keyOf(participant, source) === key);
    return found === undefined ? [] : sidesOf(found.media);
  },
  timers: () => timers(),
  deviceStates: () => Object.fromEntries([...devices].map(([source, track]) => [source, track.readyState])),
  state(): RigState | null {
    if (call === null) return null;
    const { state, received, quality, roundTripMs, uploadBytesPerSecond } = call.state;
    return {
      state,
      published: call.state.published,
      received: received.map(({ participant, source, media, layer }) => {
        return { key: keyOf(participant, source), id: media.id, layer, isLive: media.readyState === "live" };
      }),
      quality: Object.fromEntries(quality),
      levels: Object.fromEntries(levels),
      silentMs: Object.fromEntries([...heardAtMs].map(([who, atMs]) => [who, performance.now() - atMs])),
      roundTripMs,
      uploadBytesPerSecond,
      pictures: pictures.seen(),
      failures,
    };
  },
};

/** A tone on the left, nothing on the right. */
function leftTone(): MediaStreamTrack {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const sides = context.createChannelMerger(2);
  const output = context.createMediaStreamDestination();
  output.channelCount = 2;
  tone.connect(sides, 0, 0);
  sides.connect(output);
  tone.start();
  const [track] = output.stream.getAudioTracks();
  if (track === undefined) throw new Error("no track of the tone");
  return track;
}

/** How loud the two sides of a sound are, RMS over 100 ms. */
async function sidesOf(track: MediaStreamTrack): Promise<readonly number[]> {
  const context = new AudioContext();
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const sides = context.createChannelSplitter(2);
  source.connect(sides);
  const meters = [0, 1].map((side) => {
    const meter = context.createAnalyser();
    sides.connect(meter, side);
    return meter;
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  const levels = meters.map((meter) => {
    const samples = new Float32Array(meter.fftSize);
    meter.getFloatTimeDomainData(samples);
    return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
  });
  await context.close();
  return levels;
}

/** A picture that changes, in place of somebody's screen. */
function paintedScreen(): MediaStreamTrack {
  const canvas = document.createElement("canvas");
  canvas.width = 640;
  canvas.height = 360;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("no canvas");
  let hue = 0;
  setInterval(() => {
    context.fillStyle = `hsl(${hue++ % 360} 80% 50%)`;
    context.fillRect(0, 0, canvas.width, canvas.height);
  }, 100);
  const [track] = canvas.captureStream().getVideoTracks();
  if (track === undefined) throw new Error("no track of the canvas");
  return track;
}

Object.assign(globalThis, { callRig });
