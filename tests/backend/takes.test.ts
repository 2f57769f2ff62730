import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { TakeId } from "#protocol/ids.ts";
import { END_GRACE_MS } from "../../worker-backend/room/room-step.ts";
import {
  call,
  declareTake,
  declareTrack,
  hostedRoom,
  admittedGuest,
  newTake,
  type Seat,
  sealTrack,
  statusAndReason,
  stubOf,
  takesOf,
  trackPath,
  uploadTrack,
} from "./rig/api.ts";
import { FakeRender } from "./rig/render.ts";
import { connect, status } from "./rig/socket.ts";

let render: FakeRender;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  render = new FakeRender();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const takeOf = async (seat: Seat, take: TakeId) => (await takesOf(seat)).find((one) => one.take === take);

/** A take that host and guest hear rolling. */
async function rollingTake() {
  const host = await hostedRoom();
  const guest = await admittedGuest(host, "Bob");
  const a = await connect(host);
  const b = await connect(guest);
  const take = newTake();
  a.socket.send({ type: "start-take", take });
  await Promise.all([a.socket.next("take"), b.socket.next("take")]);
  return { host, guest, a: a.socket, b: b.socket, take };
}

async function recordAndSeal(seat: Seat, take: TakeId): Promise<void> {
  const track = await uploadTrack(seat, take, 1);
  await (await sealTrack(seat, take, track, 1)).text();
}

describe("declaring", () => {
  it("[HA40] a take recorded alone is brought by a host, once", async () => {
    const host = await hostedRoom();
    const take = newTake();
    const path = `/api/rooms/${host.room}/takes/${take}`;
    const declare = (token: string) =>
      call(path, { method: "PUT", token, json: { startedMs: 1_700_000_000_000, title: "Alone", alone: true } });
    const guest = await admittedGuest(host, "Bob");
    expect(await statusAndReason(await declare(guest.token))).toEqual([403, "not-host"]);
    const first = await declare(host.token);
    expect([first.status, await first.json()]).toEqual([201, { take, state: "rolling" }]);
    expect((await declare(host.token)).status).toBe(200);
    expect((await declare(guest.token)).status).toBe(200);
    expect(await takesOf(host)).toMatchObject([{ take, title: "Alone", startedMs: 1_700_000_000_000 }]);
  });

  it("[HA40] a take that the room has started is known already, to guests too", async () => {
    const { guest, take } = await rollingTake();
    const json = { startedMs: Date.now(), title: "ignored" };
    const response = await call(`/api/rooms/${guest.room}/takes/${take}`, { method: "PUT", token: guest.token, json });
    expect([response.status, await response.json()]).toEqual([200, { take, state: "rolling" }]);
  });

  it("[HA41] a track is declared once; described differently it is refused", async () => {
    const host = await hostedRoom();
    const take = await declareTake(host);
    const track = await declareTrack(host, take);
    const declare = (json: unknown) => call(trackPath(host, take, track), { method: "PUT", token: host.token, json });
    const again = await declare({ source: "camera", label: "A device" });
    expect([again.status, await again.json()]).toEqual([200, { track, sealed: false }]);
    const other = await declare({ source: "screen", label: "A device" });
    expect(await statusAndReason(other)).toEqual([409, "other-description"]);
  });
});

describe("when a take is complete", () => {
  it("[HA42] everybody who was connected has declared tracks, and every track is sealed", async () => {
    const { host, guest, a, take } = await rollingTake();
    await recordAndSeal(host, take);
    a.send({ type: "stop-take", take });
    await a.next("take");
    expect(await takeOf(host, take)).toMatchObject({ state: "stopped", complete: false, job: null });
    const track = await uploadTrack(guest, take, 1);
    expect((await takeOf(host, take))?.complete).toBe(false);
    await (await sealTrack(guest, take, track, 1)).text();
    expect((await takeOf(host, take))?.complete).toBe(true);
    const job = await render.nextJob();
    expect(job.participants.map((one) => one.name).sort()).toEqual(["Alice", "Bob"]);
    expect(job.zeroRoomUs).not.toBeNull();
  });

  it("[HA42] or has said that they do not record it", async () => {
    const { host, a, b, take } = await rollingTake();
    b.send({ type: "not-recording", take, why: "no-devices" });
    await b.settled();
    await recordAndSeal(host, take);
    a.send({ type: "stop-take", take });
    await a.next("take");
    expect((await takeOf(host, take))?.complete).toBe(true);
    expect((await render.nextJob()).participants).toHaveLength(1);
  });

  it("[HA42] whoever connects while it rolls is waited for, whoever comes after is not", async () => {
    const { host, a, b, take } = await rollingTake();
    const late = await admittedGuest(host, "Late");
    await connect(late);
    b.send({ type: "not-recording", take, why: "no-devices" });
    await b.settled();
    await recordAndSeal(host, take);
    a.send({ type: "stop-take", take });
    await a.next("take");
    await connect(await admittedGuest(host, "After"));
    expect((await takeOf(host, take))?.complete).toBe(false);
    await recordAndSeal(late, take);
    expect((await takeOf(host, take))?.complete).toBe(true);
  });

  it("[HA43] a track that comes later makes it incomplete again, and it is delivered anew", async () => {
    const host = await hostedRoom();
    const take = await declareTake(host);
    await recordAndSeal(host, take);
    const first = await render.nextJob();
    const late = await declareTrack(host, take, "microphone");
    expect((await takeOf(host, take))?.complete).toBe(false);
    await (await sealTrack(host, take, late, 0)).text();
    expect(await takeOf(host, take)).toMatchObject({ complete: true, job: { job: first.job } });
  });

  it("[HA44] nobody records it any more: it ends by itself, after a while for a page that was reloaded", async () => {
    const { host, a, b, take } = await rollingTake();
    b.send({ type: "not-recording", take, why: "no-devices" });
    a.send(status({ recording: "recording", take }));
    await a.settled();
    const track = await uploadTrack(host, take, 1);
    await (await sealTrack(host, take, track, 1)).text();
    vi.setSystemTime(Date.now() + 2 * END_GRACE_MS);
    await runDurableObjectAlarm(stubOf(host.room));
    expect((await takeOf(host, take))?.state).toBe("rolling");
    a.close();
    await b.next("participant", ({ participant }) => !participant.connected);
    expect((await takeOf(host, take))?.state).toBe("rolling");
    vi.setSystemTime(Date.now() + END_GRACE_MS + 1);
    await runDurableObjectAlarm(stubOf(host.room));
    expect((await b.next("take", (message) => message.take.state === "stopped")).take.take).toBe(take);
    expect((await takeOf(host, take))?.complete).toBe(true);
  });

  it("[HA44] a device that is out of reach keeps its take from ending", async () => {
    const { host, guest, a, b, take } = await rollingTake();
    await declareTrack(guest, take);
    b.close();
    await a.next("participant", ({ participant }) => !participant.connected);
    await recordAndSeal(host, take);
    a.close();
    vi.setSystemTime(Date.now() + 600_000);
    await runDurableObjectAlarm(stubOf(host.room));
    expect((await takeOf(host, take))?.state).toBe("rolling");
  });

  it("[HA45] those connected are told that takes have changed", async () => {
    const { host, a, take } = await rollingTake();
    await a.next("takes-changed");
    vi.setSystemTime(Date.now() + 5_000);
    await recordAndSeal(host, take);
    await a.next("takes-changed");
  });
});
