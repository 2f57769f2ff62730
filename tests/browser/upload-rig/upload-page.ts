import { proxy, wrap } from "comlink";
import { startAppUpdate } from "#platform/app-update.ts";
import { startBackgroundSync } from "#platform/background-sync.ts";
import { dexieTakes } from "#platform/dexie-takes.ts";
import { takeLock } from "#protocol/sw-messages.ts";
import { UNKNOWN_UPLOAD, type UploadState, type UploadWorkerApi } from "#protocol/upload-rpc.ts";
import type { PlantApi, Planted } from "./plant.worker.ts";

/** What the tests call in the page; everything behind it is the app's own. */
export interface UploadRigPage {
  readonly states: UploadState[];
  readonly notes: string[];
  readonly offers: string[];
  plant(planted: Planted): Promise<void>;
  upload(): Promise<unknown>;
  state(): UploadState;
  left(): Promise<number>;
  background(): void;
  update(): Promise<string>;
  /** Holds a take's lock until `release`. */
  record(): Promise<void>;
  release(): void;
  /** Whether the browser still has that lock. */
  isRecording(): Promise<boolean>;
}

const plantWorker = (): Worker => new Worker(new URL("./plant.worker.ts", import.meta.url), { type: "module" });
const uploadWorker = (): Worker =>
  new Worker(new URL("../../../workers/upload/upload.worker.ts", import.meta.url), { type: "module" });

const notes: string[] = [];
const offers: string[] = [];
const states: UploadState[] = [];
let release: () => void = () => undefined;

const updates = startAppUpdate(
  {
    container: navigator.serviceWorker,
    reload: () => location.reload(),
    note: (what) => void notes.push(what),
    script: "/sw.js",
  },
  { offlineReady: () => void offers.push("offline"), updateReady: () => void offers.push("update") },
);

const uploadRig: UploadRigPage = {
  states,
  notes,
  offers,
  async plant(planted) {
    const worker = plantWorker();
    await wrap<PlantApi>(worker).plant(planted);
    worker.terminate();
  },
  async upload() {
    const worker = wrap<UploadWorkerApi>(uploadWorker());
    await worker.subscribe(proxy((state: UploadState) => void states.push(state)));
    return worker.start();
  },
  state: () => states.at(-1) ?? UNKNOWN_UPLOAD,
  async left() {
    const repo = dexieTakes();
    try {
      return (await repo.pendingTotals()).epochs;
    } finally {
      repo.close();
    }
  },
  background() {
    const sync = startBackgroundSync({
      page: document,
      window,
      ready: () => navigator.serviceWorker.ready,
      note: (what) => void notes.push(what),
    });
    sync.pending(true);
  },
  update: () => updates.applyUpdate(),
  record: () =>
    new Promise((recording) => {
      void navigator.locks.request(takeLock("take"), () => {
        recording();
        return new Promise<void>((released) => {
          release = released;
        });
      });
    }),
  release: () => release(),
  isRecording: async () => {
    const { held = [] } = await navigator.locks.query();
    return held.some((lock) => lock.name === takeLock("take"));
  },
};

Object.assign(window, { uploadRig });
