import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { JOB_LEASE_MS, JOB_MAX_TRIES } from "#protocol/demux-job.ts";
import type { TakeId } from "#protocol/ids.ts";
import {
  call,
  declareTake,
  digestHeader,
  hashOf,
  type HostSeat,
  hostedRoom,
  admittedGuest,
  keysOf,
  reasonOf,
  sealTrack,
  someBytes,
  statusAndReason,
  stubOf,
  takesOf,
  uploadTrack,
} from "./rig/api.ts";
import { FakeRender, finish, report, storeFile } from "./rig/render.ts";

let render: FakeRender;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  render = new FakeRender();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A take of one sealed track, so that it is complete. */
async function completeTake(epochs = 2) {
  const host = await hostedRoom();
  const take = await declareTake(host);
  const track = await uploadTrack(host, take, epochs);
  await (await sealTrack(host, take, track, epochs)).text();
  return { host, take, track };
}

const takeOf = async (host: HostSeat, take: TakeId) => (await takesOf(host)).find((one) => one.take === take);

/** Time passes, and the alarm rings. */
async function later(host: HostSeat, ms: number): Promise<void> {
  vi.setSystemTime(Date.now() + ms);
  await runDurableObjectAlarm(stubOf(host.room));
}

const startDemux = (host: HostSeat, take: TakeId, deliver: string) =>
  call(`/api/rooms/${host.room}/takes/${take}/demux`, { token: host.token, json: { deliver } });

