import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EPOCH_MAX_BYTES } from "#protocol/epoch-format.ts";
import {
  call,
  declareTake,
  declareTrack,
  digestHeader,
  hashOf,
  hostedRoom,
  admittedGuest,
  keysOf,
  putEpoch,
  sealTrack,
  someBytes,
  statusAndReason,
  stubOf,
  trackPath,
  uploadTrack,
} from "./rig/api.ts";
import { FakeRender } from "./rig/render.ts";

beforeEach(() => {
  new FakeRender();
});

afterEach(() => vi.unstubAllGlobals());

async function recordedTrack() {
  const host = await hostedRoom();
  const take = await declareTake(host);
  const track = await declareTrack(host, take);
  return { host, take, track };
}

async function have(seat: Parameters<typeof trackPath>[0], take: string, track: string): Promise<unknown> {
  return (await call(`${trackPath(seat, take, track)}/epochs`, { token: seat.token })).json();
}

describe("uploading an epoch", () => {
  it("[HA20] stores the bytes under a key made of verified ids and answers with a receipt", async () => {
    const { host, take, track } = await recordedTrack();
    const bytes = someBytes(1);
    const response = await putEpoch(host, { take, track, seq: 0, bytes });
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({
      receipt: 1,
      room: host.room,
      take,
      track,
      seq: 0,
      bytes: bytes.byteLength,
      sha256: await hashOf(bytes),
    });
    const key = `rooms/${host.room}/takes/${take}/tracks/${track}/epochs/000000.mp4`;
    expect(await keysOf(host.room)).toEqual([key]);
    const stored = await env.BUCKET.get(key);
    expect(new Uint8Array((await stored?.arrayBuffer()) ?? new ArrayBuffer())).toEqual(bytes);
  });

  it("[HA21] the same bytes again are 200 with the same receipt", async () => {
    const { host, take, track } = await recordedTrack();
    const first = await putEpoch(host, { take, track, seq: 3, bytes: someBytes(3) });
    const again = await putEpoch(host, { take, track, seq: 3, bytes: someBytes(3) });
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(await again.json()).toEqual(await first.json());
    expect(await have(host, take, track)).toEqual({ ranges: [[3, 3]], count: 1, sealed: false });
  });

  it("[HA22] other bytes on a stored epoch are 409 and the stored bytes stay", async () => {
    const { host, take, track } = await recordedTrack();
    await (await putEpoch(host, { take, track, seq: 0, bytes: someBytes(1) })).text();
    const other = await putEpoch(host, { take, track, seq: 0, bytes: someBytes(2) });
    expect(await statusAndReason(other)).toEqual([409, "other-bytes"]);
    const stored = await env.BUCKET.get(`rooms/${host.room}/takes/${take}/tracks/${track}/epochs/000000.mp4`);
    expect(new Uint8Array((await stored?.arrayBuffer()) ?? new ArrayBuffer())).toEqual(someBytes(1));
  });

  it("[HA22] of 20 parallel uploads with different bytes exactly one wins", async () => {
    const { host, take, track } = await recordedTrack();
    const uploads = Array.from({ length: 20 }, (_, at) =>
      putEpoch(host, { take, track, seq: 0, bytes: someBytes(at) }),
    );
    const responses = await Promise.all(uploads);
    const statuses = responses.map((response) => response.status).sort((a, b) => a - b);
    expect(statuses).toEqual([201, ...Array.from({ length: 19 }, () => 409)]);
    const winner = responses.findIndex((response) => response.status === 201);
    await Promise.all(responses.map((response) => response.text()));
    const stored = await env.BUCKET.get(`rooms/${host.room}/takes/${take}/tracks/${track}/epochs/000000.mp4`);
    expect(new Uint8Array((await stored?.arrayBuffer()) ?? new ArrayBuffer())).toEqual(someBytes(winner));
    expect(await have(host, take, track)).toEqual({ ranges: [[0, 0]], count: 1, sealed: false });
  });

  it("[HA23] a digest or a length that is not the body's stores nothing", async () => {
    const { host, take, track } = await recordedTrack();
    const bytes = someBytes(1);
    const lies: { headers: Record<string, string>; expected: [number, string] }[] = [
      { headers: { "Content-Digest": await digestHeader(someBytes(2)) }, expected: [422, "digest-wrong"] },
      { headers: { "Content-Length": "999" }, expected: [422, "length-wrong"] },
      { headers: { "Content-Length": "1001" }, expected: [422, "length-wrong"] },
      { headers: { "Content-Length": "0" }, expected: [422, "length-wrong"] },
    ];
    for (const { headers, expected } of lies) {
      const response = await putEpoch(host, { take, track, seq: 0, bytes, headers });
      expect(await statusAndReason(response), JSON.stringify(headers)).toEqual(expected);
    }
    expect(await keysOf(host.room)).toEqual([]);
    expect(await have(host, take, track)).toEqual({ ranges: [], count: 0, sealed: false });
    expect((await putEpoch(host, { take, track, seq: 0, bytes })).status).toBe(201);
  });

  it("[HA24] without a length 411, too large 413, without a digest 400, and nothing is stored", async () => {
    const { host, take, track } = await recordedTrack();
    const bytes = someBytes(1);
    const malformed = ["sha-256=:AAAA:", "sha-256=abc", "md5=:AAAAAAAAAAAAAAAAAAAAAA==:", "sha-256", ":::", "="];
    const cases = [
      { put: { bytes, without: "Content-Length" }, expected: [411, "length-missing"] },
      { put: { bytes, headers: { "Content-Length": String(EPOCH_MAX_BYTES + 1) } }, expected: [413, "too-large"] },
      { put: { bytes, without: "Content-Digest" }, expected: [400, "bad-digest"] },
      ...malformed.map((header) => ({
        put: { bytes, headers: { "Content-Digest": header } },
        expected: [400, "bad-digest"],
      })),
    ];
    for (const { put, expected } of cases) {
      const response = await putEpoch(host, { take, track, seq: 0, ...put });
      expect(await statusAndReason(response), JSON.stringify(put.headers ?? put.without)).toEqual(expected);
    }
    expect(await keysOf(host.room)).toEqual([]);
  });

  it("[HA28] the length may be in Upload-Length, of a body that comes as a stream; both must be the same", async () => {
    const { host, take, track } = await recordedTrack();
    const bytes = someBytes(1);
    const put = (length: string, more: Partial<Parameters<typeof putEpoch>[1]> = { without: "Content-Length" }) =>
      putEpoch(host, { take, track, seq: 0, bytes, headers: { "Upload-Length": length }, ...more });
    const size = bytes.byteLength;
    const refusals = [
      { response: put(String(size - 1)), expected: [422, "length-wrong"] },
      { response: put(String(size + 1)), expected: [422, "length-wrong"] },
      { response: put("0"), expected: [422, "length-wrong"] },
      { response: put(String(EPOCH_MAX_BYTES + 1)), expected: [413, "too-large"] },
      ...["", "-1", "1e3", "4, 4", "0x10"].map((length) => ({
        response: put(length),
        expected: [411, "length-missing"],
      })),
      { response: put(String(size + 1), {}), expected: [400, "lengths-differ"] },
      { response: put("many", {}), expected: [411, "length-missing"] },
    ];
    for (const { response, expected } of refusals) expect(await statusAndReason(await response)).toEqual(expected);
    expect(await keysOf(host.room)).toEqual([]);
    expect(await have(host, take, track)).toEqual({ ranges: [], count: 0, sealed: false });
    expect((await put(String(size))).status).toBe(201);
    expect((await put(String(size), {})).status).toBe(200);
    const stored = await env.BUCKET.get(`rooms/${host.room}/takes/${take}/tracks/${track}/epochs/000000.mp4`);
    expect(new Uint8Array((await stored?.arrayBuffer()) ?? new ArrayBuffer())).toEqual(bytes);
  });

  it("[HA23] a stream with another digest stores nothing", async () => {
    const { host, take, track } = await recordedTrack();
    const bytes = someBytes(1);
    const headers = {
      "Upload-Length": String(bytes.byteLength),
      "Content-Digest": await digestHeader(someBytes(2)),
    };
    const response = await putEpoch(host, { take, track, seq: 0, bytes, headers, without: "Content-Length" });
    expect(await statusAndReason(response)).toEqual([422, "digest-wrong"]);
    expect(await keysOf(host.room)).toEqual([]);
  });

  it("[HA24] an epoch of exactly the largest size is taken", async () => {
    const { host, take, track } = await recordedTrack();
    const bytes = new Uint8Array(EPOCH_MAX_BYTES);
    expect((await putEpoch(host, { take, track, seq: 0, bytes })).status).toBe(201);
  });

  it("[HA25] only the participant who declared the track may add to it", async () => {
    const { host, take, track } = await recordedTrack();
    const guest = await admittedGuest(host, "Bob");
    const response = await putEpoch(guest, { take, track, seq: 0, bytes: someBytes(1) });
    expect(await statusAndReason(response)).toEqual([403, "not-yours"]);
    const sealed = await sealTrack(guest, take, track, 0);
    expect(await statusAndReason(sealed)).toEqual([403, "not-yours"]);
    const redeclared = await call(trackPath(guest, take, track), {
      method: "PUT",
      token: guest.token,
      json: { source: "camera", label: "mine" },
    });
    expect(await statusAndReason(redeclared)).toEqual([403, "not-yours"]);
    expect(await keysOf(host.room)).toEqual([]);
  });

  it("[HA26] an object that the ledger does not know is adopted, and a missing ledger row heals", async () => {
    const { host, take, track } = await recordedTrack();
    const bytes = someBytes(5);
    // The worker stopped between storing and committing.
    await env.BUCKET.put(`rooms/${host.room}/takes/${take}/tracks/${track}/epochs/000007.mp4`, bytes, {
      sha256: await hashOf(bytes),
    });
    expect(await have(host, take, track)).toEqual({ ranges: [], count: 0, sealed: false });
    expect((await putEpoch(host, { take, track, seq: 7, bytes })).status).toBe(200);
    expect(await have(host, take, track)).toEqual({ ranges: [[7, 7]], count: 1, sealed: false });
  });
});

