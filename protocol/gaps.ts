import * as v from "valibot";

/**
 * Why media time is missing. Closed: a reader that meets another value refuses the file.
 * - `late-start`: the device heard of the take after its zero, or was not ready.
 * - `capture-dropped`: the browser delivered no frame or sample for that time.
 * - `encoder-busy`: skipped by us, since the encoder fell behind.
 * - `encoder-error`: the encoder failed and was made anew.
 * - `config-change`: the time it took to change resolution, codec or device.
 * - `device-lost`: unplugged, taken by another program, or ended by the system.
 * - `muted`: switched off by the participant.
 * - `page-frozen`: the browser stopped the page.
 * - `storage-full`: no space on the device.
 * - `cut-short`: the page, browser or device ended before the take did.
 * - `missing-epoch`, `corrupt-epoch`: found at demux: not delivered, or does not match its checksum.
 */
export const gapReason = v.picklist([
  "late-start",
  "capture-dropped",
  "encoder-busy",
  "encoder-error",
  "config-change",
  "device-lost",
  "muted",
  "page-frozen",
  "storage-full",
  "cut-short",
  "missing-epoch",
  "corrupt-epoch",
]);
export type GapReason = v.InferOutput<typeof gapReason>;

/** Gaps at least this long are declared one by one; DESIGN's limit, one Opus packet. Shorter ones are only counted. */
export const GAP_DECLARED_US = 20_000;

/** Media time that a track does not have: from `fromUs` (inclusive) to `toUs` (exclusive), µs since the track's zero. */
export const gap = v.object({
  fromUs: v.pipe(v.number(), v.finite()),
  toUs: v.pipe(v.number(), v.finite()),
  reason: gapReason,
});
export type Gap = v.InferOutput<typeof gap>;

/** Something is missing that should be there. What the person switched off is declared too, and is no loss. */
export function isLoss(of: Pick<Gap, "reason">): boolean {
  return of.reason !== "muted";
}