describe("a job", () => {
  it("[HA60] is sent when the take is complete, with every epoch and its hash", async () => {
    const { host, take, track } = await completeTake(3);
    const job = await render.nextJob();
    expect(job).toMatchObject({
      room: host.room,
      take,
      title: "A take",
      participants: [{ participant: host.participant, name: "Alice", tracks: [{ track, expected: 3, end: "closed" }] }],
    });
    const hashes = await Promise.all([0, 1, 2].map((seq) => hashOf(someBytes(seq))));
    expect(job.participants[0]?.tracks[0]?.epochs).toEqual(hashes.map((sha256, seq) => ({ seq, sha256, bytes: 1000 })));
    expect(job.api).toBe(`http://studio.test/api/rooms/${host.room}/takes/${take}/jobs/${job.job}`);
    expect((await takeOf(host, take))?.job).toMatchObject({ job: job.job, state: "running", tries: 1 });
  });

  it("[HA61] its token reads epochs of its take, with their digest, and nothing else", async () => {
    const { host, track } = await completeTake();
    const job = await render.nextJob();
    const epoch = await report(job, `/tracks/${track}/epochs/1`);
    expect(epoch.status).toBe(200);
    expect(epoch.headers.get("Content-Digest")).toBe(await digestHeader(someBytes(1)));
    expect(new Uint8Array(await epoch.arrayBuffer())).toEqual(someBytes(1));
    expect(await statusAndReason(await report(job, `/tracks/${track}/epochs/2`))).toEqual([404, "unknown-epoch"]);
    const elsewhere = await completeTake();
    const other = await render.nextJob();
    const foreign = await call(new URL(other.api).pathname + `/tracks/${elsewhere.track}/epochs/0`, {
      token: job.token,
    });
    expect(foreign.status).toBe(401);
    for (const path of ["/takes", "/editor-links"]) {
      const refused = await call(`/api/rooms/${host.room}${path}`, { token: job.token });
      expect(await statusAndReason(refused), path).toEqual([401, "token-refused"]);
    }
    const asHost = await call(new URL(job.api).pathname + `/tracks/${track}/epochs/0`, { token: host.token });
    expect(asHost.status).toBe(401);
  });

  it("[HA62] its files appear all at once when it has finished, and no file before", async () => {
    const { host, take } = await completeTake();
    const job = await render.nextJob();
    await storeFile(job, "Alice.mkv", someBytes(9));
    expect((await takeOf(host, take))?.exports).toEqual([]);
    const early = await call(`/api/rooms/${host.room}/takes/${take}/exports/Alice.mkv`, { token: host.token });
    expect(early.status).toBe(404);
    expect((await finish(job, { "Alice.mkv": someBytes(9), "timeline.fcpxml": someBytes(10) })).status).toBe(204);
    const done = await takeOf(host, take);
    expect(done?.job).toMatchObject({ state: "done", fraction: 1, failure: null });
    expect(done?.exports.map((file) => file.name)).toEqual(["Alice.mkv", "timeline.fcpxml"]);
  });

  it("[HA62] naming a file that is not stored as told is 422 and finishes nothing", async () => {
    const { host, take } = await completeTake();
    const job = await render.nextJob();
    const stored = await storeFile(job, "Alice.mkv", someBytes(9));
    const lies = [
      { ...stored, name: "Bob.mkv" },
      { ...stored, bytes: 999 },
      { ...stored, sha256: await hashOf(someBytes(8)) },
    ];
    for (const lie of lies) {
      const response = await report(job, "/finished", { json: { files: [lie] } });
      expect(await statusAndReason(response)).toEqual([422, "files-missing"]);
    }
    expect((await takeOf(host, take))?.job?.state).toBe("running");
  });

  it("[HA63] progress is shown and renews the lease; silence is another try with a run of its own", async () => {
    const { host, take } = await completeTake();
    const first = await render.nextJob();
    await later(host, JOB_LEASE_MS - 1000);
    expect((await report(first, "/progress", { json: { stage: "stitching", fraction: 0.5 } })).status).toBe(204);
    await later(host, JOB_LEASE_MS - 1000);
    expect((await takeOf(host, take))?.job).toMatchObject({ state: "running", stage: "stitching", fraction: 0.5 });
    await later(host, 2000);
    expect((await takeOf(host, take))?.job).toMatchObject({ state: "waiting", failure: { reason: "silent" } });
    await later(host, 2000);
    const second = await render.nextJob();
    expect(second.job).not.toBe(first.job);
    expect((await takeOf(host, take))?.job).toMatchObject({ job: second.job, state: "running", tries: 2 });
    const forgotten = await report(first, "/progress", { json: { stage: "storing", fraction: 0.9 } });
    expect(await statusAndReason(forgotten)).toEqual([410, "job-over"]);
    const bytes = someBytes(1);
    const late = await report(first, "/files/Alice.mkv", {
      method: "PUT",
      body: bytes,
      headers: { "Content-Length": "1000", "Content-Digest": await digestHeader(bytes) },
    });
    expect(await reasonOf(late)).toBe("job-over");
    expect(await keysOf(host.room)).toHaveLength(2);
  });

  it("[HA64] a render service that restarts gets the job again, at most so many times", async () => {
    render.status = null;
    const { host, take } = await completeTake();
    for (let tried = 1; tried <= JOB_MAX_TRIES; tried += 1) {
      await render.nextJob();
      const hasFailed = async () => {
        const job = (await takeOf(host, take))?.job;
        expect(job).toMatchObject({ tries: tried, failure: { reason: "render-unreachable" } });
      };
      await vi.waitFor(hasFailed, { timeout: 20_000 });
      await later(host, 60_000);
    }
    expect((await takeOf(host, take))?.job).toMatchObject({ state: "failed", tries: JOB_MAX_TRIES });
    expect(render.jobs).toHaveLength(JOB_MAX_TRIES);
    render.status = 202;
    expect((await startDemux(host, take, "complete")).status).toBe(202);
    const job = await render.nextJob();
    expect((await finish(job, { "Alice.mkv": someBytes(1) })).status).toBe(204);
    expect((await takeOf(host, take))?.job?.state).toBe("done");
  });

  it("[HA64] a job is taken up again after the room's object was restarted", async () => {
    render.status = null;
    const { host, take } = await completeTake();
    await render.nextJob();
    const waits = async () => expect((await takeOf(host, take))?.job?.state).toBe("waiting");
    await vi.waitFor(waits, { timeout: 20_000 });
    await evictDurableObject(stubOf(host.room));
    render.status = 202;
    await later(host, 2000);
    const job = await render.nextJob();
    expect((await takeOf(host, take))?.job).toMatchObject({ job: job.job, state: "running", tries: 2 });
  });

  it("[HA65] a failure that no other try helps is told at once; one that does is tried again", async () => {
    const { host, take } = await completeTake();
    const first = await render.nextJob();
    const stopped = { reason: "stopped", message: "The service is stopping.", retry: true };
    expect((await report(first, "/failed", { json: stopped })).status).toBe(204);
    await later(host, 2000);
    const second = await render.nextJob();
    const noMedia = { reason: "no-media", message: "There is nothing in it.", retry: false };
    expect((await report(second, "/failed", { json: noMedia })).status).toBe(204);
    expect((await takeOf(host, take))?.job).toMatchObject({
      state: "failed",
      tries: 2,
      failure: { reason: "no-media", message: "There is nothing in it." },
    });
    await later(host, 600_000);
    expect(render.jobs).toHaveLength(2);
  });

  it("[HA66] there is one at a time; what arrives meanwhile is delivered after, and the old files go", async () => {
    const { host, take } = await completeTake();
    const first = await render.nextJob();
    const again = await startDemux(host, take, "complete");
    expect(await again.json()).toEqual({ job: first.job });
    const late = await uploadTrack(host, take, 1, "microphone");
    await (await sealTrack(host, take, late, 1)).text();
    expect(render.jobs).toHaveLength(1);
    await (await finish(first, { "Alice.mkv": someBytes(1) })).text();
    const second = await render.nextJob();
    expect(second.participants[0]?.tracks).toHaveLength(2);
    expect((await takeOf(host, take))?.exports.map((file) => file.name)).toEqual(["Alice.mkv"]);
    await (await finish(second, { "Alice_2.mkv": someBytes(2) })).text();
    expect((await takeOf(host, take))?.exports.map((file) => file.name)).toEqual(["Alice_2.mkv"]);
    const onlyNewest = async () => {
      const files = (await keysOf(host.room)).filter((key) => key.includes("/exports/"));
      expect(files).toEqual([`rooms/${host.room}/takes/${take}/exports/${second.job}/Alice_2.mkv`]);
    };
    await vi.waitFor(onlyNewest, { timeout: 20_000 });
  });

  it("[HA67] a report that is said again is answered the same; anything else after the end is 410", async () => {
    const { take, host, track } = await completeTake();
    const job = await render.nextJob();
    const file = await storeFile(job, "Alice.mkv", someBytes(1));
    const statuses: number[] = [];
    for (let said = 0; said < 2; said += 1) {
      statuses.push((await report(job, "/finished", { json: { files: [file] } })).status);
    }
    expect(statuses).toEqual([204, 204]);
    const failed = await report(job, "/failed", { json: { reason: "stopped", message: "", retry: true } });
    expect(await statusAndReason(failed)).toEqual([410, "job-over"]);
    expect(await reasonOf(await report(job, `/tracks/${track}/epochs/0`))).toBe("job-over");
    expect((await takeOf(host, take))?.job?.state).toBe("done");
  });

  it("[HA68] the host may deliver what is there; a guest may not, and neither an unfinished take as complete", async () => {
    const host = await hostedRoom();
    const take = await declareTake(host);
    const track = await uploadTrack(host, take, 2);
    expect(await statusAndReason(await startDemux(host, take, "what-is-there"))).toEqual([409, "take-rolling"]);
    await (await sealTrack(host, take, track, 2)).text();
    await (await finish(await render.nextJob(), { "Alice.mkv": someBytes(1) })).text();
    await uploadTrack(host, take, 1, "microphone");
    expect(await statusAndReason(await startDemux(host, take, "complete"))).toEqual([409, "take-incomplete"]);
    const guest = await admittedGuest(host, "Bob");
    const refused = await call(`/api/rooms/${host.room}/takes/${take}/demux`, {
      token: guest.token,
      json: { deliver: "what-is-there" },
    });
    expect(await statusAndReason(refused)).toEqual([403, "not-host"]);
    expect((await startDemux(host, take, "what-is-there")).status).toBe(202);
    const job = await render.nextJob();
    expect(job.participants[0]?.tracks.map((one) => one.expected)).toEqual([2, null]);
  });
});

