import { describe, expect, it } from "vitest";
import { RENEW_EVERY_MS } from "#core/upload/limits.ts";
import type { TrackRow } from "#protocol/take-manifest.ts";
import { UploadRig } from "./rig/upload-rig.ts";

const DAY_MS = 24 * 60 * 60_000;

describe("the upload's seat", () => {
  it("[UP9] renews the token on 401, once for all lanes, and loses nothing", async () => {
    const rig = new UploadRig();
    const seat = await rig.seated();
    await rig.recorded("take", { tracks: { microphone: 9, camera: 9 } }, seat);
    rig.start();
    await rig.time.until(() => rig.server.count("putEpoch") >= 6);
    rig.server.expireTokens();
    await rig.time.until(() => rig.allSealed());
    expect(rig.server.count("renewToken")).toBe(1);
    expect((await rig.repo.seat(seat.room))?.token).not.toBe(seat.token);
    rig.checkReceipts();
  });

  it("[UP9] takes the token that another context has renewed meanwhile", async () => {
    const rig = new UploadRig();
    const seat = await rig.seated();
    await rig.recorded("take", { tracks: { microphone: 9 } }, seat);
    rig.start();
    await rig.time.until(() => rig.server.count("putEpoch") >= 3);
    rig.server.expireTokens();
    const stored = seat.participant && rig.server.rooms.get(seat.room)?.participants.get(seat.participant);
    stored?.tokens.set("renewed by the page", rig.time.nowMs);
    await rig.repo.putSeat({ ...seat, token: "renewed by the page" });
    await rig.time.until(() => rig.allSealed());
    expect(rig.server.count("renewToken")).toBe(0);
  });

  it("[UP9] a second 401 is asked no third time: the seat is no longer good, the bytes stay", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 3 } }, await rig.seated());
    rig.server.faultFor = (call) => (call.name === "putEpoch" ? { kind: "refuse", status: 401 } : null);
    const uploader = rig.start();
    await rig.time.until(() => uploader.state().problems.length > 0 && uploader.state().phase === "idle");
    expect(uploader.state().problems).toMatchObject([{ reason: "not-allowed" }]);
    expect(rig.server.count("renewToken")).toBeLessThanOrEqual(3);
    expect(rig.repo.left()).toHaveLength(3);
    expect(rig.store.files.size).toBe(3);
  });

  it("[UP9] a token of the manifest that has ended too is renewed, and a renewed one again when it ends", async () => {
    const rig = new UploadRig();
    const seat = await rig.seated();
    await rig.recorded("take", { tracks: { microphone: 12 } }, seat);
    rig.start();
    for (const left of [9, 6, 3]) {
      await rig.time.until(() => rig.repo.left().length <= left);
      rig.server.expireTokens();
      await rig.repo.putSeat({ ...seat, token: `ended at ${left}` });
    }
    await rig.time.until(() => rig.allSealed());
    expect(rig.server.count("renewToken")).toBe(3);
  });

  it("[UP9] a renewal that is refused keeps the bytes and says why", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 3 } }, await rig.seated());
    rig.server.expireTokens();
    rig.server.faultFor = (call) => (call.name === "renewToken" ? { kind: "refuse", status: 401 } : null);
    const uploader = rig.start();
    await rig.time.until(() => uploader.state().problems.length > 0 && uploader.state().phase === "idle");
    expect(uploader.state().problems).toMatchObject([{ reason: "not-allowed" }]);
    expect(rig.repo.left()).toHaveLength(3);
  });

  it("[UP9] a renewal that finds no network waits, and the epoch is not dropped", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 3 } }, await rig.seated());
    rig.server.expireTokens();
    rig.server.faultFor = (call) =>
      call.name === "renewToken" && call.nth < 3 ? { kind: "drop", when: "after" } : null;
    const uploader = rig.start();
    await rig.time.until(() => rig.allSealed());
    expect(uploader.state().problems).toEqual([]);
  });

  it("[UP10] renews shortly before the end", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 1 } }, await rig.seated());
    await rig.time.pass(14.5 * 60_000);
    rig.start();
    await rig.time.until(() => rig.allSealed());
    expect(rig.server.count("renewToken")).toBe(1);
    expect(rig.server.calls[0]?.name).toBe("renewToken");
  });

  it.each([DAY_MS, -DAY_MS])(
    "[UP10] a wall clock that is wrong by %i ms neither stops it nor renews all the time",
    async (shift) => {
      const rig = new UploadRig();
      await rig.recorded("take", { tracks: { microphone: 30 } }, await rig.seated());
      rig.time.jumpWallClock(shift);
      rig.start();
      await rig.time.until(() => rig.allSealed());
      expect(rig.server.count("renewToken")).toBeLessThanOrEqual(1 + rig.time.nowMs / RENEW_EVERY_MS);
      rig.checkReceipts();
    },
  );

  it("[UP9] a take whose seat is lost is reported, and the others go on", async () => {
    const rig = new UploadRig();
    const lost = await rig.seated("lost");
    const seat = await rig.seated("kept");
    await rig.recorded("orphan", { tracks: { microphone: 2 }, startedMs: 1 }, lost);
    await rig.recorded("take", { tracks: { microphone: 2 }, startedMs: 2 }, seat);
    rig.repo.seatRows.delete(`${lost.room}/${lost.participant}`);
    const uploader = rig.start();
    await rig.time.until(() => uploader.state().phase === "idle");
    expect(uploader.state().problems).toMatchObject([{ reason: "no-seat", track: null }]);
    expect(rig.repo.left()).toHaveLength(2);
  });
});

