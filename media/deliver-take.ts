import * as v from "valibot";
import { DELIVERY_MANIFEST, type DeliveryManifest, deliveryManifest } from "#protocol/delivery-manifest.ts";
import type { ExportFile } from "#protocol/demux-job.ts";
import { type ParticipantId, type Sha256, sha256 } from "#protocol/ids.ts";
import { asTake } from "#protocol/units.ts";
import { deliveredTracks } from "./delivered-tracks.ts";
import { DeliveryError } from "./delivery-error.ts";
import { DeliveryTally } from "./delivery-tally.ts";
import { makeTimeline, takeEnd } from "./delivery-timeline.ts";
import type { HashBytes } from "./epoch-reader.ts";
import type { MasterTarget } from "./matroska/matroska-writer.ts";
import { frameUs, planTake, type SegmentPlan, type TakePlan } from "./stitch/plan.ts";
import type { TakeSources } from "./stitch/sources.ts";
import { surveyTake } from "./stitch/survey.ts";
import { writeMaster, type WrittenMaster } from "./stitch/write-master.ts";
import { writeFcpxml } from "./timeline/fcpxml.ts";

/** A file that is being written. Exactly one of `close` and `abort` ends it. */
export interface SinkFile extends MasterTarget {
  /** The SHA-256 of the file, if the sink makes one. */
  close(): Promise<{ readonly bytes: number; readonly sha256: string | null }>;
  /** The file is to vanish. */
  abort(): Promise<void>;
}

/** Where the files go: a folder, a browser's file system. A name is created once. */
export interface DeliverySink {
  create(name: string): Promise<SinkFile>;
}

export interface DeliveryProgress {
  readonly stage: "reading" | "stitching";
  /** 0…1 of the stage. */
  readonly fraction: number;
  /** The file that is being written. */
  readonly file: string | null;
}

export interface DeliveryOptions {
  readonly hash: HashBytes;
  /** Masters alone, or with timeline, manifest and checksums (which need a sink that hashes). */
  readonly files: "masters" | "all";
  /** Epochs asked for at once while reading. */
  readonly parallel: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DeliveryProgress) => void;
}

export interface DeliveredFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: Sha256 | null;
  readonly kind: ExportFile["kind"];
  readonly participant: ParticipantId | null;
}

export interface Delivery {
  readonly files: readonly DeliveredFile[];
  readonly manifest: DeliveryManifest;
}

export const TIMELINE_FILE = "timeline.fcpxml";
export const MANIFEST_FILE = "manifest.json";
export const CHECKSUMS_FILE = "SHA256SUMS";

/**
 * From a take's epochs to files: masters, timeline, manifest, checksums (docs/spec/delivery.md). Used by the render
 * service, by the browser's export and by the command line. Memory does not grow with the take: a few epochs are
 * held at a time, plus what each says of itself.
 * @throws DeliveryError `no-media`; whatever a source or the sink throws that is not about one epoch
 */
export async function deliverTake(take: TakeSources, sink: DeliverySink, options: DeliveryOptions): Promise<Delivery> {
  const people = await surveyTake(take, {
    parallel: options.parallel,
    ...(options.signal ? { signal: options.signal } : {}),
    onEpoch: (done, total) => options.onProgress?.({ stage: "reading", fraction: done / total, file: null }),
  });
  const plan = planTake(people);
  const tally = new DeliveryTally();
  const masters = await writeMasters(take, plan, sink, tally, options);
  if (masters.files.length === 0) throw DeliveryError.noMedia("Not one piece of this take can be used.");
  const manifest = makeManifest(take, plan, masters, tally);
  if (options.files === "masters") return { files: masters.files, manifest };
  return addDocuments(take, plan, sink, masters, manifest, tally);
}

interface Masters {
  readonly files: DeliveredFile[];
  readonly written: Map<SegmentPlan, WrittenMaster>;
}

