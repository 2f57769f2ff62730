/** Drawn stand-ins for cameras: a room in soft light and somebody in it. Colours only, no real person. */
const ROOMS = [
  { wall: ["#8a6d55", "#3d2f28"], shirt: "#c5857c", skin: "#8a5a3c", hair: "#241a15" },
  { wall: ["#9aa0a8", "#4d535b"], shirt: "#34496b", skin: "#e0b292", hair: "#5b3822" },
  { wall: ["#6f5a3c", "#2b2a33"], shirt: "#b9ab95", skin: "#d9a383", hair: "#3a2418" },
] as const;

function draw(canvas: HTMLCanvasElement, which: number): void {
  const paint = canvas.getContext("2d");
  const room = ROOMS[which % ROOMS.length];
  if (!paint || !room) return;
  const { width, height } = canvas;
  const wall = paint.createLinearGradient(0, 0, width, height);
  wall.addColorStop(0, room.wall[0]);
  wall.addColorStop(1, room.wall[1]);
  paint.fillStyle = wall;
  paint.fillRect(0, 0, width, height);
  const lamp = paint.createRadialGradient(width * 0.82, height * 0.3, 10, width * 0.82, height * 0.3, height * 0.5);
  lamp.addColorStop(0, "rgb(255 240 210 / 0.85)");
  lamp.addColorStop(0.2, "rgb(255 225 180 / 0.35)");
  lamp.addColorStop(1, "rgb(255 225 180 / 0)");
  paint.fillStyle = lamp;
  paint.fillRect(0, 0, width, height);
  const ellipse = (x: number, y: number, rx: number, ry: number, fill: string): void => {
    paint.fillStyle = fill;
    paint.beginPath();
    paint.ellipse(width * x, height * y, height * rx, height * ry, 0, 0, Math.PI * 2);
    paint.fill();
  };
  ellipse(0.5, 0.4, 0.21, 0.26, room.hair);
  ellipse(0.5, 1.08, 0.46, 0.36, room.shirt);
  paint.fillStyle = room.skin;
  paint.fillRect(width * 0.5 - height * 0.07, height * 0.6, height * 0.14, height * 0.18);
  ellipse(0.5, 0.46, 0.16, 0.22, room.skin);
  ellipse(0.5, 0.26, 0.17, 0.09, room.hair);
}

/** A still picture as a stream of 30 frames a second. */
export function pictureStream(which: number): MediaStream {
  const canvas = document.createElement("canvas");
  canvas.width = 1280;
  canvas.height = 720;
  draw(canvas, which);
  const stream = canvas.captureStream(30);
  // a canvas sends a frame when it is drawn upon
  setInterval(() => draw(canvas, which), 500);
  return stream;
}
