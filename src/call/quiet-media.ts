/** As large as the call sends a camera, so that all layers stay; black costs next to nothing. */
const BLACK = { width: 1280, height: 720 };

/** Two frames a second keep a track alive (the SFU drops it after 30 s without packets), and a newcomer sees black at once. */
const BLACK_EVERY_MS = 500;

/** What is sent of a source that is off, so that its track lives on and coming back needs no negotiation. */
export interface QuietMedia {
  /** Its sound must not be stopped: it is one for all. */
  silence(): MediaStreamTrack;
  black(): MediaStreamTrack;
  /** Within a press: a browser may hold an audio context back before one. */
  wake(): void;
  close(): void;
}

export function createQuietMedia(report: (error: unknown) => void): QuietMedia {
  let sound: { readonly context: AudioContext; readonly track: MediaStreamTrack } | undefined;
  let picture: { readonly timer: ReturnType<typeof setInterval>; readonly track: MediaStreamTrack } | undefined;
  return {
    silence: () => {
      sound ??= makeSilence();
      if (sound.context.state === "suspended") sound.context.resume().catch(report);
      return sound.track;
    },
    black: () => {
      picture ??= makeBlack();
      return picture.track;
    },
    wake: () => {
      if (sound?.context.state === "suspended") sound.context.resume().catch(report);
    },
    close: () => {
      sound?.track.stop();
      sound?.context.close().catch(report);
      picture?.track.stop();
      if (picture) clearInterval(picture.timer);
      sound = undefined;
      picture = undefined;
    },
  };
}

function makeSilence(): { readonly context: AudioContext; readonly track: MediaStreamTrack } {
  const context = new AudioContext({ latencyHint: "playback" });
  const output = context.createMediaStreamDestination();
  const source = context.createConstantSource();
  source.offset.value = 0;
  source.connect(output);
  source.start();
  return { context, track: firstOf(output.stream.getAudioTracks()) };
}

function makeBlack(): { readonly timer: ReturnType<typeof setInterval>; readonly track: MediaStreamTrack } {
  const canvas = document.createElement("canvas");
  canvas.width = BLACK.width;
  canvas.height = BLACK.height;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("the browser draws no canvas");
  // An opaque picture: a canvas that was never drawn on is sent as nothing at all.
  const draw = (): void => {
    context.fillStyle = "#000";
    context.fillRect(0, 0, BLACK.width, BLACK.height);
  };
  draw();
  const track = firstOf(canvas.captureStream().getVideoTracks());
  return { track, timer: setInterval(draw, BLACK_EVERY_MS) };
}

function firstOf(tracks: readonly MediaStreamTrack[]): MediaStreamTrack {
  const [track] = tracks;
  if (track === undefined) throw new Error("a stream without the track that it was made for");
  return track;
}
