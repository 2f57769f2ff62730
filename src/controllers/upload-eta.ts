import type { TakeId } from "#protocol/ids.ts";
import type { TakeUpload, UploadState } from "#protocol/upload-rpc.ts";

/** ms until `bytes` have arrived; `undefined` while the speed is not known. */
export function etaOfBytes(bytes: number, uploads: UploadState): number | undefined {
  if (uploads.phase !== "draining" || uploads.bytesPerSecond <= 0 || bytes <= 0) return undefined;
  return (bytes / uploads.bytesPerSecond) * 1000;
}

/** ms until all of `take` has arrived. The engine sends takes in the order of its list, so what stands before it counts too. */
export function etaOfTake(take: TakeId, uploads: UploadState): number | undefined {
  let bytes = 0;
  for (const left of uploads.takes) {
    bytes += left.bytesLeft;
    if (left.take === take) return etaOfBytes(bytes, uploads);
  }
  return undefined;
}

export function leftOfTake(take: TakeId, uploads: UploadState): TakeUpload | undefined {
  return uploads.takes.find((left) => left.take === take);
}
