/** LOOK.md: at most 20 updates a second. */
const EVERY_MS = 50;

/** Samples that one value is made of: 43 ms at 48 kHz, about the time between two. */
const WINDOW = 2048;

/** Silence, dBFS. */
export const SILENT_DB = -60;

/** One reading: RMS and the highest sample, dBFS from {@link SILENT_DB} to 0. */
export interface Level {
  readonly rmsDb: number;
  readonly peakDb: number;
}

/** Measures a microphone's level on the page, for the lobby and the preview only; recordings have their own peaks. */
export function watchLevel(track: MediaStreamTrack, report: (level: Level) => void): () => void {
  // Large buffers: nothing is played, and a thread that wakes 100 times a second costs as much as encoding sound.
  const context = new AudioContext({ latencyHint: "playback" });
  const input = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = context.createAnalyser();
  analyser.fftSize = WINDOW;
  input.connect(analyser);
  const samples = new Float32Array(WINDOW);
  const timer = setInterval(() => {
    if (context.state === "suspended") void context.resume();
    analyser.getFloatTimeDomainData(samples);
    report(levelOf(samples));
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    input.disconnect();
    void context.close();
  };
}

function levelOf(samples: Float32Array): Level {
  let sum = 0;
  let peak = 0;
  for (const sample of samples) {
    sum += sample * sample;
    peak = Math.max(peak, Math.abs(sample));
  }
  return { rmsDb: decibels(Math.sqrt(sum / samples.length)), peakDb: decibels(peak) };
}

function decibels(value: number): number {
  return value <= 0 ? SILENT_DB : Math.max(SILENT_DB, Math.min(0, 20 * Math.log10(value)));
}
