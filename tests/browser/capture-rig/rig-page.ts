import type { TakeTotals } from "#core/ports/take-repo.ts";
import type { RecorderState } from "#core/take/take-state.ts";
import { TakeRecorder } from "#core/take/take-recorder.ts";
import { pageCapture } from "#devices/page-capture.ts";
import { probeCapture } from "#devices/probe.ts";
import { openDevices } from "#devices/open-devices.ts";
import { performanceClock } from "#platform/clock.ts";
import { openManifest } from "#platform/dexie-schema.ts";
import { dexieTakes } from "#platform/dexie-takes.ts";
import { readEpochMetadata } from "#workers/upload/read-epoch-metadata.ts";
import { broadcastJournal } from "#platform/journal-channel.ts";
import { webLocks } from "#platform/locks.ts";
import { opfsEpochStore } from "#platform/opfs-epochs.ts";
import { newTakeId, newTrackId } from "#platform/random-ids.ts";
import { webCryptoHasher } from "#platform/sha256.ts";
import { recoverTakes } from "#core/recovery/recover-takes.ts";
import type { Source, TakeId, TrackId } from "#protocol/ids.ts";
import type { EpochRow, TakeRow, TrackRow } from "#protocol/take-manifest.ts";
import { asLocal } from "#protocol/units.ts";
import { createTrackEncoder } from "#workers/encode/encode-client.ts";
import { probeStorage } from "#workers/probe/storage-probe-client.ts";
import { type FullDisk, fillDisk, runContract } from "./rig-contracts.ts";

/** All that the manifest says of a take; `epochs` in the order of `tracks`. */
export interface RigRows {
  readonly take: TakeRow | undefined;
  readonly tracks: readonly TrackRow[];
  readonly epochs: readonly (readonly EpochRow[])[];
  readonly totals: TakeTotals;
}

/** What the tests call through the browser's protocol. Values are plain data. */
export interface Rig {
  probe(): ReturnType<typeof probeCapture>;
  /** Opens camera and microphone (or those named) and arms them. */
  arm(sources: readonly Source[], audio?: MediaTrackConstraints): Promise<RecorderState>;
  start(leadMs: number): Promise<TakeId>;
  stop(): Promise<RecorderState>;
  state(): RecorderState;
  stats(): ReturnType<TakeRecorder["stats"]>;
  /** Of the track that has fewest. */
  epochs(): number;
  waitForEpochs(atLeast: number): Promise<void>;
  /** Ends the camera's device, as unplugging does; resolves when the recorder has noticed. */
  loseCamera(): Promise<void>;
  /** Plugs the camera in again, after it was away for `ms`. */
  returnCamera(ms: number): Promise<boolean>;
  resizeCamera(width: number, height: number): Promise<void>;
  blockMainThread(ms: number): void;
  /** Deletes the rows of the last epochs and leaves their bytes, as a crash between the two does. */
  forgetRows(take: TakeId, epochs: number): Promise<void>;
  /** Deletes all rows of a take and leaves its bytes. */
  forgetTake(take: TakeId): Promise<void>;
  takes(): Promise<readonly TakeId[]>;
  rows(take: TakeId): Promise<RigRows>;
  epochNames(take: TakeId): Promise<readonly { track: TrackId; seq: number }[]>;
  epochBytes(take: TakeId, track: TrackId, seq: number): Promise<string>;
  recover(): ReturnType<typeof recoverTakes>;
  fillDisk(): Promise<FullDisk>;
  contract(name: "epoch-store" | "take-repo"): Promise<readonly { rule: string; error: string | null }[]>;
}

const repo = dexieTakes();
const store = opfsEpochStore();
const locks = webLocks();
const clock = performanceClock();
const tracks = new Map<Source, MediaStreamTrack>();
const captures = new Map<Source, { endDevice(): void }>();
const lost: (() => void)[] = [];
const waiting: { atLeast: number; resolve: () => void }[] = [];

const recorder = new TakeRecorder(
  {
    repo,
    locks,
    clock,
    channel: broadcastJournal(),
    newEncoder: createTrackEncoder,
    newTrackId,
    pageTimeOriginMs: performance.timeOrigin,
  },
  {
    changed: (state) => {
      const fewest = fewestEpochs(state);
      for (const wait of waiting) if (fewest >= wait.atLeast) wait.resolve();
    },
    sourceLost: () => {
      for (const resolve of lost.splice(0)) resolve();
    },
    failed: (error) => {
      throw error;
    },
  },
);

function fewestEpochs(state: RecorderState): number {
  return state.tracks.length === 0 ? 0 : Math.min(...state.tracks.map((track) => track.epochs));
}

