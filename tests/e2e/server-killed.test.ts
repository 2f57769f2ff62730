import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Delivery } from "./rig/delivery.ts";
import { expectIdentical, expectSound, expectWhole } from "./rig/expectations.ts";
import { isEpochPut, isHaveList, openGate, type Passage } from "./rig/gate.ts";
import type { JournalTrack } from "./rig/journal.ts";
import { startServer } from "./rig/server.ts";
import { openSession, type Session } from "./rig/session.ts";
import { record, stop, until, untilEpochs, untilStopped, UPLOAD_PATIENCE_MS } from "./rig/studio-page.ts";

const STORED_BEFORE = 4;
const EPOCHS = 5;

const isPut = (passage: Passage) => isEpochPut(passage.method, passage.path);
const isStored = (passage: Passage) => isPut(passage) && (passage.status === 201 || passage.status === 200);
const trackOf = (passage: Passage) => passage.path.replace(/\/epochs(\/\d+)?$/, "");

describe("[E2E5] the server is killed during upload and started again", () => {
  const cleanUp = new AsyncDisposableStack();
  let session: Session;
  let tracks: JournalTrack[];
  let delivery: Delivery;
  let before: readonly Passage[];
  let after: readonly Passage[];

  beforeAll(async () => {
    const server = cleanUp.use(await startServer());
    const gate = cleanUp.use(await openGate(server.url));
    session = cleanUp.use(await openSession("Inês Carvalho", { server, url: gate.url }));
    const { host } = session;
    await record(host);
    await gate.until((passages) => passages.filter(isStored).length >= STORED_BEFORE);
    const letGo = gate.hold(isEpochPut);
    await untilEpochs(host, 2, EPOCHS);
    await stop(host);
    await untilStopped(host);
    tracks = await session.journal(host);
    // Beside a call the next upload may start only now.
    await until("an upload waits at the gate", async () => gate.waiting() > 0);
    // The kill falls into uploads that have been sent on: nobody knows which of them were stored.
    letGo();
    await server.kill();
    before = gate.passages.map((passage) => ({ ...passage }));
    await host.close();

    const restarted = gate.passages.length;
    await server.start();
    const again = await host.context().newPage();
    await again.goto("/");
    const epochs = tracks.reduce((sum, track) => sum + track.epochs.length, 0);
    const stored = () => new Set(gate.passages.filter(isStored).map((passage) => passage.path)).size;
    const unknown = before.filter((passage) => isPut(passage) && passage.status === undefined).length;
    await until("every epoch is stored", async () => stored() >= epochs - unknown, UPLOAD_PATIENCE_MS);
    delivery = await session.deliver();
    // What the closed page had sent may arrive at the gate now, and found no server.
    after = gate.passages.slice(restarted).filter((passage) => passage.status !== undefined);
  });
  afterAll(() => cleanUp.disposeAsync());

  it("each track's have-list is asked for before anything is sent to it", () => {
    for (const track of new Set(after.filter(isPut).map(trackOf))) {
      const asked = after.findIndex(
        (passage) => isHaveList(passage.method, passage.path) && trackOf(passage) === track,
      );
      const sent = after.findIndex((passage) => isPut(passage) && trackOf(passage) === track);
      expect(asked, track).toBeGreaterThanOrEqual(0);
      expect(asked, track).toBeLessThan(sent);
    }
  });

  it("no duplicate: what had a receipt is not sent again, and nothing is stored twice", () => {
    const receipts = new Set(before.filter(isStored).map((passage) => passage.path));
    expect(receipts.size).toBeGreaterThanOrEqual(STORED_BEFORE);
    expect(after.filter(isPut).filter((passage) => receipts.has(passage.path))).toEqual([]);
    const created = [...before, ...after].filter((passage) => isPut(passage) && passage.status === 201);
    expect(new Set(created.map((passage) => passage.path)).size).toBe(created.length);
  });

  it("no hole: every epoch is delivered, identical in packets", async () => {
    expect(tracks).toHaveLength(2);
    expectWhole(tracks);
    await expectIdentical(delivery, tracks);
    await expectSound(delivery);
  });
});
