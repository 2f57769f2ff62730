import { openAsBlob } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { afterAll, describe, expect, it } from "vitest";
import { StorageError } from "#core/ports/storage-error.ts";
import { readEpochMetadata } from "#media/epoch-reader.ts";
import { epochRow, type EpochRow, takeRow, trackRow } from "#protocol/take-manifest.ts";
import { createExportService, type ExportPorts } from "#workers/export/export-service.ts";
import { folderSink } from "../../../container/files/folder-sink.ts";
import { hashBytes } from "../../../container/files/hash.ts";
import { makeClip, temporaryFolder, removeFolders } from "./clips.ts";
import { probePackets, sha256Hex } from "./probe.ts";
import { makePage, record, type Tape, TAKE } from "./tapes.ts";

afterAll(removeFolders);

interface Device {
  readonly ports: ExportPorts;
  readonly folder: string;
  readonly removed: string[];
}

/** A device whose manifest and journal hold these tapes; epochs in `lost` have a row and no bytes. */
async function deviceWith(tapes: readonly Tape[], lost: readonly number[] = [], write?: () => void): Promise<Device> {
  const folder = temporaryFolder();
  const removed: string[] = [];
  const rows = new Map<string, EpochRow[]>();
  const bytes = new Map<string, Uint8Array<ArrayBuffer>>();
  const tracks = tapes.map((tape) => {
    const metadata = tape.epochs.map((epoch) => readEpochMetadata(epoch.bytes));
    const track = metadata[0]?.track ?? "";
    rows.set(
      track,
      tape.epochs.map((epoch, index) => {
        bytes.set(`${track}/${epoch.seq}`, epoch.bytes);
        return v.parse(epochRow, {
          ...metadata[index],
          bytes: epoch.bytes.length,
          sha256: epoch.sha256,
          receiptMs: null,
        });
      }),
    );
    return v.parse(trackRow, {
      track,
      take: TAKE,
      source: tape.options.source,
      label: "",
      trackZeroUs: metadata[0]?.trackZeroUs,
      state: "closed",
      epochs: tape.epochs.length,
      gaps: [],
      endUs: (metadata.at(-1)?.endUs ?? 0) - (metadata[0]?.trackZeroUs ?? 0),
      sealed: false,
    });
  });
  const take = v.parse(takeRow, {
    take: TAKE,
    room: null,
    participant: null,
    participantName: "Zoë",
    title: "",
    startedMs: 1_763_000_000_000,
    consentMs: 1_763_000_000_000,
    zeroRoomUs: null,
    timeOriginMs: 1_763_000_000_000,
    state: "stopped",
    stoppedMs: 1_763_000_010_000,
  });
  const ports: ExportPorts = {
    repo: {
      take: async (id) => (id === TAKE ? take : undefined),
      tracks: async () => tracks,
      epochs: async (track) => rows.get(track) ?? [],
    },
    store: {
      read: async (ref) => {
        const found = bytes.get(`${ref.track}/${ref.seq}`);
        if (!found || lost.includes(ref.seq)) throw StorageError.missing("epoch");
        return new Blob([found]);
      },
    },
    hash: hashBytes,
    openSink: async () => {
      const inner = folderSink(folder);
      return {
        create: async (name) => {
          const file = await inner.create(name);
          return {
            write: async (chunks, position) => {
              write?.();
              await file.write(chunks, position);
            },
            close: () => file.close(),
            abort: () => file.abort(),
          };
        },
        fileOf: (name) => openAsBlob(join(folder, name)),
        removeAll: async () => {
          removed.push("all");
        },
      };
    },
    discard: async () => undefined,
  };
  return { ports, folder, removed };
}

const alone = makePage({ takeZeroRoomUs: null });

async function tapes(seconds = 6): Promise<Tape[]> {
  const base = { page: alone, name: "Zoë", seconds, fromUs: 0 };
  return [
    await record({ ...base, clip: await makeClip("vp9", { seconds: 2 }), source: "camera" }),
    await record({ ...base, clip: await makeClip("opus", { seconds: 2 }), source: "microphone" }),
  ];
}

describe("export in the browser", () => {
  it("[DM22] makes the masters alone, packet for packet, and tells how far it is", async () => {
    const recorded = await tapes();
    const { ports, folder } = await deviceWith(recorded);
    const seen: number[] = [];
    const done = await createExportService(ports).exportTake({ take: TAKE, target: { kind: "origin" } }, (progress) =>
      seen.push(progress.fraction),
    );
    if (!done.ok) throw new Error(done.failure.message);
    expect(done.value.files.map((file) => file.name)).toEqual(["Zoe.mkv"]);
    expect(done.value.unusable).toBe(0);
    const blob = done.value.files[0]?.file;
    expect(blob instanceof Blob && blob.size).toBe(done.value.files[0]?.bytes);
    const packets = probePackets(join(folder, "Zoe.mkv"));
    for (const [stream, tape] of recorded.entries()) {
      const expected = tape.epochs.flatMap((epoch) => epoch.packets.map((packet) => sha256Hex(packet.data)));
      expect(packets.filter((packet) => packet.stream === stream).map((packet) => packet.sha256)).toEqual(expected);
    }
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  it("[DM22] an epoch whose bytes are gone is counted, and the rest is exported", async () => {
    const { ports } = await deviceWith(await tapes(), [1]);
    const done = await createExportService(ports).exportTake(
      { take: TAKE, target: { kind: "origin" } },
      () => undefined,
    );
    expect(done).toMatchObject({ ok: true, value: { unusable: 2 } });
  });

  it("[DM22] a full disk, a stop and an unknown take are told apart, and nothing is left", async () => {
    const request = { take: TAKE, target: { kind: "origin" } } as const;
    const full = await deviceWith(await tapes(), [], () => {
      throw new DOMException("no space is left", "QuotaExceededError");
    });
    expect(await createExportService(full.ports).exportTake(request, () => undefined)).toMatchObject({
      ok: false,
      failure: { reason: "storage-full" },
    });
    expect(full.removed).toEqual(["all"]);

    const stopped = await deviceWith(await tapes(20));
    const service = createExportService(stopped.ports);
    const outcome = await service.exportTake(request, ({ fraction }) => fraction > 0.3 && service.cancel(TAKE));
    expect(outcome).toMatchObject({ ok: false, failure: { reason: "cancelled" } });
    expect(stopped.removed).toEqual(["all"]);

    const gone = await deviceWith([]);
    const none = { ...gone.ports, repo: { ...gone.ports.repo, take: async () => undefined } };
    expect(await createExportService(none).exportTake(request, () => undefined)).toMatchObject({
      ok: false,
      failure: { reason: "no-such-take" },
    });
  });

  it("[DM17] a take without a usable epoch says so", async () => {
    const { ports } = await deviceWith(await tapes(2), [0]);
    const outcome = await createExportService(ports).exportTake(
      { take: TAKE, target: { kind: "origin" } },
      () => undefined,
    );
    expect(outcome).toMatchObject({ ok: false, failure: { reason: "no-media" } });
  });
});
