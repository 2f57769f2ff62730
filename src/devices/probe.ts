import { trackProcessor } from "./track-processor.ts";

/** A: everything. B: sound only here. D: no recording. (B2 and C of BROWSERS.md come with their adapters.) */
export type CaptureTier = "A" | "B" | "D";

/** What this browser can record, found by trying it, never by its name. */
export interface CaptureProbe {
  readonly tier: CaptureTier;
  readonly canRecord: boolean;
  readonly canShareScreen: boolean;
  /** Technical names of what is missing, for small print. */
  readonly missing: readonly string[];
  /** Why nothing can be recorded, in the words of the pages' problems. */
  readonly problem: "insecure-page" | "private-window" | "browser-cannot-record" | null;
  /** One plain sentence on what works here and what to use instead; empty when all works. */
  readonly sentence: string;
}

/**
 * Tries every part that a recording needs, in about 50 ms. Nothing is captured.
 *
 * @param writesFiles writes a file in a worker and deletes it again: `probeStorage` of workers/probe
 */
export async function probeCapture(writesFiles: () => Promise<boolean>): Promise<CaptureProbe> {
  const canShareScreen = typeof navigator.mediaDevices?.getDisplayMedia === "function";
  if (!isSecureContext) {
    const sentence = "This page can record only over https. Open its https address.";
    return {
      tier: "D",
      canRecord: false,
      canShareScreen,
      missing: ["secure context"],
      problem: "insecure-page",
      sentence,
    };
  }
  const missing = await missingParts(writesFiles);
  if (missing.length === 0) {
    return { tier: "A", canRecord: true, canShareScreen, missing, problem: null, sentence: "" };
  }
  const isPrivate = missing.length === 1 && missing[0] === "storage";
  return {
    tier: "D",
    canRecord: false,
    canShareScreen,
    missing,
    problem: isPrivate ? "private-window" : "browser-cannot-record",
    sentence: isPrivate
      ? "This window forgets: takes vanish when it closes. Open the link in an ordinary window."
      : "This browser cannot record yet; the recordings that are here can be seen and exported. To record, open the link in Chrome or Edge.",
  };
}

async function missingParts(writesFiles: () => Promise<boolean>): Promise<readonly string[]> {
  const missing: string[] = [];
  if (typeof navigator.mediaDevices?.getUserMedia !== "function") missing.push("getUserMedia");
  if (trackProcessor() === undefined) missing.push("MediaStreamTrackProcessor");
  else if (!streamsTransfer()) missing.push("transferable streams");
  if (typeof VideoEncoder === "undefined") missing.push("VideoEncoder");
  else if (!(await encodesVideo())) missing.push("a video codec");
  if (typeof AudioEncoder === "undefined") missing.push("AudioEncoder");
  else if (!(await encodesOpus())) missing.push("Opus");
  if (typeof navigator.locks?.request !== "function") missing.push("Web Locks");
  if (!(await writesFiles())) missing.push("storage");
  return missing;
}

function streamsTransfer(): boolean {
  const { port1, port2 } = new MessageChannel();
  try {
    const stream = new ReadableStream();
    port1.postMessage(stream, [stream]);
    return true;
  } catch (error) {
    if (error instanceof DOMException && error.name === "DataCloneError") return false;
    throw error;
  } finally {
    port1.close();
    port2.close();
  }
}

/** Whether any codec is there at all; what is fast enough is measured with the camera's own frames later. */
async function encodesVideo(): Promise<boolean> {
  const size = { width: 1280, height: 720, framerate: 30, bitrate: 4_000_000 };
  for (const codec of ["avc1.64001f", "avc1.42e01f", "vp09.00.31.08", "av01.0.05M.08"]) {
    const { supported } = await VideoEncoder.isConfigSupported({ codec, ...size });
    if (supported) return true;
  }
  return false;
}

async function encodesOpus(): Promise<boolean> {
  const config = { codec: "opus", sampleRate: 48_000, numberOfChannels: 1, bitrate: 96_000 };
  const { supported } = await AudioEncoder.isConfigSupported(config);
  return supported === true;
}
