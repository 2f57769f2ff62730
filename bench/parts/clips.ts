import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import * as v from "valibot";
import { configBytes } from "#media/epoch-config.ts";
import { newTakeId, newTrackId } from "#platform/random-ids.ts";
import { type Sha256, sha256 } from "#protocol/ids.ts";
import { type Clip, makeClip, readClip } from "../../tests/unit/media/clips.ts";
import { EPOCH_S, type PreparedClip, type PreparedTake } from "./prepared-take.ts";

/** What the studio asks of H.264 at 720p30. */
const BITRATE = "4400k";
const OPUS_PACKETS = EPOCH_S * 50;
const PCM_RATE = 48_000;

/** 2 s of noisy picture at the studio's rate for 720p30, and 2 s of sound. */
export async function makeClips(): Promise<PreparedClip[]> {
  const folder = await mkdtemp(path.join(tmpdir(), "tapesync-bench-clip-"));
  try {
    const file = path.join(folder, "clip.mp4");
    const source = `testsrc2=size=1280x720:rate=30:duration=${EPOCH_S},noise=alls=12:allf=t`;
    const rate = ["-b:v", BITRATE, "-minrate", BITRATE, "-maxrate", BITRATE, "-bufsize", BITRATE];
    const encode = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "0", "-g", "60", ...rate];
    execFileSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", source, ...encode, file]);
    const picture = await readClip(await readFile(file), 30);
    const sound = await makeClip("opus", { seconds: EPOCH_S + 1 });
    return [
      prepared("camera", picture, 0),
      prepared("microphone", { ...sound, packets: sound.packets.slice(0, OPUS_PACKETS) }, EPOCH_S * PCM_RATE),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function prepared(source: PreparedClip["source"], clip: Clip, pcmFrames: number): PreparedClip {
  return { ...clip, source, pcmFrames, configHash: hashOf(configBytes(clip.config)) };
}

export const hashOf = (bytes: Uint8Array): Sha256 => v.parse(sha256, createHash("sha256").update(bytes).digest("hex"));

/** A take of that length, ended just now. */
export function newPreparedTake(clips: readonly PreparedClip[], seconds: number): PreparedTake {
  return {
    take: newTakeId(),
    startedMs: Date.now() - seconds * 1000,
    epochs: Math.ceil(seconds / EPOCH_S),
    tracks: clips.map((clip) => ({ track: newTrackId(), clip })),
  };
}
