import { createExportsController } from "#controllers/exports-controller.ts";
import { RoomApiError } from "#core/ports/room-api.ts";
import type { JobId } from "#protocol/ids.ts";
import { describe, expect, it } from "vitest";
import { exportsPage, HOST, LINK, looks, openAsHost } from "./rig/exports-page.ts";
import { settle } from "./rig/hand-clock.ts";
import { ROOM, seatOf, takeIdOf } from "./rig/rows.ts";
import { FILES, jobOf, listOf, MAREK, summary, summaryTrack } from "./rig/summaries.ts";

describe("Exports, by which right", () => {
  it("a host's seat renews its token, gets the cookie, and sees takes and links", async () => {
    const page = exportsPage();
    page.server.list = listOf(summary("one"));
    const model = await openAsHost(page);
    expect(page.server.asked).toEqual(["renew", "access token", "links", "takes token"]);
    expect(model.view.get()).toMatchObject({ loading: false, mode: "host", title: "Ferries" });
    expect(page.repo.oneSeat()?.token).toBe("token");
    model.close?.();
  });

  it("an editor's key leaves the address at once and opens the files and nothing else", async () => {
    const page = exportsPage();
    page.repo.laySeat(seatOf());
    page.server.list = listOf(summary("one"));
    const model = page.open("#editor=the.key");
    expect(page.hashes).toEqual(["cleared"]);
    expect(model.view.get().mode).toBe("editor");
    await settle();
    expect(page.server.asked).toEqual(["access the.key", "takes cookie"]);
    expect(model.view.get()).toMatchObject({ loading: false, mode: "editor", editorLinks: [] });
    model.close?.();
  });

  it("a reload in the same tab has the cookie left, and stays the editor's page", async () => {
    const page = exportsPage();
    page.repo.laySeat(seatOf());
    page.open("#editor=the.key").close?.();
    await settle();
    page.server.asked.length = 0;
    const again = page.open();
    await settle();
    expect(page.server.asked).toEqual(["takes cookie"]);
    expect(again.view.get().mode).toBe("editor");
    again.close?.();
  });

  it("a link that was revoked says so, and so does its cookie", async () => {
    const refuse = () => Promise.reject(new RoomApiError("unauthorized", "revoked"));
    const page = exportsPage({ exportsAccess: refuse, takes: refuse });
    const model = page.open("#editor=old");
    await settle();
    expect(model.view.get()).toMatchObject({ loading: false, refused: "link-expired" });
    const again = page.open();
    await settle();
    expect(again.view.get().refused).toBe("link-expired");
    expect(page.clock.waits).toEqual([]);
  });

  it("a link that is revoked while the page is open ends it", async () => {
    let revoked = false;
    const page = exportsPage({
      takes: () =>
        revoked ? Promise.reject(new RoomApiError("unauthorized", "revoked")) : Promise.resolve(listOf(summary("one"))),
    });
    const model = page.open("#editor=the.key");
    await settle();
    expect(model.view.get().takes).toHaveLength(1);
    revoked = true;
    await page.clock.pass(40_000);
    expect(model.view.get()).toMatchObject({ refused: "link-expired", takes: [] });
  });

  it("a stranger sees nothing; a room that is gone is not found", async () => {
    const stranger = exportsPage({ takes: () => Promise.reject(new RoomApiError("unauthorized", "no token")) });
    const model = stranger.open();
    await settle();
    expect(model.view.get().refused).toBe("not-allowed");
    const gone = exportsPage({ exportsAccess: () => Promise.reject(new RoomApiError("not-found", "nothing here")) });
    const page = await openAsHost(gone);
    expect(page.view.get().refused).toBe("room-not-found");
    const nonsense = createExportsController({ room: "../x", hash: "" }, gone);
    expect(nonsense.view.get()).toMatchObject({ loading: false, refused: "room-not-found" });
  });

  it("a guest sees how far the takes are, without files", async () => {
    const page = exportsPage();
    page.repo.laySeat(seatOf({ role: "guest", hostSecret: null }));
    page.server.list = listOf(summary("one", { job: jobOf({ state: "done" }), exports: FILES }));
    const model = page.open();
    await settle();
    expect(page.server.asked).toEqual(["renew", "takes token"]);
    expect(model.view.get()).toMatchObject({ mode: "guest", takes: [{ files: [], state: { kind: "ready" } }] });
    expect(model.view.get().takes[0]?.downloadAllHref).toBeUndefined();
    model.close?.();
  });

  it("a host who has not joined is not made to: there is nothing to show yet", async () => {
    const page = exportsPage({ lobby: async () => ({ room: ROOM, title: "Ferries", full: false }) });
    page.repo.laySeat(seatOf({ participant: null, refreshSecret: null }));
    const model = page.open();
    await settle();
    expect(page.server.asked).toEqual([]);
    expect(model.view.get()).toMatchObject({ loading: false, title: "Ferries", takes: [] });
    expect(model.view.get().refused).toBeUndefined();
    model.close?.();
  });

  it("a token that the server refuses is renewed once", async () => {
    let first = true;
    const page = exportsPage({
      exportsAccess: (_room, key) => {
        if (!first || key !== "stale") return Promise.resolve(HOST);
        first = false;
        return Promise.reject(new RoomApiError("unauthorized", "expired"));
      },
    });
    page.repo.laySeat(seatOf({ token: "stale", tokenExpiresMs: page.clock.wall + 800_000 }));
    const model = page.open();
    await settle();
    expect(page.server.asked.filter((what) => what === "renew")).toHaveLength(1);
    expect(model.view.get().mode).toBe("host");
    model.close?.();
  });

  it("a server that is away at first is asked again", async () => {
    let away = true;
    const page = exportsPage({
      exportsAccess: () => (away ? Promise.reject(RoomApiError.unreachable(new TypeError())) : Promise.resolve(HOST)),
    });
    const model = await openAsHost(page);
    expect(model.view.get()).toMatchObject({ loading: false, problem: { title: "The server does not answer" } });
    away = false;
    await page.clock.pass(5_000);
    expect(model.view.get().mode).toBe("host");
    expect(model.view.get().problem).toBeUndefined();
    model.close?.();
  });
});