describe("the have-list and the seal", () => {
  it("[HA30] the have-list tells closed ranges, ascending, and survives the room's restart", async () => {
    const { host, take, track } = await recordedTrack();
    for (const seq of [5, 0, 1, 9, 2, 6])
      await (await putEpoch(host, { take, track, seq, bytes: someBytes(seq) })).text();
    const expected = {
      ranges: [
        [0, 2],
        [5, 6],
        [9, 9],
      ],
      count: 6,
      sealed: false,
    };
    expect(await have(host, take, track)).toEqual(expected);
    await evictDurableObject(stubOf(host.room));
    expect(await have(host, take, track)).toEqual(expected);
  });

  it("[HA31] a seal with holes is 409 and names every hole", async () => {
    const { host, take, track } = await recordedTrack();
    for (const seq of [1, 2, 5]) await (await putEpoch(host, { take, track, seq, bytes: someBytes(seq) })).text();
    const response = await sealTrack(host, take, track, 8);
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({
      error: { reason: "epochs-missing" },
      missing: [
        [0, 0],
        [3, 4],
        [6, 7],
      ],
    });
  });

  it("[HA32] sealing is idempotent with the same body and refused with another", async () => {
    const host = await hostedRoom();
    const take = await declareTake(host);
    const track = await uploadTrack(host, take, 3);
    expect((await sealTrack(host, take, track, 3)).status).toBe(200);
    const again = await sealTrack(host, take, track, 3);
    expect([again.status, await again.json()]).toEqual([200, { track, sealed: true }]);
    expect(await statusAndReason(await sealTrack(host, take, track, 2))).toEqual([409, "track-sealed"]);
    const other = await sealTrack(host, take, track, 3, { end: "cut-short" });
    expect(await statusAndReason(other)).toEqual([409, "track-sealed"]);
  });

  it("[HA32] the chain must end in the last stored epoch, and nothing may lie beyond", async () => {
    const host = await hostedRoom();
    const take = await declareTake(host);
    const track = await uploadTrack(host, take, 3);
    const chain = await hashOf(someBytes(77));
    expect(await statusAndReason(await sealTrack(host, take, track, 3, { chain }))).toEqual([409, "other-chain"]);
    expect(await statusAndReason(await sealTrack(host, take, track, 2))).toEqual([409, "other-chain"]);
    expect((await sealTrack(host, take, track, 3)).status).toBe(200);
  });

  it("[HA33] after the seal nothing is added beyond it; what lies below is still acknowledged", async () => {
    const host = await hostedRoom();
    const take = await declareTake(host);
    const track = await uploadTrack(host, take, 2);
    await (await sealTrack(host, take, track, 2)).text();
    const beyond = await putEpoch(host, { take, track, seq: 2, bytes: someBytes(2) });
    expect(await statusAndReason(beyond)).toEqual([409, "track-sealed"]);
    expect((await putEpoch(host, { take, track, seq: 1, bytes: someBytes(1) })).status).toBe(200);
    expect(await keysOf(host.room)).toHaveLength(2);
  });
});
