/**
 * The stream as one of exactly `bytes` bytes: the store takes no stream of unknown length, and a reply gets its Content-Length.
 * Reading it fails with a length error when there are more or fewer.
 */
export function measured(body: ReadableStream | null, bytes: number | bigint): ReadableStream {
  const { readable, writable } = new FixedLengthStream(bytes);
  // What breaks the flow breaks the reading of it too, and is dealt with there.
  (body ?? new Blob([]).stream())
    .pipeTo(writable)
    .catch((error: unknown) =>
      console.info(`stream broken off: ${error instanceof Error ? error.message : String(error)}`),
    );
  return readable;
}

/** FixedLengthStream refuses to write past, or to close before, its length with a TypeError that names it. */
export const isLengthError = (error: unknown): boolean =>
  error instanceof TypeError && error.message.includes("FixedLengthStream");
