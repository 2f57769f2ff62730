/** What runs in the page for the rivals of the studio's own pipeline. Each keeps a preview on, as the studio does. */

export interface RivalSettings {
  readonly seconds: number;
  /** WebCodecs codec string of the picture, the one that the studio chose. */
  readonly codec: string;
  readonly bitrate: number;
  /** For MediaRecorder. */
  readonly mimeType: string;
}

export interface Recorded {
  readonly frames: number;
  readonly bytes: number;
}

/** Opens the fake devices and shows the picture; kept on the window for what follows. */
export async function openDevices(): Promise<void> {
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { width: 1280, height: 720, frameRate: 30 },
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
  });
  const picture = document.createElement("video");
  picture.muted = true;
  picture.srcObject = stream;
  picture.style.width = "640px";
  document.body.append(picture);
  await picture.play();
  Object.assign(window, { benchStream: stream });
}

/** The least that can be done: frames into a VideoEncoder, sound into an AudioEncoder, the output thrown away. */
export async function bareLoop(settings: RivalSettings): Promise<Recorded> {
  const { benchStream } = window as unknown as { benchStream: MediaStream };
  const [picture] = benchStream.getVideoTracks();
  const [sound] = benchStream.getAudioTracks();
  if (!picture || !sound) throw new Error("no devices");
  const until = performance.now() + settings.seconds * 1000;
  let frames = 0;
  let bytes = 0;
  const video = new VideoEncoder({
    output: (chunk) => {
      frames += 1;
      bytes += chunk.byteLength;
    },
    error: (error) => {
      throw error;
    },
  });
  video.configure({
    codec: settings.codec,
    width: 1280,
    height: 720,
    framerate: 30,
    bitrate: settings.bitrate,
    bitrateMode: "variable",
    latencyMode: "realtime",
    ...(settings.codec.startsWith("avc1") ? { avc: { format: "avc" as const } } : {}),
  });
  const pump = async () => {
    const reader = new MediaStreamTrackProcessor({ track: picture, maxBufferSize: 8 }).readable.getReader();
    let lastKey = Number.NEGATIVE_INFINITY;
    while (performance.now() < until) {
      const { value: frame } = await reader.read();
      if (!frame) break;
      const keyFrame = frame.timestamp - lastKey >= 2_000_000;
      if (keyFrame) lastKey = frame.timestamp;
      video.encode(frame, { keyFrame });
      frame.close();
    }
    await reader.cancel();
    await video.flush();
    video.close();
  };
  const pumpSound = async () => {
    const reader = new MediaStreamTrackProcessor({ track: sound }).readable.getReader();
    let audio: AudioEncoder | undefined;
    while (performance.now() < until) {
      const { value: data } = await reader.read();
      if (!data) break;
      if (!audio) {
        audio = new AudioEncoder({
          output: (chunk) => {
            bytes += chunk.byteLength;
          },
          error: (error) => {
            throw error;
          },
        });
        const { sampleRate, numberOfChannels } = data;
        audio.configure({ codec: "opus", sampleRate, numberOfChannels, bitrate: 128_000 });
      }
      audio.encode(data);
      data.close();
    }
    await reader.cancel();
    await audio?.flush();
    audio?.close();
  };
  await Promise.all([pump(), pumpSound()]);
  return { frames, bytes };
}

/** What a browser has built in, with a blob every 2 s. */
export async function mediaRecorder(settings: RivalSettings): Promise<Recorded> {
  const { benchStream } = window as unknown as { benchStream: MediaStream };
  let bytes = 0;
  const recorder = new MediaRecorder(benchStream, {
    mimeType: settings.mimeType,
    videoBitsPerSecond: settings.bitrate,
    audioBitsPerSecond: 128_000,
  });
  recorder.addEventListener("dataavailable", (event) => {
    bytes += event.data.size;
  });
  const stopped = new Promise((resolve) => recorder.addEventListener("stop", resolve, { once: true }));
  recorder.start(2000);
  await new Promise((resolve) => setTimeout(resolve, settings.seconds * 1000));
  recorder.stop();
  await stopped;
  // It does not tell its frames: the camera's rate stands for them.
  return { frames: settings.seconds * 30, bytes };
}