async function writeMasters(
  take: TakeSources,
  plan: TakePlan,
  sink: DeliverySink,
  tally: DeliveryTally,
  options: DeliveryOptions,
): Promise<Masters> {
  const masters: Masters = { files: [], written: new Map() };
  const all = plan.people.flatMap((person) => person.segments.map((segment) => ({ person, segment })));
  const total = all.reduce(
    (sum, { segment }) => sum + segment.parts.reduce((count, part) => count + part.epochs.length, 0),
    0,
  );
  let done = 0;
  for (const { person, segment } of all) {
    const onward = () => {
      done++;
      options.onProgress?.({ stage: "stitching", fraction: Math.min(1, done / total), file: segment.file });
    };
    const name = person.person.sources.name;
    const title = take.title.trim() === "" ? name : `${take.title} – ${name}`;
    const delivered = await writeOne(segment, sink, {
      title,
      startedMs: take.startedMs,
      hash: options.hash,
      ...(options.signal ? { signal: options.signal } : {}),
      onEpoch: (part, taken) => {
        tally.onEpoch(part, taken);
        onward();
      },
      onFault: (part, fault) => {
        tally.onFault(part, fault);
        onward();
      },
    });
    if (!delivered) continue;
    masters.written.set(segment, delivered.master);
    masters.files.push({ ...delivered.file, kind: "master", participant: person.person.sources.participant });
  }
  return masters;
}

async function writeOne(segment: SegmentPlan, sink: DeliverySink, options: Parameters<typeof writeMaster>[2]) {
  let file: SinkFile | null = null;
  try {
    const master = await writeMaster(
      segment,
      async () => {
        file = await sink.create(segment.file);
        return file;
      },
      options,
    );
    const ended: SinkFile | null = file;
    file = null;
    if (!master || !ended) return null;
    return { master, file: { name: segment.file, ...parseEnd(await closeFile(ended)) } };
  } finally {
    await abortFile(file);
  }
}

const closeFile = (file: SinkFile) => file.close();

async function abortFile(file: SinkFile | null): Promise<void> {
  if (file) await file.abort();
}

function parseEnd(end: { bytes: number; sha256: string | null }): { bytes: number; sha256: Sha256 | null } {
  return { bytes: end.bytes, sha256: end.sha256 === null ? null : v.parse(sha256, end.sha256) };
}

function makeManifest(take: TakeSources, plan: TakePlan, masters: Masters, tally: DeliveryTally): DeliveryManifest {
  const endUs = takeEnd(plan.people, tally);
  return v.parse(deliveryManifest, {
    manifest: DELIVERY_MANIFEST,
    room: take.room,
    take: take.take,
    title: take.title,
    startedMs: take.startedMs,
    timeline: { rate: [plan.rate, 1], durationUs: endUs },
    participants: plan.people.map((person) => ({
      participant: person.person.sources.participant,
      name: person.person.sources.name,
      tracks: deliveredTracks(person, tally, endUs, new Set(masters.files.map((file) => file.name))),
    })),
    masters: plan.people.flatMap((person) =>
      person.segments.flatMap((segment) => {
        const written = masters.written.get(segment);
        if (!written) return [];
        return [
          {
            file: segment.file,
            participant: person.person.sources.participant,
            kind: segment.kind,
            segment: segment.number,
            zeroUs: asTake(segment.zeroFrame * frameUs(plan.rate)),
            durationUs: written.durationUs,
          },
        ];
      }),
    ),
    markers: take.markers.toSorted((a, b) => a.atUs - b.atUs),
    files: masters.files.flatMap((file) =>
      file.sha256 ? [{ name: file.name, bytes: file.bytes, sha256: file.sha256 }] : [],
    ),
  });
}

async function addDocuments(
  take: TakeSources,
  plan: TakePlan,
  sink: DeliverySink,
  masters: Masters,
  manifest: DeliveryManifest,
  tally: DeliveryTally,
): Promise<Delivery> {
  const files = [...masters.files];
  const timeline = makeTimeline(take, plan, masters.written, tally);
  if (timeline.lanes.length > 0) files.push(await writeText(sink, TIMELINE_FILE, writeFcpxml(timeline), "timeline"));
  const listed = files.flatMap((file) =>
    file.sha256 ? [{ name: file.name, bytes: file.bytes, sha256: file.sha256 }] : [],
  );
  const complete = { ...manifest, files: listed };
  files.push(await writeText(sink, MANIFEST_FILE, `${JSON.stringify(complete, null, 2)}\n`, "manifest"));
  const sums = files.map((file) => `${file.sha256}  ${file.name}\n`).join("");
  files.push(await writeText(sink, CHECKSUMS_FILE, sums, "checksums"));
  return { files, manifest: complete };
}

async function writeText(
  sink: DeliverySink,
  name: string,
  text: string,
  kind: ExportFile["kind"],
): Promise<DeliveredFile> {
  const file = await sink.create(name);
  await file.write([new TextEncoder().encode(text)], 0);
  return { name, ...parseEnd(await file.close()), kind, participant: null };
}
