import { proxy, wrap } from "comlink";
import type { UploadKick, UploadStarted, UploadState, UploadWorkerApi } from "#protocol/upload-rpc.ts";
import type { Result } from "#protocol/errors.ts";

/** The page's end of its upload worker. */
export interface UploadLink {
  kick(why: UploadKick): void;
  useStudioKey(key: string | null): void;
  pace(bytesPerSecond: number | null): void;
  /** Mends what a crash left, then uploads for as long as the page lives. */
  start(): Promise<Result<UploadStarted>>;
}

/** Starts the worker and tells of every change of its state. */
export function linkUploads(
  studioKey: string | null,
  changed: (state: UploadState) => void,
  report: (error: unknown) => void,
): UploadLink {
  const worker = new Worker(new URL("../workers/upload/upload.worker.ts", import.meta.url), {
    type: "module",
    name: "tapesync-upload",
  });
  worker.addEventListener("error", (event) => report(event.message));
  const remote = wrap<UploadWorkerApi>(worker);
  return {
    kick: (why) => void remote.kick(why).catch(report),
    useStudioKey: (key) => void remote.useStudioKey(key).catch(report),
    pace: (bytesPerSecond) => void remote.pace(bytesPerSecond).catch(report),
    async start() {
      await remote.useStudioKey(studioKey);
      await remote.subscribe(proxy(changed));
      return remote.start();
    },
  };
}
