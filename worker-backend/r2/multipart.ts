import { ApiError } from "../refusals.ts";
import { isLengthError, measured } from "./measured.ts";

/** R2 tells the cause as a number at the end of the message. */
const codeOf = (error: unknown): number =>
  Number(/\((\d{5})\)/.exec(error instanceof Error ? error.message : "")?.[1] ?? 0);

/** No such upload; an upload id that is none. */
const UNKNOWN_UPLOAD = new Set([10024, 10010, 10047]);
/** A part is missing, too small, of another size than the others, or out of order. */
const BAD_PARTS = new Set([10025, 10011, 10048, 10050, 10029]);

function refusalOf(error: unknown): ApiError {
  const code = codeOf(error);
  if (UNKNOWN_UPLOAD.has(code)) return ApiError.of("unknown-upload");
  if (BAD_PARTS.has(code)) return ApiError.of("parts-wrong");
  console.warn(`multipart: ${error instanceof Error ? error.message : String(error)}`);
  return ApiError.of("store-unavailable", { "Retry-After": "1" });
}

/** @throws ApiError `unknown-upload` when it cannot be one */
export function resumeUpload(bucket: R2Bucket, key: string, uploadId: string | undefined): R2MultipartUpload {
  if (!uploadId || uploadId.length > 2048) throw ApiError.of("unknown-upload");
  return bucket.resumeMultipartUpload(key, uploadId);
}

/** Stores one part of exactly `bytes` bytes; a part that is sent again replaces the first. */
export async function uploadPart(
  upload: R2MultipartUpload,
  part: number,
  body: ReadableStream | null,
  bytes: number,
): Promise<R2UploadedPart> {
  try {
    return await upload.uploadPart(part, measured(body, bytes));
  } catch (error) {
    throw isLengthError(error) ? ApiError.of("length-wrong") : refusalOf(error);
  }
}

/**
 * Puts the parts together. Said again after it has succeeded, when the store no longer knows the upload, the file that is there
 * with that length is the answer.
 * @throws ApiError `parts-wrong`, `unknown-upload`, `store-unavailable`
 */
export async function completeParts(
  bucket: R2Bucket,
  upload: R2MultipartUpload,
  parts: R2UploadedPart[],
  bytes: number,
): Promise<R2Object> {
  if (parts.length === 0) throw ApiError.of("parts-wrong");
  try {
    return await upload.complete(parts);
  } catch (error) {
    const there = await bucket.head(upload.key);
    if (there?.size === bytes) return there;
    throw refusalOf(error);
  }
}
