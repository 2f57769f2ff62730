import { expect } from "vitest";
import { checkFcpxml } from "#media/timeline/check-fcpxml.ts";
import { type Delivery, sumErrors } from "./delivery.ts";
import { dtdErrors, readTimeline } from "./fcpxml.ts";
import { type JournalTrack, journalPackets } from "./journal.ts";
import { decodeErrors, readContainer, readStreams, type Stream } from "./masters.ts";

/** Matroska counts in whole ms here. */
const ROUNDED_US = 1_000;

/** Every packet that the device encoded is in its master exactly once, in order, at its capture time. */
export async function expectIdentical(delivery: Delivery, tracks: readonly JournalTrack[]): Promise<void> {
  /** A master holds the picture and the sound of one person. */
  const masters = new Map<string, Promise<Stream[]>>();
  for (const track of tracks) {
    const delivered = delivery.manifest.participants
      .flatMap((participant) => participant.tracks)
      .find((candidate) => candidate.track === track.track);
    const what = `${track.name}'s ${track.source}`;
    expect(delivered, what).toMatchObject({ source: track.source, file: expect.any(String) });
    expect(
      delivered?.epochs.map((epoch) => [epoch.seq, epoch.sha256]),
      `${what}: epochs`,
    ).toEqual(track.epochs.map((epoch) => [epoch.metadata.seq, epoch.sha256]));
    const kind = track.source === "camera" || track.source === "screen" ? "video" : "audio";
    const file = delivery.file(delivered?.file ?? "");
    const streams = masters.get(file) ?? readStreams(file);
    masters.set(file, streams);
    const stream = (await streams).find((each) => each.kind === kind);
    const encoded = await journalPackets(track);
    expect(
      stream?.packets.map((packet) => packet.sha256),
      `${what}: packets`,
    ).toEqual(encoded.map((packet) => packet.sha256));
    const shifts = encoded.map((packet, i) => packet.localUs - (stream?.packets[i]?.ptsUs ?? Number.NaN));
    expect(Math.max(...shifts) - Math.min(...shifts), `${what}: times`).toBeLessThanOrEqual(ROUNDED_US);
  }
}

/** Checksums, the DTD, what else breaks an import, whole frames on the timeline, and ffmpeg without a complaint. */
export async function expectSound(delivery: Delivery): Promise<void> {
  expect(await sumErrors(delivery)).toEqual([]);
  expect((await dtdErrors(delivery.file("timeline.fcpxml"))) ?? "").toBe("");
  const { rate, clips } = readTimeline(delivery.timeline);
  for (const clip of clips) {
    expect(delivery.names, "a file that the timeline names").toContain(clip.file);
    for (const time of [clip.offset, clip.duration, clip.start]) {
      expect(Math.abs(time * rate - Math.round(time * rate)), `${clip.angle}: ${time} s in whole frames`).toBeLessThan(
        1e-6,
      );
    }
  }
  const masters = delivery.names.filter((name) => name.endsWith(".mkv"));
  const lengths = masters.map(async (name) => {
    const { duration } = await readContainer(delivery.file(name));
    // An MKV carries no timecode: its first frame is at 0.
    return { name, durationUs: Math.round(duration * 1e6), startUs: 0 };
  });
  expect(checkFcpxml(delivery.timeline, await Promise.all(lengths))).toEqual([]);
  for (const name of masters) expect(await decodeErrors(delivery.file(name)), name).toBe("");
}

/** Epochs of a track are numbered from 0 without a hole. */
export function expectWhole(tracks: readonly JournalTrack[]): void {
  for (const track of tracks) {
    expect(track.epochs.map((epoch) => epoch.metadata.seq)).toEqual(track.epochs.map((_, i) => i));
  }
}
