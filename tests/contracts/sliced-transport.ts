import type { UploadTransport } from "#core/ports/upload-transport.ts";
import { type HttpUploadPorts, httpUpload } from "#platform/http-upload.ts";

/** Odd, so that no boundary of a body falls on one of it. */
const SLICE_BYTES = 3;

/** The upload over HTTP as it is beside a call that limits it: every epoch's body is a stream of small slices. */
export function inSlices(ports: HttpUploadPorts): UploadTransport {
  const streaming = { isPossible: () => true, worked: () => undefined, failed: () => undefined, refused: sayRefused };
  const transport = httpUpload({ ...ports, streaming });
  const pace = {
    limits: true,
    slice: async (most: number) => Math.min(most, SLICE_BYTES),
    whole: (): never => {
      throw new Error("a body went out whole");
    },
  };
  return {
    ...transport,
    putEpoch: (access, at, body, sha256, signal) => transport.putEpoch(access, at, body, sha256, signal, pace),
  };
}

function sayRefused(): never {
  throw new Error("the server wants a length");
}
