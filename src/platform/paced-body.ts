import type { BodyPace } from "#core/ports/upload-transport.ts";

/** Read from the file at once: asking for each slice of 1 kB by itself would be a hundred reads a second. */
const READ_BYTES = 256 * 1024;

/**
 * The file as a request's body that goes out no faster than the pace lets it. It is read in small parts, so memory stays flat, and
 * nothing is read ahead of the network.
 */
export function pacedBody(file: Blob, pace: BodyPace, signal: AbortSignal): ReadableStream<Uint8Array<ArrayBuffer>> {
  let part = new Uint8Array();
  let read = 0;
  const left = (): number => part.byteLength + file.size - read;
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        if (part.byteLength === 0 && read < file.size) {
          part = new Uint8Array(await file.slice(read, read + READ_BYTES).arrayBuffer());
          read += part.byteLength;
        }
        if (part.byteLength > 0) {
          const bytes = await pace.slice(part.byteLength, signal);
          // A copy: the network may take the buffer with it.
          controller.enqueue(part.slice(0, bytes));
          part = part.subarray(bytes);
        }
        if (left() === 0) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}
