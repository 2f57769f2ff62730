import type { FoundTakes } from "#controllers/home-controller.ts";
import { createViewCell, type ViewSource } from "#controllers/view-source.ts";
import type { TakeId } from "#protocol/ids.ts";
import { UNKNOWN_UPLOAD, type UploadKick, type UploadState } from "#protocol/upload-rpc.ts";
import type { UploadLink } from "./upload-link.ts";

export interface PageUploads {
  readonly state: ViewSource<UploadState>;
  readonly found: FoundTakes;
  /** Starts the worker; before that there is nobody to kick, and the start uploads whatever there is. */
  start(): Promise<void>;
  kick(why: UploadKick): void;
  useStudioKey(key: string | null): void;
  /** What a live call leaves to the upload, bytes/s; `null`: nothing limits. */
  pace(bytesPerSecond: number | null): void;
}

/** The upload worker of this page. It is started once the first screen can be used, so that it does not stand in its way. */
export function pageUploads(studioKey: () => string | undefined, report: (error: unknown) => void): PageUploads {
  const state = createViewCell<UploadState>(UNKNOWN_UPLOAD);
  const found = createViewCell<readonly TakeId[]>([]);
  let link: UploadLink | undefined;
  let paced: number | null = null;
  return {
    state,
    found: {
      view: found,
      dismiss: (take) => found.update((takes) => takes.filter((each) => each !== take)),
    },
    async start() {
      const { linkUploads } = await import("./upload-link.ts");
      link = linkUploads(studioKey() ?? null, (next) => state.set(next), report);
      link.pace(paced);
      const started = await link.start();
      if (started.ok) found.set(started.value.cutShort);
      else report(started.failure);
    },
    kick: (why) => link?.kick(why),
    useStudioKey: (key) => link?.useStudioKey(key),
    pace(bytesPerSecond) {
      paced = bytesPerSecond;
      link?.pace(bytesPerSecond);
    },
  };
}
