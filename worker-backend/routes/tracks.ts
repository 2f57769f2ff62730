import { Hono } from "hono";
import { EPOCH_MAX_BYTES } from "#protocol/epoch-format.ts";
import { declareTrack, MAX_SEAL_BYTES, type Receipt, sealTrack } from "#protocol/http-api.ts";
import { MAX_SEQ, type RoomId, type Sha256, type TakeId, takeId, type TrackId, trackId } from "#protocol/ids.ts";
import {
  type Api,
  type ApiContext,
  asMember,
  jsonBody,
  pathNumber,
  pathPart,
  retryable,
  uploadLength,
} from "../http/api-request.ts";
import { parseContentDigest } from "../http/content-digest.ts";
import { epochKey } from "../r2/keys.ts";
import { putChecked, storedSha256 } from "../r2/put-checked.ts";
import { ApiError, valueOf } from "../refusals.ts";

/** Below `/api/rooms/:room/takes/:take/tracks/:track`. */
export const trackRoutes = new Hono<Api>();

async function ofTrack(c: ApiContext) {
  const asked = await asMember(c);
  return { ...asked, take: pathPart(c, "take", takeId), track: pathPart(c, "track", trackId) };
}

trackRoutes.put("/", async (c) => {
  const { member, stub, take, track } = await ofTrack(c);
  const body = await jsonBody(c, declareTrack);
  const { created, ...declared } = valueOf(await stub.declareTrack(member, take, track, body));
  return c.json(declared, created ? 201 : 200);
});

trackRoutes.get("/epochs", async (c) => {
  const { member, stub, take, track } = await ofTrack(c);
  return c.json(valueOf(await stub.have(member, take, track)));
});

trackRoutes.post("/seal", async (c) => {
  const { member, stub, take, track } = await ofTrack(c);
  const body = await jsonBody(c, sealTrack, MAX_SEAL_BYTES);
  valueOf(await stub.seal(member, take, track, body));
  return c.json({ track, sealed: true });
});

trackRoutes.put("/epochs/:seq", async (c) => {
  const { member, stub, room, take, track } = await ofTrack(c);
  const seq = pathNumber(c, "seq", MAX_SEQ);
  const bytes = uploadLength(c, EPOCH_MAX_BYTES);
  const sha256 = parseContentDigest(c.req.header("Content-Digest"));
  if (sha256 === null) throw ApiError.of("bad-digest");
  valueOf(await retryable(async () => stub.mayUpload(member, take, track, seq)));
  const stored = await storeEpoch(c, { room, take, track, seq, bytes, sha256 });
  const committed = await retryable(async () =>
    stub.commitEpoch(member, take, track, { seq, sha256: stored.sha256, bytes: stored.bytes }),
  );
  if (!committed.ok) {
    // Deleted or sealed while it was on its way: what this request has stored must not stay.
    if (stored.isNew) await c.env.BUCKET.delete(epochKey(room, take, track, seq));
    throw new ApiError(committed.refusal);
  }
  const receipt: Receipt = { receipt: 1, room, take, track, seq, bytes: stored.bytes, sha256: stored.sha256 };
  return c.json(receipt, stored.isNew ? 201 : 200);
});

interface EpochUpload {
  readonly room: RoomId;
  readonly take: TakeId;
  readonly track: TrackId;
  readonly seq: number;
  readonly bytes: number;
  readonly sha256: Sha256;
}

/** Stores the body, unless an epoch is there: the first bytes win, and the bucket is the truth about what they are. */
async function storeEpoch(
  c: ApiContext,
  { room, take, track, seq, bytes, sha256 }: EpochUpload,
): Promise<{ readonly sha256: Sha256; readonly bytes: number; readonly isNew: boolean }> {
  const key = epochKey(room, take, track, seq);
  const stored = await putChecked(c.env.BUCKET, key, { body: c.req.raw.body, bytes, sha256 }, true);
  if (stored) return { sha256, bytes: stored.size, isNew: true };
  const there = await retryable(() => c.env.BUCKET.head(key));
  if (!there) throw ApiError.of("store-unavailable", { "Retry-After": "1" });
  if (storedSha256(there) !== sha256) throw ApiError.of("other-bytes");
  return { sha256, bytes: there.size, isNew: false };
}
