import { proxy, wrap } from "comlink";
import type { FoundTakes } from "#controllers/home-controller.ts";
import { createViewCell, type ViewSource } from "#controllers/view-source.ts";
import type { TakeId } from "#protocol/ids.ts";
import { UNKNOWN_UPLOAD, type UploadKick, type UploadState, type UploadWorkerApi } from "#protocol/upload-rpc.ts";

export interface PageUploads {
  readonly state: ViewSource<UploadState>;
  readonly found: FoundTakes;
  /** Starts the worker: it mends what a crash left, then uploads. */
  start(): void;
  kick(why: UploadKick): void;
  useStudioKey(key: string | null): void;
}

/** The upload worker of this page. It is started late, so that it does not stand in the way of the first screen. */
export function pageUploads(studioKey: () => string | undefined, report: (error: unknown) => void): PageUploads {
  const state = createViewCell<UploadState>(UNKNOWN_UPLOAD);
  const found = createViewCell<readonly TakeId[]>([]);
  let remote: UploadWorkerApiRemote | undefined;
  const run = async (worker: UploadWorkerApiRemote): Promise<void> => {
    await worker.useStudioKey(studioKey() ?? null);
    await worker.subscribe(proxy((next: UploadState) => state.set(next)));
    const started = await worker.start();
    if (started.ok) found.set(started.value.cutShort);
    else report(started.failure);
  };
  return {
    state,
    found: {
      view: found,
      dismiss: (take) => found.update((takes) => takes.filter((each) => each !== take)),
    },
    start() {
      if (remote !== undefined) return;
      const worker = new Worker(new URL("../workers/upload/upload.worker.ts", import.meta.url), {
        type: "module",
        name: "tapesync-upload",
      });
      worker.addEventListener("error", (event) => report(event.message));
      remote = wrap<UploadWorkerApi>(worker);
      run(remote).catch(report);
    },
    kick: (why) => void remote?.kick(why).catch(report),
    useStudioKey: (key) => void remote?.useStudioKey(key).catch(report),
  };
}

type UploadWorkerApiRemote = ReturnType<typeof wrap<UploadWorkerApi>>;
