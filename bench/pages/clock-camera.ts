/**
 * Replaces the camera's picture by one that shows the time: 1280 × 720 at 30 frames/s, with the wall clock's ms as the blocks of
 * the tests' frame counter. Runs before anything of the page.
 */
import { COUNTER_BITS, COUNTER_COLUMNS } from "../../tests/e2e/rig/counter.ts";

const WIDTH = 1280;
const HEIGHT = 720;
const RATE = 30;
const BLOCK = WIDTH / COUNTER_COLUMNS;
/** Of the counter's two rows, px. */
const ROW = 40;

/** Not in TypeScript's DOM library. */
declare class MediaStreamTrackGenerator extends EventTarget {
  constructor(init: { readonly kind: "video" });
  readonly writable: WritableStream<VideoFrame>;
}

const devices = navigator.mediaDevices;
const plainOpen = devices.getUserMedia.bind(devices);
devices.getUserMedia = async (constraints) => {
  const stream = await plainOpen(constraints);
  const [camera] = stream.getVideoTracks();
  if (!camera) return stream;
  stream.removeTrack(camera);
  stream.addTrack(clockTrack(camera));
  return stream;
};

/** Answers for itself as the camera does; the camera goes on, unseen, until its track is stopped. */
function clockTrack(camera: MediaStreamTrack): MediaStreamTrack {
  const generator = new MediaStreamTrackGenerator({ kind: "video" });
  const track = generator as unknown as MediaStreamTrack;
  const settings = { ...camera.getSettings(), width: WIDTH, height: HEIGHT, frameRate: RATE };
  const capabilities = camera.getCapabilities();
  const { label } = camera;
  camera.stop();
  const disguise = (shown: MediaStreamTrack): MediaStreamTrack => {
    const plainClone = shown.clone.bind(shown);
    return Object.defineProperties(shown, {
      label: { value: label },
      getSettings: { value: () => settings },
      getCapabilities: { value: () => capabilities },
      applyConstraints: { value: () => Promise.resolve() },
      clone: { value: () => disguise(plainClone()) },
    });
  };
  draw(generator.writable.getWriter(), () => track.readyState === "ended");
  return disguise(track);
}

function draw(writer: WritableStreamDefaultWriter<VideoFrame>, isOver: () => boolean): void {
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("no canvas");
  let frames = 0;
  const timer = setInterval(() => {
    if (isOver()) return clearInterval(timer);
    background(context, frames);
    frames += 1;
    stamp(context, Date.now() % 2 ** COUNTER_BITS);
    const frame = new VideoFrame(canvas, { timestamp: Math.round(performance.now() * 1000) });
    writer.write(frame).catch(() => clearInterval(timer));
  }, 1000 / RATE);
}

type Context = OffscreenCanvasRenderingContext2D;

/** Something that moves, so that the encoder has work. */
function background(context: Context, frames: number): void {
  context.fillStyle = `hsl(${frames % 360} 40% 40%)`;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  for (let index = 0; index < 30; index += 1) {
    context.fillStyle = `hsl(${(index * 12 + frames) % 360} 70% 60%)`;
    context.fillRect((index * 97 + frames * 5) % WIDTH, 120 + ((index * 53) % (HEIGHT - 160)), 60, 40);
  }
}

/** As `drawCounter` of the tests' camera does: number and complement between guards. */
function stamp(context: Context, value: number): void {
  context.fillStyle = "#000";
  context.fillRect(0, 0, WIDTH, 2 * ROW);
  context.fillStyle = "#fff";
  for (let row = 0; row < 2; row += 1) {
    context.fillRect(0, row * ROW, BLOCK, ROW);
    context.fillRect(WIDTH - BLOCK, row * ROW, BLOCK, ROW);
    for (let bit = 0; bit < COUNTER_BITS; bit += 1) {
      const isSet = ((value >> (COUNTER_BITS - 1 - bit)) & 1) === 1;
      if (isSet === (row === 0)) context.fillRect((2 + bit) * BLOCK, row * ROW, BLOCK, ROW);
    }
  }
}
