import { describe, expect, it } from "vitest";
import { LANES } from "#core/upload/limits.ts";
import type { Source, TrackId } from "#protocol/ids.ts";
import type { TrackRow } from "#protocol/take-manifest.ts";
import { idOf, UploadRig } from "./rig/upload-rig.ts";

const trackOf = (take: string, source: Source): TrackId => idOf(`${take}-${source}`);

describe("the upload engine", () => {
  it("[UP1] declares take and tracks, asks for the have-list, sends, and seals last", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 2, camera: 2 } }, await rig.seated());
    const uploader = rig.start();
    await rig.time.until(() => rig.allSealed());
    const names = rig.server.calls.map((call) => call.name);
    expect(names.slice(0, 3)).toEqual(["declareTake", "declareTrack", "declareTrack"]);
    expect(names.filter((name) => name === "haveList")).toHaveLength(2);
    expect(names.filter((name) => name === "putEpoch")).toHaveLength(4);
    expect(names.slice(-2)).toEqual(["seal", "seal"]);
    rig.checkReceipts();
    uploader.stop.abort();
    await uploader.ended;
  });

  it("[UP2] says safe when every epoch has a receipt, and not before", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 5 } }, await rig.seated());
    const uploader = rig.start();
    await rig.time.until(() => uploader.state().safe);
    expect(rig.repo.left()).toEqual([]);
    expect(uploader.told.filter((state) => state.safe).every((state) => state.epochsLeft === 0)).toBe(true);
    await rig.time.until(() => uploader.state().phase === "idle");
    expect(uploader.state()).toMatchObject({ epochsLeft: 0, bytesLeft: 0, tracksLeft: 0, problems: [], takes: [] });
  });

  it("[UP2] is not safe while the manifest counts a row that it cannot read", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 1 } }, await rig.seated());
    const totals = rig.repo.pendingTotals.bind(rig.repo);
    rig.repo.pendingTotals = async () => ({ epochs: (await totals()).epochs + 1, bytes: 1 });
    const uploader = rig.start();
    await rig.time.until(() => uploader.state().phase === "idle");
    expect(uploader.state()).toMatchObject({ safe: false, epochsLeft: 1 });
  });

  it("[UP2] is not safe from the moment when another epoch is sealed", async () => {
    const rig = new UploadRig();
    const seat = await rig.seated();
    const take = await rig.recorded("take", { tracks: {}, state: "recording" }, seat);
    const track = await rig.track(take, "microphone", "recording");
    await rig.sealed(track, 0);
    const uploader = rig.start();
    await rig.time.until(() => uploader.state().safe);
    await rig.sealed(track, 1);
    uploader.engine.kick("commit");
    expect(uploader.engine.state.safe).toBe(false);
    await rig.time.until(() => uploader.state().safe);
    expect(rig.server.track(track.track)?.epochs.size).toBe(2);
  });

  it("[UP2] is not safe by its own count when the manifest has got another epoch without a word", async () => {
    const rig = new UploadRig();
    const take = await rig.recorded("take", { tracks: {}, state: "recording" }, await rig.seated());
    const track = await rig.track(take, "microphone", "recording");
    await rig.sealed(track, 0);
    const takes = rig.repo.takes.bind(rig.repo);
    rig.repo.takes = async () => {
      await rig.time.delay(50);
      return takes();
    };
    const { engine } = rig.start();
    await rig.time.until(() => rig.server.count("putEpoch") === 1);
    await rig.sealed(track, 1);
    await rig.time.until(() => {
      expect(engine.state.safe && rig.repo.left().length > 0).toBe(false);
      return engine.state.safe;
    });
  });

  it(`[UP4] has at most ${LANES} requests under way`, async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 20, camera: 20 } }, await rig.seated());
    rig.start();
    await rig.time.until(() => rig.allSealed());
    expect(rig.server.mostUnderWay).toBe(LANES);
    expect(rig.server.count("putEpoch")).toBe(40);
  });

  it("[UP18] does not seal while the take records, even a track that is closed", async () => {
    const rig = new UploadRig();
    const take = await rig.recorded("take", { tracks: {}, state: "recording" }, await rig.seated());
    const screen = await rig.track(take, "screen", "closed");
    await rig.sealed(screen, 0);
    const uploader = rig.start();
    await rig.time.until(() => uploader.state().phase === "idle" && uploader.state().safe);
    expect(rig.server.count("seal")).toBe(0);
    await rig.repo.putTake({ ...take, state: "stopped" });
    uploader.engine.kick("manifest");
    await rig.time.until(() => rig.allSealed());
  });

  it("[UP18] declares every track of the take before it seals any", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 1, camera: 30, screen: 0 } }, await rig.seated());
    rig.start();
    await rig.time.until(() => rig.allSealed());
    const names = rig.server.calls.map((call) => call.name);
    expect(names.lastIndexOf("declareTrack")).toBeLessThan(names.indexOf("seal"));
    expect(rig.server.track(trackOf("take", "screen"))?.seal).toMatchObject({ epochs: 0, chain: null });
  });

  it("[UP18] seals with the number of epochs, the last hash, the end and the gaps", async () => {
    const rig = new UploadRig();
    const take = await rig.recorded("take", { tracks: { microphone: 3 } }, await rig.seated());
    const [row] = (await rig.repo.tracks(take.take)) as [TrackRow];
    const gaps = [{ fromUs: 10, toUs: 30_010, reason: "muted" as const }];
    await rig.repo.putTrack({ ...row, state: "cut-short", endUs: 5_900_000, gaps });
    rig.start();
    await rig.time.until(() => rig.allSealed());
    const chain = (await rig.repo.epochs(row.track)).at(-1)?.sha256;
    expect(rig.server.track(row.track)?.seal).toEqual({ epochs: 3, chain, end: "cut-short", endUs: 5_900_000, gaps });
  });

  it("[UP18] never seals over a hole in the middle of the manifest, and says so", async () => {
    const rig = new UploadRig();
    await rig.recorded("take", { tracks: { microphone: 4 } }, await rig.seated());
    const track = trackOf("take", "microphone");
    rig.repo.epochRows.delete(`${track}/2`);
    const uploader = rig.start();
    await rig.time.until(() => uploader.state().problems.length > 0);
    expect(uploader.state().problems).toMatchObject([{ reason: "hole", track, seq: null }]);
    expect(rig.server.count("seal")).toBe(0);
    expect(rig.server.track(track)?.epochs.size).toBe(3);
  });

  it("[UP25] sends the epochs of a take that records as they are sealed", async () => {
    const rig = new UploadRig();
    const take = await rig.recorded("take", { tracks: {}, state: "recording" }, await rig.seated());
    const uploader = rig.start();
    const track = await rig.track(take, "microphone", "recording");
    for (let seq = 0; seq < 5; seq++) {
      await rig.sealed(track, seq);
      uploader.engine.kick("commit");
      await rig.time.pass(2000);
      expect(rig.server.track(track.track)?.epochs.size).toBe(seq + 1);
    }
  });

  it("[UP24] forgets a take that the person deletes, without a problem", async () => {
    const rig = new UploadRig();
    const take = await rig.recorded("take", { tracks: { microphone: 10 } }, await rig.seated());
    rig.server.faultFor = () => ({ kind: "slow", ms: 500 });
    const uploader = rig.start();
    await rig.time.until(() => rig.server.count("putEpoch") === 4);
    await rig.repo.deleteTake(take.take);
    rig.store.files.clear();
    uploader.engine.kick("manifest");
    await rig.time.until(() => uploader.state().phase === "idle");
    expect(uploader.state()).toMatchObject({ epochsLeft: 0, problems: [], safe: true });
  });
});