describe("Exports, what is shown", () => {
  it("a take that arrives: who still has to send, how much, and how long", async () => {
    const page = exportsPage();
    const arriving = (epochs: number) =>
      summary("one", {
        complete: false,
        tracks: [summaryTrack(MAREK, "camera", { epochs }), summaryTrack(MAREK, "microphone")],
      });
    page.server.list = listOf(arriving(10));
    const model = await openAsHost(page);
    page.server.list = listOf(arriving(16));
    await page.clock.pass(3_000);
    const [take] = model.view.get().takes;
    expect(take?.state).toMatchObject({
      kind: "arriving",
      recording: false,
      missing: [
        { name: "Inês Carvalho", reachable: true },
        { name: "Marek Dvořák", epochsMissing: 14, reachable: false },
      ],
    });
    const marek = take?.state.kind === "arriving" ? take.state.missing[1] : undefined;
    expect(marek?.etaMs).toBe(7_000);
    expect(take).toMatchObject({ number: 1, lengthMs: 61_000, people: 1 });
    model.close?.();
  });

  it("a job: its steps, its failure with the next try, and its end with files, lanes and proof", async () => {
    const page = exportsPage();
    const model = await openAsHost(page);
    const seen = async (change: Parameters<typeof summary>[1]) => {
      page.server.list = listOf(summary("one", change));
      await page.clock.pass(40_000);
      return model.view.get().takes[0];
    };
    expect((await seen({ job: jobOf({ state: "waiting" }) }))?.state).toEqual({ kind: "queued" });
    const making = await seen({ job: jobOf({ stage: "stitching", fraction: 0.5 }) });
    expect(making?.state.kind === "making" && making.state.steps.map((step) => step.state)).toEqual([
      "done",
      "done",
      "now",
      "later",
      "later",
    ]);
    const failure = { reason: "backend-unreachable", message: "The backend did not answer" };
    expect((await seen({ job: jobOf({ state: "waiting", failure, nextTryInMs: 7_200 }) }))?.state).toEqual({
      kind: "failed",
      why: "The backend did not answer.",
      canDeliverWithout: false,
      retryInS: 8,
    });
    const ready = await seen({ job: jobOf({ state: "done", fraction: 1 }), exports: FILES });
    expect(ready).toMatchObject({
      state: { kind: "ready" },
      lengthMs: 60_000,
      people: 2,
      downloadAllHref: `/api/rooms/${ROOM}/takes/${takeIdOf("one")}/exports.zip`,
      verified: true,
      incomplete: false,
      syncWithinMs: 0.9,
      gaps: [{ who: "Marek Dvořák", what: "microphone", atMs: 31_000, lengthMs: 3_100 }],
      expiresAtMs: 1_800_104_800_000,
    });
    expect(ready?.files.map((file) => [file.name, file.kind, file.what])).toEqual([
      ["Ines_S1.mkv", "video", "Camera and microphone, 1080p30"],
      ["Marek_S1.mkv", "video", "Camera and microphone, 1080p30, from 0:12, 1 gap"],
      ["Ines_SCREEN_S1.mkv", "screen", "Screen, 1080p30, 0:15 to 0:42"],
      ["timeline.fcpxml", "timeline", undefined],
      ["manifest.json", "manifest", undefined],
      ["SHA256SUMS", "checksums", undefined],
    ]);
    expect(ready?.files[0]?.href).toBe(`/api/rooms/${ROOM}/takes/${takeIdOf("one")}/exports/Ines_S1.mkv`);
    expect(ready?.lanes?.lanes.map((lane) => [lane.name, lane.fromMs, lane.toMs])).toEqual([
      ["Inês Carvalho", 0, 60_000],
      ["Screen of Inês", 15_000, 42_000],
      ["Marek Dvořák", 12_000, 60_000],
    ]);
    expect(page.server.asked.filter((what) => what.startsWith("manifest"))).toHaveLength(1);
    model.close?.();
  });

  it("files are shown when their manifest cannot be read", async () => {
    const page = exportsPage({ deliveryManifest: () => Promise.reject(RoomApiError.badReply("manifest")) });
    page.server.list = listOf(summary("one", { job: jobOf({ state: "done" }), exports: FILES }));
    const model = await openAsHost(page);
    expect(model.view.get().takes[0]).toMatchObject({ verified: false, files: { length: 6 } });
    expect(page.reported).toHaveLength(1);
    await page.clock.pass(60_000);
    expect(page.reported).toHaveLength(1);
    model.close?.();
  });
});