describe("files of a job", () => {
  it("[HA69] large files come in parts and have the length that was told", async () => {
    const { host, take } = await completeTake();
    const job = await render.nextJob();
    const first = new Uint8Array(5 * 1024 * 1024).fill(1);
    const last = someBytes(2);
    const begin = async () => {
      const { uploadId } = await (await report(job, "/files/Alice.mkv/multipart", { method: "POST" })).json<{
        uploadId: string;
      }>();
      const parts: unknown[] = [];
      for (const [at, body] of [first, last].entries()) {
        const path = `/files/Alice.mkv/multipart/${at + 1}?uploadId=${encodeURIComponent(uploadId)}`;
        const headers = { "Content-Length": String(body.byteLength) };
        parts.push(await (await report(job, path, { method: "PUT", body, headers })).json());
      }
      return { uploadId, parts };
    };
    const bytes = first.byteLength + last.byteLength;
    const lie = await report(job, "/files/Alice.mkv/multipart/complete", {
      json: { ...(await begin()), bytes: bytes + 1 },
    });
    expect(await statusAndReason(lie)).toEqual([422, "length-wrong"]);
    expect((await keysOf(host.room)).filter((key) => key.includes("/exports/"))).toEqual([]);
    const json = { ...(await begin()), bytes };
    for (let said = 0; said < 2; said += 1) {
      const done = await report(job, "/files/Alice.mkv/multipart/complete", { json });
      expect([done.status, await done.json()]).toEqual([201, { name: "Alice.mkv", bytes }]);
    }
    const key = `rooms/${host.room}/takes/${take}/exports/${job.job}/Alice.mkv`;
    expect((await env.BUCKET.head(key))?.size).toBe(bytes);
  });

  it("[HA69] unknown uploads, wrong parts and lying digests are refused and store nothing", async () => {
    const { host } = await completeTake();
    const job = await render.nextJob();
    const before = await keysOf(host.room);
    const headers = { "Content-Length": "1000" };
    const body = someBytes(1);
    for (const uploadId of ["", "nope", "%00", "../..", "x".repeat(3000)]) {
      const response = await report(job, `/files/A.mkv/multipart/1?uploadId=${uploadId}`, {
        method: "PUT",
        body,
        headers,
      });
      expect(await statusAndReason(response), uploadId).toEqual([404, "unknown-upload"]);
    }
    for (const parts of [[], [{ part: 1, etag: "x" }]]) {
      const json = { uploadId: "nope", bytes: 1, parts };
      const complete = await report(job, "/files/A.mkv/multipart/complete", { json });
      // R2 calls completing what it does not know an internal error.
      expect(complete.status).toBe(parts.length === 0 ? 422 : 503);
    }
    const lie = await report(job, "/files/A.mkv", {
      method: "PUT",
      body,
      headers: { ...headers, "Content-Digest": await digestHeader(someBytes(2)) },
    });
    expect(await statusAndReason(lie)).toEqual([422, "digest-wrong"]);
    for (const name of ["..%2f..%2fx", "%2e%2e", ".hidden", "a%20b", "a%00b", "ä.mkv", "x".repeat(121)]) {
      const response = await report(job, `/files/${name}`, {
        method: "PUT",
        body,
        headers: { ...headers, "Content-Digest": await digestHeader(body) },
      });
      expect(response.status, name).toBe(404);
    }
    expect(await keysOf(host.room)).toEqual(before);
  });
});
