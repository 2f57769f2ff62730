import * as v from "valibot";
import { EPOCH_UUID, type EpochMetadata, epochMetadata } from "#protocol/epoch-format.ts";

const HEADER = 8;
const UUID_BYTES = 16;

/**
 * What the bytes of an epoch say of themselves, read without a media library, so that a launch need not load one. `undefined`
 * when they are no epoch, or end before their last box does (torn by a power cut).
 */
export function readEpochHead(bytes: Uint8Array): EpochMetadata | undefined {
  const boxes = topBoxes(bytes);
  if (boxes === undefined || boxes[0]?.type !== "ftyp" || boxes.at(-1)?.type !== "mdat") return undefined;
  const box = boxes.find(({ type, from }) => type === "uuid" && isOurs(bytes, from + HEADER));
  if (box === undefined) return undefined;
  const text = new TextDecoder().decode(bytes.subarray(box.from + HEADER + UUID_BYTES, box.to));
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), epochMetadata), text);
  return parsed.success ? parsed.output : undefined;
}

interface Box {
  readonly type: string;
  readonly from: number;
  readonly to: number;
}

/** The boxes of the file, which they must fill to the last byte. */
function topBoxes(bytes: Uint8Array): Box[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const boxes: Box[] = [];
  let from = 0;
  while (from < bytes.byteLength) {
    if (bytes.byteLength - from < HEADER) return undefined;
    const size = view.getUint32(from);
    if (size < HEADER || size > bytes.byteLength - from) return undefined;
    const type = String.fromCharCode(...bytes.subarray(from + 4, from + HEADER));
    boxes.push({ type, from, to: from + size });
    from += size;
  }
  return boxes;
}

function isOurs(bytes: Uint8Array, at: number): boolean {
  let hex = "";
  for (const byte of bytes.subarray(at, at + UUID_BYTES)) hex += byte.toString(16).padStart(2, "0");
  return hex === EPOCH_UUID;
}
