/** Reads the clock out of somebody's picture in the studio's own tile, frame by frame. */
import { COUNTER_BITS, COUNTER_COLUMNS, COUNTER_ROWS, readCounter } from "../../tests/e2e/rig/counter.ts";

/** Times of one frame, ms since its clock was drawn. */
export interface FrameDelay {
  /** Its last packet had arrived. */
  readonly received: number;
  /** It was handed over to be shown: decoded, and out of the jitter buffer. */
  readonly presented: number;
  /** The browser expects it to be on the screen. */
  readonly shown: number;
  readonly width: number;
}

export interface ClockReader {
  /** From now on. */
  begin(person: string): void;
  end(): { readonly frames: readonly FrameDelay[]; readonly unread: number };
}

/** Px of a block in the small picture that is read: `readCounter` wants it so. */
const BLOCK = 8;
const WIDTH = COUNTER_COLUMNS * BLOCK;
const HEIGHT = COUNTER_ROWS * BLOCK;
/** Share of the picture's height that the counter takes: 2 × 40 of 720 lines. */
const SHARE = 80 / 720;

let running = false;
let frames: FrameDelay[] = [];
let unread = 0;

const reader: ClockReader = {
  begin(person) {
    const tile = [...document.querySelectorAll('[role="group"]')].find(
      (group) => group.getAttribute("aria-label") === person,
    );
    const video = tile?.querySelector("video");
    if (!video) throw new Error(`no picture of ${person}`);
    frames = [];
    unread = 0;
    running = true;
    watch(video);
  },
  end() {
    running = false;
    return { frames, unread };
  },
};
Object.assign(globalThis, { clockReader: reader });

function watch(video: HTMLVideoElement): void {
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("no canvas");
  const grey = new Uint8Array(WIDTH * HEIGHT);
  const onFrame: VideoFrameRequestCallback = (_now, frame) => {
    if (!running) return;
    // Wall clock of this page's own clock, as of now.
    const wallMs = Date.now() - performance.now();
    context.drawImage(video, 0, 0, video.videoWidth, video.videoHeight * SHARE, 0, 0, WIDTH, HEIGHT);
    const { data } = context.getImageData(0, 0, WIDTH, HEIGHT);
    for (let index = 0; index < grey.length; index += 1) grey[index] = data[index * 4 + 1] ?? 0;
    const drawn = readCounter(grey);
    if (drawn === undefined || frame.receiveTime === undefined) unread += 1;
    else {
      frames.push({
        received: since(drawn, wallMs + frame.receiveTime),
        presented: since(drawn, wallMs + frame.presentationTime),
        shown: since(drawn, wallMs + frame.expectedDisplayTime),
        width: video.videoWidth,
      });
    }
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
}

/** The clock wraps every 65 s. */
function since(drawn: number, atMs: number): number {
  const wrap = 2 ** COUNTER_BITS;
  const delay = (((atMs - drawn) % wrap) + wrap) % wrap;
  return delay > wrap / 2 ? delay - wrap : delay;
}
