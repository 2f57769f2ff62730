import type { DeliveryManifest } from "#protocol/delivery-manifest.ts";
import type { JobState } from "#protocol/demux-job.ts";
import type { TakeList, TakeSummary, TrackSummary } from "#protocol/http-api.ts";
import type { EditorLinkId, JobId, ParticipantId, Sha256, Source } from "#protocol/ids.ts";
import { asTake } from "#protocol/units.ts";
import { ME, ROOM, takeIdOf, trackIdOf } from "./rows.ts";

export const MAREK = "marekmarekmarekmarek01" as ParticipantId;
export const LINK_ID = "linklinklinklinklink01" as EditorLinkId;
const SHA = "a".repeat(64) as Sha256;

export function summaryTrack(
  participant: ParticipantId,
  source: Source,
  change: Partial<TrackSummary> = {},
): TrackSummary {
  const track = trackIdOf(`${participant.slice(0, 5)}-${source}`);
  return {
    track,
    participant,
    source,
    label: source,
    epochs: 30,
    bytes: 3_000,
    sealed: true,
    expected: 30,
    end: "closed",
    ...change,
  };
}

export function summary(name: string, change: Partial<TakeSummary> = {}): TakeSummary {
  return {
    take: takeIdOf(name),
    number: 1,
    title: "",
    state: "stopped",
    startedMs: 1_799_500_000_000,
    stoppedMs: 1_799_500_061_000,
    expiresMs: 1_800_104_800_000,
    complete: true,
    participants: [
      { participant: ME, name: "Inês Carvalho", role: "host", connected: true },
      { participant: MAREK, name: "Marek Dvořák", role: "guest", connected: false },
    ],
    tracks: [ME, MAREK].flatMap((person) => [summaryTrack(person, "camera"), summaryTrack(person, "microphone")]),
    job: null,
    exports: [],
    ...change,
  };
}

export const listOf = (...takes: TakeSummary[]): TakeList => ({ room: ROOM, title: "Ferries", takes });

export function jobOf(change: Partial<JobState> = {}): JobState {
  return {
    job: "jobjobjobjobjobjobjo01" as JobId,
    state: "running",
    deliver: "complete",
    stage: "reading",
    fraction: 0,
    tries: 1,
    startedMs: 1_799_500_070_000,
    failure: null,
    ...change,
  };
}

export const FILES: TakeSummary["exports"] = [
  { name: "SHA256SUMS", bytes: 300, sha256: SHA, kind: "checksums", participant: null },
  { name: "Ines_S1.mkv", bytes: 2_510_000, sha256: SHA, kind: "master", participant: ME },
  { name: "Ines_SCREEN_S1.mkv", bytes: 388_000, sha256: SHA, kind: "master", participant: ME },
  { name: "timeline.fcpxml", bytes: 18_000, sha256: SHA, kind: "timeline", participant: null },
  { name: "manifest.json", bytes: 21_000, sha256: SHA, kind: "manifest", participant: null },
  { name: "Marek_S1.mkv", bytes: 2_440_000, sha256: SHA, kind: "master", participant: MAREK },
];

type Track = DeliveryManifest["participants"][number]["tracks"][number];

function delivered(source: Source, file: string, fromS: number, toS: number, change: Partial<Track> = {}): Track {
  const video = source === "camera" || source === "screen";
  const media: Track["runs"][number]["media"] = video
    ? { kind: "video", codec: "avc1.640028", width: 1920, height: 1080, frameRate: 30 }
    : { kind: "audio", codec: "opus", sampleRate: 48_000, channels: 1 };
  return {
    track: trackIdOf(`${file.slice(0, 5)}-${source}`),
    source,
    label: source,
    file,
    files: [file],
    clock: { method: "room-clock", offsetUs: 0, ratePpm: 0, uncertaintyUs: 400, samples: 12 },
    startUs: asTake(fromS * 1_000_000),
    endUs: asTake(toS * 1_000_000),
    end: "closed",
    samples: 100,
    pcmFrames: video ? 0 : 48_000,
    runs: [{ run: 0, media, firstSeq: 0, lastSeq: 29, samples: 100 }],
    epochs: [],
    gaps: [],
    peaks: video ? "" : btoa(String.fromCharCode(...new Uint8Array(Math.round((toS - fromS) * 20)).fill(90))),
    ...change,
  };
}

/** Two people; the guest came late and lost 3.1 s of sound; the host shared a screen. */
export function manifestOf(): DeliveryManifest {
  const gap = { fromUs: 31_000_000, toUs: 34_100_000, reason: "device-lost" } as const;
  const late = { fromUs: 0, toUs: 12_000_000, reason: "late-start" } as const;
  const marekClock = { method: "room-clock", offsetUs: 5, ratePpm: 1, uncertaintyUs: 500, samples: 9 } as const;
  return {
    manifest: 1,
    room: ROOM,
    take: takeIdOf("one"),
    title: "Ferries",
    startedMs: 1_799_500_000_000,
    timeline: { rate: [30, 1], durationUs: 60_000_000 },
    participants: [
      {
        participant: ME,
        name: "Inês Carvalho",
        tracks: [
          delivered("camera", "Ines_S1.mkv", 0, 60),
          delivered("microphone", "Ines_S1.mkv", 0, 60),
          delivered("screen", "Ines_SCREEN_S1.mkv", 15, 42),
        ],
      },
      {
        participant: MAREK,
        name: "Marek Dvořák",
        tracks: [
          delivered("camera", "Marek_S1.mkv", 12, 60, { clock: marekClock, gaps: [late] }),
          delivered("microphone", "Marek_S1.mkv", 12, 60, { clock: marekClock, gaps: [late, gap] }),
        ],
      },
    ],
    markers: [],
    masters: [
      { file: "Ines_S1.mkv", participant: ME, kind: "main", segment: 1, zeroUs: asTake(0), durationUs: 60_000_000 },
      {
        file: "Ines_SCREEN_S1.mkv",
        participant: ME,
        kind: "screen",
        segment: 1,
        zeroUs: asTake(15_000_000),
        durationUs: 27_000_000,
      },
      {
        file: "Marek_S1.mkv",
        participant: MAREK,
        kind: "main",
        segment: 1,
        zeroUs: asTake(12_000_000),
        durationUs: 48_000_000,
      },
    ],
    files: FILES.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })),
  };
}