describe("Exports, when the server is asked", () => {
  it("soon while a job runs, seldom when nothing has changed for long, and not while hidden", async () => {
    const page = exportsPage();
    let fraction = 0;
    const model = await openAsHost(page);
    for (let at = 0; at < 10; at += 1) {
      fraction += 0.05;
      page.server.list = listOf(summary("one", { job: jobOf({ fraction }) }));
      page.visible.set(false);
      page.visible.set(true);
      await settle();
      await page.clock.pass(1_500);
    }
    const before = looks(page);
    page.server.list = listOf(summary("one", { job: jobOf({ state: "done", fraction: 1 }), exports: FILES }));
    await page.clock.pass(120_000);
    expect(looks(page) - before).toBeLessThanOrEqual(6);
    page.visible.set(false);
    const hidden = looks(page);
    await page.clock.pass(300_000);
    expect(looks(page)).toBe(hidden);
    page.visible.set(true);
    await settle();
    expect(looks(page)).toBe(hidden + 1);
    model.close?.();
    await settle();
    expect(page.clock.waits).toEqual([]);
  });
});

describe("Exports, what the host does", () => {
  it("makes an editor link that works with nothing but itself, and copies it", async () => {
    const page = exportsPage({ createEditorLink: async () => LINK });
    const model = await openAsHost(page);
    const link = `https://studio.example/r/${ROOM}/exports#editor=the.key`;
    expect(await model.copyEditorLink()).toEqual({ link, copied: true });
    expect(page.copied).toEqual([link]);
    expect(model.view.get().editorLinks).toEqual([
      { id: LINK.link, madeAtMs: LINK.createdMs, expiresAtMs: LINK.expiresMs },
    ]);
    model.close?.();
  });

  it("gives the link to the page when the browser does not let it copy", async () => {
    const page = exportsPage({ createEditorLink: async () => LINK });
    page.copyText = () => Promise.reject(new DOMException("no", "NotAllowedError"));
    const model = await openAsHost(page);
    expect((await model.copyEditorLink()).copied).toBe(false);
    model.close?.();
  });

  it("takes a link back", async () => {
    const revoked: string[] = [];
    const page = exportsPage({
      editorLinks: async () => [LINK],
      revokeEditorLink: async (_room, link) => void revoked.push(link),
    });
    const model = await openAsHost(page);
    model.revokeEditorLink(LINK.link);
    await settle();
    expect(revoked).toEqual([LINK.link]);
    expect(model.view.get().editorLinks).toEqual([]);
    model.close?.();
  });

  it("delivers what is there, tries again as before, and looks at once what became of it", async () => {
    const started: string[] = [];
    const page = exportsPage({
      startDemux: async (_room, take, deliver, token) => {
        started.push(`${take} ${deliver} ${token}`);
        return "jobjobjobjobjobjobjo01" as JobId;
      },
    });
    page.server.list = listOf(
      summary("one", { complete: false }),
      summary("two", {
        job: jobOf({ state: "failed", failure: { reason: "source-unreadable", message: "Epoch 4 is broken." } }),
      }),
    );
    const model = await openAsHost(page);
    expect(model.view.get().takes.find((take) => take.id === takeIdOf("two"))?.state).toMatchObject({
      kind: "failed",
      canDeliverWithout: true,
    });
    const before = looks(page);
    model.deliverWhatIsThere(takeIdOf("one"));
    model.tryAgain(takeIdOf("two"));
    await settle();
    expect(started).toEqual([`${takeIdOf("one")} what-is-there token`, `${takeIdOf("two")} complete token`]);
    expect(looks(page)).toBeGreaterThan(before);
    model.close?.();
  });

  it("says what was not done, in words, and keeps what is shown", async () => {
    const page = exportsPage({
      deleteTake: () => Promise.reject(new RoomApiError("refused", "Only the host may do this.")),
    });
    page.server.list = listOf(summary("one"));
    const model = await openAsHost(page);
    model.deleteTake(takeIdOf("one"));
    expect(model.view.get().takes).toEqual([]);
    await settle();
    expect(model.view.get()).toMatchObject({
      takes: { length: 1 },
      problem: { reason: "other", title: "The take was not deleted", text: "Only the host may do this." },
    });
    model.close?.();
  });

  it.each([
    ["a take that was deleted does not come back", () => Promise.resolve()],
    ["a take that another page has deleted is deleted", () => Promise.reject(new RoomApiError("deleted", "gone"))],
  ])("%s", async (_rule, deleteTake) => {
    const page = exportsPage({ deleteTake });
    page.server.list = listOf(summary("one"));
    const model = await openAsHost(page);
    page.server.list = listOf();
    model.deleteTake(takeIdOf("one"));
    await settle();
    expect(model.view.get().takes).toEqual([]);
    expect(model.view.get().problem).toBeUndefined();
    model.close?.();
  });
});