describe("two windows of one browser", () => {
  it("[UP27] each person's track is sent from their own seat", async () => {
    const rig = new UploadRig();
    const seat = await rig.seated("host");
    const { signal } = new AbortController();
    const joining = rig.server.join(seat.room, { name: "Rui", consent: true }, signal);
    await rig.time.pass(1000);
    const joined = await joining;
    if (joined.kind !== "ok") throw new Error("not joined");
    await rig.repo.putSeat({ ...seat, ...joined.value, participantName: "Rui", hostSecret: null });
    const take = await rig.recorded("take", { tracks: { microphone: 2, camera: 2 } }, seat);
    const [own, other] = (await rig.repo.tracks(take.take)) as [TrackRow, TrackRow];
    await rig.repo.putTrack({ ...other, participant: joined.value.participant });
    rig.start();
    await rig.time.until(() => rig.allSealed());
    expect(rig.server.track(own.track)?.participant).toBe(seat.participant);
    expect(rig.server.track(other.track)?.participant).toBe(joined.value.participant);
    rig.checkReceipts();
  });
});

describe("a take recorded alone", () => {
  it("[UP17] gets a room, in which its person is the host, and says that it was recorded alone", async () => {
    const rig = new UploadRig();
    const take = await rig.recorded("take", { tracks: { microphone: 3 }, alone: true });
    rig.start();
    await rig.time.until(() => rig.allSealed());
    const row = await rig.repo.take(take.take);
    const seat = row?.room ? await rig.repo.seat(row.room) : undefined;
    expect(seat).toMatchObject({ role: "host", participant: row?.participant, forTake: take.take });
    expect(row?.room && rig.server.rooms.get(row.room)?.takes.get(take.take)?.body.alone).toBe(true);
    expect(rig.server.calls.slice(0, 3).map((call) => call.name)).toEqual(["createRoom", "join", "declareTake"]);
  });

  it("[UP17] is never sent without consent", async () => {
    const rig = new UploadRig();
    const take = await rig.recorded("take", { tracks: { microphone: 3 }, alone: true });
    await rig.repo.putTake({ ...take, consentMs: 0 });
    const uploader = rig.start();
    await rig.time.until(() => uploader.state().problems.length > 0);
    expect(uploader.state().problems).toMatchObject([{ reason: "no-consent" }]);
    expect(rig.server.calls).toEqual([]);
  });

  it("[UP17] waits for the studio key where the server wants one", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 3 }, alone: true });
    let isKeyed = false;
    rig.server.faultFor = (call) => (call.name === "createRoom" && !isKeyed ? { kind: "refuse", status: 403 } : null);
    const uploader = rig.start();
    await rig.time.until(() => uploader.state().problems.length > 0);
    expect(uploader.state().problems).toMatchObject([{ reason: "studio-key-needed" }]);
    isKeyed = true;
    uploader.engine.kick("person");
    await rig.time.until(() => rig.allSealed());
  });

  it("[UP17] keeps the room that was noted when the launch before ended in between", async () => {
    for (const step of ["join", "declareTake"] as const) {
      const rig = new UploadRig();
      await rig.recorded("take", { tracks: { microphone: 3 }, alone: true });
      let isFirst = true;
      rig.server.faultFor = (call) => (isFirst && call.name === step ? { kind: "hang", when: "after" } : null);
      const first = rig.start();
      await rig.time.until(() => rig.server.count(step) === 1);
      first.stop.abort();
      await first.ended;
      isFirst = false;
      rig.start();
      await rig.time.until(() => rig.allSealed());
      expect(rig.server.rooms.size).toBe(1);
    }
  });

  it("[UP17] makes another room when the one that was noted is gone", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 3 }, alone: true });
    let isFirst = true;
    rig.server.faultFor = (call) => (isFirst && call.name === "join" ? { kind: "hang", when: "before" } : null);
    const first = rig.start();
    await rig.time.until(() => rig.server.count("join") === 1);
    first.stop.abort();
    await first.ended;
    isFirst = false;
    rig.server.rooms.clear();
    rig.start();
    await rig.time.until(() => rig.allSealed());
    expect(rig.server.rooms.size).toBe(1);
    expect(rig.server.count("createRoom")).toBe(2);
  });
});
