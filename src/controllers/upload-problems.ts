import type { UploadState } from "#protocol/upload-rpc.ts";
import type { Problem } from "./problem-view.ts";

/** What stops the upload, in the words of the pages. `networkSaid`: the loss of the network is shown already. */
export function uploadProblems(uploads: UploadState, networkSaid: boolean): readonly Problem[] {
  const refused = uploads.problems.slice(0, 1).map(({ reason, detail }): Problem => {
    if (reason === "studio-key-needed") return { reason };
    return { reason: "upload-refused", detail };
  });
  if (uploads.phase !== "waiting" || uploads.bytesLeft === 0) return refused;
  const retryInS = Math.ceil((uploads.nextTryMs ?? 0) / 1000);
  switch (uploads.reason) {
    case "captive-portal":
      return [...refused, { reason: "captive-portal" }];
    case "server-silent":
    case "server-error":
    case "too-many-requests":
      return [...refused, { reason: "server-silent", retryInS }];
    case "offline":
      return networkSaid ? refused : [...refused, { reason: "server-silent", retryInS }];
    default:
      return refused;
  }
}
