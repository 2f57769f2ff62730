import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import * as v from "valibot";
import { EPOCH_UUID, type EpochMetadata, epochMetadata } from "#protocol/epoch-format.ts";
import type { Source } from "#protocol/ids.ts";
import { type Packet, readStreams } from "./masters.ts";

/** One epoch as it lies in the browser's private file system. */
export interface JournalEpoch {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly metadata: EpochMetadata;
}

/** A track as the device holds it: what was encoded, before anything has been sent. */
export interface JournalTrack {
  readonly source: Source;
  readonly take: string;
  readonly track: string;
  readonly name: string;
  readonly epochs: readonly JournalEpoch[];
}

interface Listed {
  readonly path: string;
  readonly bytes: number;
}

/** Every epoch's path below `/journal`, with its size, in order. */
export function listJournal(page: Page): Promise<Listed[]> {
  return page.evaluate(async () => {
    const found: { path: string; bytes: number }[] = [];
    const walk = async (folder: FileSystemDirectoryHandle, at: string): Promise<void> => {
      for await (const [name, entry] of folder.entries()) {
        if (entry.kind === "directory") await walk(entry as FileSystemDirectoryHandle, `${at}/${name}`);
        else if (name.endsWith(".mp4")) {
          found.push({ path: `${at}/${name}`, bytes: (await (entry as FileSystemFileHandle).getFile()).size });
        }
      }
    };
    await walk(await navigator.storage.getDirectory(), "");
    return found.sort((a, b) => (a.path < b.path ? -1 : 1));
  });
}

/** Copies the journal of this page's origin into `folder` and reads what each epoch says of itself. */
export async function copyJournal(page: Page, folder: string): Promise<JournalTrack[]> {
  const tracks = new Map<string, { epochs: JournalEpoch[] }>();
  for (const listed of await listJournal(page)) {
    const bytes = Buffer.from(await page.evaluate(readBase64, listed.path), "base64");
    const file = path.join(folder, listed.path);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    const metadata = readMetadata(bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const key = `${metadata.take}/${metadata.track}`;
    const track = tracks.get(key) ?? { epochs: [] };
    track.epochs.push({ file, sha256, bytes: bytes.length, metadata });
    tracks.set(key, track);
  }
  return [...tracks.values()].map(({ epochs }) => {
    epochs.sort((a, b) => a.metadata.seq - b.metadata.seq);
    const first = epochs[0]?.metadata;
    if (!first) throw new Error("a track without epochs");
    const { source, take, track, participantName: name } = first;
    return { source, take, track, name, epochs };
  });
}

async function readBase64(file: string): Promise<string> {
  const names = file.split("/").filter((name) => name !== "");
  const last = names.pop() ?? "";
  let folder = await navigator.storage.getDirectory();
  for (const name of names) folder = await folder.getDirectoryHandle(name);
  const blob = await (await folder.getFileHandle(last)).getFile();
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onerror = () => reject(reader.error);
    reader.onload = () => {
      if (typeof reader.result === "string") resolve(reader.result.replace(/^data:[^,]*,/, ""));
    };
    reader.readAsDataURL(blob);
  });
}

/** Bytes of a box's size and type. */
const BOX_HEADER = 8;
const UUID_BYTES = 16;

/** What an epoch says of itself, found by walking its top-level boxes. */
function readMetadata(bytes: Buffer): EpochMetadata {
  for (let at = 0; at + BOX_HEADER <= bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    const body = at + BOX_HEADER;
    const isOurs =
      bytes.toString("latin1", at + 4, body) === "uuid" &&
      bytes.toString("hex", body, body + UUID_BYTES) === EPOCH_UUID;
    if (isOurs) return v.parse(epochMetadata, JSON.parse(bytes.toString("utf8", body + UUID_BYTES, at + size)));
    if (size < BOX_HEADER) break;
    at += size;
  }
  throw new Error("an epoch without metadata");
}

/** Times are on the device's own clock, µs. */
export interface JournalPacket extends Packet {
  readonly localUs: number;
}

/** Starting ffprobe takes longer than its work on one epoch. */
const AT_ONCE = 4;

/** Every encoded packet of a track, in order, read with ffprobe from each epoch by itself. */
export async function journalPackets(track: JournalTrack): Promise<JournalPacket[]> {
  const packets: JournalPacket[] = [];
  for (let at = 0; at < track.epochs.length; at += AT_ONCE) {
    const epochs = await Promise.all(track.epochs.slice(at, at + AT_ONCE).map(epochPackets));
    packets.push(...epochs.flat());
  }
  return packets;
}

async function epochPackets({ file, metadata }: JournalEpoch): Promise<JournalPacket[]> {
  const [stream, ...more] = await readStreams(file);
  if (!stream || more.length > 0) throw new Error(`${file} has not one stream`);
  return stream.packets.map((packet) => ({ ...packet, localUs: packet.ptsUs + metadata.trackZeroUs }));
}