function capture(source: Source) {
  return () => {
    const track = tracks.get(source);
    if (track === undefined) throw new Error(`no ${source}`);
    const clones: MediaStreamTrack[] = [];
    const clone = track.clone.bind(track);
    track.clone = () => {
      const copy = clone();
      clones.push(copy);
      return copy;
    };
    captures.set(source, { endDevice: () => endTracks(clones) });
    return pageCapture(source, track, () => performance.now() * 1000);
  };
}

/** What unplugging does to the tracks of a device: they end, and say so (a track that is stopped by the page does not). */
function endTracks(ended: readonly MediaStreamTrack[]): void {
  for (const track of ended) {
    track.stop();
    track.dispatchEvent(new Event("ended"));
  }
}

async function drawnScreen(): Promise<MediaStreamTrack> {
  const canvas = document.createElement("canvas");
  canvas.width = 640;
  canvas.height = 360;
  const context = canvas.getContext("2d");
  const [track] = canvas.captureStream(30).getVideoTracks();
  let strokes = 0;
  const timer = setInterval(() => {
    context?.fillRect(strokes * 10, 0, 5, 360);
    strokes += 1;
    if (strokes === 15) clearInterval(timer);
  }, 100);
  if (track === undefined) throw new Error("no canvas track");
  return track;
}

const rig: Rig = {
  probe: () => probeCapture(probeStorage),
  arm: async (sources, audio) => {
    const opened = await openDevices({
      camera: sources.includes("camera") ? undefined : "",
      microphone: sources.includes("microphone") ? undefined : "",
    });
    if (opened.camera) tracks.set("camera", opened.camera);
    if (opened.microphone) tracks.set("microphone", opened.microphone);
    if (audio) {
      const stream = await navigator.mediaDevices.getUserMedia({ audio });
      const [track] = stream.getAudioTracks();
      if (track) tracks.set("microphone", track);
    }
    if (sources.includes("screen")) tracks.set("screen", await drawnScreen());
    await Promise.all(sources.map((source) => recorder.arm(source, capture(source))));
    return recorder.state;
  },
  start: async (leadMs) => {
    const take = newTakeId();
    await recorder.start({
      take,
      room: null,
      participant: null,
      participantName: "Inês",
      title: "",
      consentMs: Date.now(),
      zeroUs: asLocal(clock.nowUs() + leadMs * 1000),
      zeroRoomUs: null,
    });
    return take;
  },
  stop: async () => {
    await recorder.stop(clock.nowUs());
    return recorder.state;
  },
  state: () => recorder.state,
  stats: () => recorder.stats(),
  epochs: () => fewestEpochs(recorder.state),
  waitForEpochs: (atLeast) =>
    new Promise((resolve) => {
      if (fewestEpochs(recorder.state) >= atLeast) resolve();
      else waiting.push({ atLeast, resolve });
    }),
  loseCamera: () =>
    new Promise((resolve) => {
      lost.push(resolve);
      const track = tracks.get("camera");
      captures.get("camera")?.endDevice();
      track?.stop();
    }),
  returnCamera: async (ms) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    const opened = await openDevices({ camera: undefined, microphone: "" });
    if (opened.camera) tracks.set("camera", opened.camera);
    return recorder.replace("camera", capture("camera"));
  },
  resizeCamera: async (width, height) => {
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { width: { exact: width }, height: { exact: height } },
    });
    const [track] = stream.getVideoTracks();
    if (track === undefined) throw new Error("no such camera");
    tracks.set("camera", track);
    await recorder.replace("camera", capture("camera"));
  },
  blockMainThread: (ms) => {
    // Blocked without using the CPU that the encoder needs: the answer takes that long.
    const request = new XMLHttpRequest();
    request.open("GET", `/slow?ms=${ms}`, false);
    request.send();
  },
  forgetRows: async (take, epochs) => {
    const database = openManifest();
    for (const { track } of await repo.tracks(take)) {
      const rows = await repo.epochs(track);
      for (const { seq } of rows.slice(-epochs)) await database.epochs.delete([track, seq]);
    }
    database.close();
  },
  forgetTake: (take) => repo.deleteTake(take),
  takes: async () => (await repo.takes()).map((row) => row.take),
  rows: async (take) => {
    const trackRows = await repo.tracks(take);
    const epochs = await Promise.all(trackRows.map((track) => repo.epochs(track.track)));
    return { take: await repo.take(take), tracks: trackRows, epochs, totals: await repo.totals(take) };
  },
  epochNames: async (take) => (await store.list(take)).map(({ track, seq }) => ({ track, seq })),
  epochBytes: async (take, track, seq) => {
    const bytes = new Uint8Array(await (await store.read({ take, track, seq })).arrayBuffer());
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return btoa(text);
  },
  recover: () => recoverTakes({ repo, store, locks, hasher: webCryptoHasher(), readMetadata: readEpochMetadata }),
  fillDisk,
  contract: runContract,
};

Object.assign(globalThis, { rig });
