import type { DeliveredMaster, DeliveredTrack, DeliveryManifest } from "#protocol/delivery-manifest.ts";
import { type Gap, type GapReason, isLoss } from "#protocol/gaps.ts";
import { isVideoSource, type Source } from "#protocol/ids.ts";
import { SECOND_US } from "#protocol/units.ts";
import type { ExportFileView, ExportTakeView } from "./exports-view.ts";
import { clipGaps } from "./gap-spans.ts";
import { lanesOfTracks, type PlacedTrack } from "./lane-of-tracks.ts";
import { decodePeaks } from "./take-peaks.ts";
import type { GapView, LanesView } from "./tape-view.ts";

/** What a delivery says of itself, for the exports page; computed from `manifest.json` alone. */
export interface DeliveredTake {
  readonly lengthMs: number;
  readonly lanes: LanesView;
  readonly gaps: ExportTakeView["gaps"];
  /** Each epoch that its device sealed is in the files, with the SHA-256 that the device gave it. */
  readonly verified: boolean;
  /** Something had not arrived when it was made. */
  readonly incomplete: boolean;
  readonly syncWithinMs?: number;
  /** Per file name. */
  readonly files: Readonly<Record<string, Pick<ExportFileView, "kind" | "what">>>;
}

const SOURCE_WORDS: Record<Source, string> = {
  camera: "camera",
  microphone: "microphone",
  screen: "screen",
  "screen-audio": "screen sound",
};

const NOT_DELIVERED: ReadonlySet<GapReason> = new Set<GapReason>(["missing-epoch", "corrupt-epoch"]);

export function deliveredTake(manifest: DeliveryManifest): DeliveredTake {
  const people = manifest.participants;
  const tracks = people.flatMap((person) => person.tracks);
  const lacking = tracks.some((track) => track.gaps.some((gap) => NOT_DELIVERED.has(gap.reason)));
  const unsealed = tracks.some((track) => track.end === "unsealed");
  const lengthMs = manifest.timeline.durationUs / 1000;
  const syncWithinMs = syncWithin(manifest);
  return {
    lengthMs,
    lanes: {
      lengthMs,
      lanes: people.flatMap((person, at) =>
        lanesOfTracks(person.participant ?? `${at}`, person.name, person.tracks.flatMap(placedTrack)),
      ),
    },
    gaps: gapsOf(manifest),
    verified: tracks.length > 0 && !lacking && !unsealed,
    incomplete: unsealed || tracks.some((track) => track.gaps.some((gap) => gap.reason === "missing-epoch")),
    ...(syncWithinMs === undefined ? {} : { syncWithinMs }),
    files: Object.fromEntries(manifest.files.map(({ name }) => [name, describe(name, manifest)])),
  };
}

function placedTrack(track: DeliveredTrack): PlacedTrack[] {
  if (track.startUs === null || track.endUs === null) return [];
  const fromMs = track.startUs / 1000;
  const peaks = isVideoSource(track.source) ? {} : { peaks: { fromMs, peaks: decodePeaks(track.peaks) } };
  const view = (gap: Gap): GapView => ({ atMs: gap.fromUs / 1000, lengthMs: (gap.toUs - gap.fromUs) / 1000 });
  const gaps = track.gaps.filter(isLoss).map(view);
  const off = track.gaps.filter((gap) => !isLoss(gap)).map(view);
  return [{ source: track.source, fromMs, toMs: track.endUs / 1000, gaps, off, ...peaks }];
}

function gapsOf(manifest: DeliveryManifest): ExportTakeView["gaps"] {
  const gaps = manifest.participants.flatMap((person) =>
    person.tracks.flatMap((track) =>
      track.gaps.flatMap((gap, at) =>
        // when somebody came in is told by the lane; it is not a hole in what was recorded
        gap.reason === "late-start"
          ? []
          : clipGaps(
              [{ atMs: gap.fromUs / 1000, lengthMs: (gap.toUs - gap.fromUs) / 1000 }],
              0,
              Number.POSITIVE_INFINITY,
            ).map((span) => ({
              id: `${track.track}:${at}`,
              who: person.name,
              what: SOURCE_WORDS[track.source],
              off: !isLoss(gap),
              ...span,
            })),
      ),
    ),
  );
  return gaps.sort((a, b) => a.atMs - b.atMs);
}

/**
 * Tracks of one device share its clock, so two tracks lie apart by at most the uncertainties of their two devices
 * together. ms; `undefined` with fewer than two devices.
 */
function syncWithin(manifest: DeliveryManifest): number | undefined {
  const perDevice = manifest.participants
    .map((person) => person.tracks.map((track) => track.clock.uncertaintyUs))
    .filter((all) => all.length > 0)
    .map((all) => Math.max(...all))
    .sort((a, b) => b - a);
  const [first, second] = perDevice;
  return first === undefined || second === undefined ? undefined : (first + second) / 1000;
}

function describe(name: string, manifest: DeliveryManifest): Pick<ExportFileView, "kind" | "what"> {
  const master = manifest.masters.find((each) => each.file === name);
  const own = manifest.participants.flatMap((person) => person.tracks.filter((track) => track.files.includes(name)));
  if (master === undefined || own.length === 0) return { kind: kindByName(name) };
  const sources = new Set(own.map((track) => track.source));
  const kind = master.kind === "screen" ? "screen" : sources.has("camera") ? "video" : "audio";
  return { kind, what: wordsOf(master, own) };
}

export function kindByName(name: string): ExportFileView["kind"] {
  if (/\.fcpxml$/i.test(name)) return "timeline";
  if (name === "manifest.json") return "manifest";
  if (name === "SHA256SUMS") return "checksums";
  if (/screen/i.test(name)) return "screen";
  return /\.(mkv|mov|mp4)$/i.test(name) ? "video" : /\.(wav|mka|flac)$/i.test(name) ? "audio" : "other";
}

const KIND_ORDER: readonly Source[] = ["camera", "screen", "microphone", "screen-audio"];

/** "Camera and microphone, 1080p30, from 1:12, 1 gap"; for a screen "Screen, 1080p30, 15:10 to 22:40". */
function wordsOf(master: DeliveredMaster, tracks: readonly DeliveredTrack[]): string {
  const sources = KIND_ORDER.filter((source) => tracks.some((track) => track.source === source));
  const parts = [capital(sources.map((source) => SOURCE_WORDS[source]).join(" and "))];
  const picture = tracks.find((track) => isVideoSource(track.source))?.runs.at(-1)?.media;
  if (picture?.kind === "video") parts.push(`${picture.height}p${Math.round(picture.frameRate)}`);
  const [fromUs, toUs] = [master.zeroUs, master.zeroUs + master.durationUs];
  if (master.kind === "screen") parts.push(`${clockText(fromUs / 1000)} to ${clockText(toUs / 1000)}`);
  // a second's difference is nothing that anybody would look for
  else if (fromUs >= SECOND_US) parts.push(`from ${clockText(fromUs / 1000)}`);
  const gaps = tracks
    .flatMap((track) => track.gaps)
    .filter((gap) => gap.reason !== "late-start" && isLoss(gap) && gap.fromUs < toUs && gap.toUs > fromUs).length;
  if (gaps > 0) parts.push(gaps === 1 ? "1 gap" : `${gaps} gaps`);
  return parts.join(", ");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** "1:12", "1:08:31". */
function clockText(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}
