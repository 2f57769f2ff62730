import { execFile } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { drawCounter } from "./counter.ts";
import { writeWav } from "./wav.ts";

const run = promisify(execFile);

/** Raise it when what the files hold changes: the folder is kept between runs. */
const VERSION = 1;

export const CAMERA_RATE = 30;
export const CAMERA_WIDTH = 1280;
export const CAMERA_HEIGHT = 720;
/** Chromium plays the file in a loop; longer than any take of the tests, so that each counter is seen once. */
export const CAMERA_SECONDS = 150;
export const CAMERA_FRAMES = CAMERA_SECONDS * CAMERA_RATE;

/** The small one is for tests in which several people encode and decode on one machine. */
export type CameraSize = "720p" | "360p";
const WIDTHS: Readonly<Record<CameraSize, number>> = { "720p": CAMERA_WIDTH, "360p": CAMERA_WIDTH / 2 };

/** Coarse on purpose: one decode per frame is paid by the machine under test, and the counter's blocks survive it. */
const MJPEG_QUALITY = "12";

export const BEEP_EVERY_S = 5;
export const BEEP_S = 0.1;
export const BEEP_HZ = 1000;
const SOUND_SECONDS = 60;

export interface Fixtures {
  /** For `--use-file-for-fake-video-capture`. */
  readonly video: string;
  /** For `--use-file-for-fake-audio-capture`. */
  readonly audio: string;
}

/** The fake camera's and microphone's files; made once on a machine, outside of the repository (≈ 10 s, 120 MB). */
export async function fixtures(size: CameraSize = "720p"): Promise<Fixtures> {
  const folder = path.join(tmpdir(), `tapesync-fixtures-${VERSION}`);
  mkdirSync(folder, { recursive: true });
  const width = WIDTHS[size];
  const video = path.join(folder, `counter-${width}x${(width * 9) / 16}-${CAMERA_SECONDS}s.mjpeg`);
  const audio = path.join(folder, "beep-48k-mono.wav");
  await once(video, (file) => makeVideo(file, width));
  await once(audio, async (file) => writeWav(file, beeps()));
  return { video, audio };
}

/** Makes a file under another name and renames it when it is whole: two runs at once both end with a whole one. */
async function once(file: string, make: (file: string) => Promise<void>): Promise<void> {
  if (existsSync(file)) return;
  const part = `${file}.${process.pid}.part`;
  try {
    await make(part);
    renameSync(part, file);
  } finally {
    rmSync(part, { force: true });
  }
}

async function makeVideo(file: string, width: number): Promise<void> {
  const source = `testsrc2=size=${CAMERA_WIDTH}x${CAMERA_HEIGHT}:rate=${CAMERA_RATE},${drawCounter()},scale=${width}:-2`;
  const input = ["-f", "lavfi", "-i", source, "-t", String(CAMERA_SECONDS)];
  const output = ["-pix_fmt", "yuvj420p", "-c:v", "mjpeg", "-q:v", MJPEG_QUALITY, "-f", "mjpeg", file];
  await run("ffmpeg", ["-v", "error", "-y", ...input, ...output]);
}

/** 48 kHz mono; each beep begins at a whole multiple of 5 s, at full swing, so that its onset is sharp. */
function beeps(): Int16Array {
  const rate = 48_000;
  const samples = new Int16Array(SOUND_SECONDS * rate);
  for (let start = 0; start < samples.length; start += BEEP_EVERY_S * rate) {
    for (let i = 0; i < BEEP_S * rate; i += 1) {
      samples[start + i] = Math.round(0.5 * 32_767 * Math.cos((2 * Math.PI * BEEP_HZ * i) / rate));
    }
  }
  return samples;
}
