import { fstatSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startRenderService } from "./service/server.ts";

/**
 * The render service. Environment:
 * - `RENDER_PORT`: 0 (default) takes any free port; what it is stands in the line that is printed.
 * - `RENDER_HOST`: 127.0.0.1 (default); a container listens on 0.0.0.0.
 * - `RENDER_WORK_DIR`: epochs and files of running jobs; emptied of leftovers at start.
 * - `RENDER_JOBS`: how many jobs run at once (default 1).
 * When standard input is a pipe, the service ends with the process at its other end.
 */
const environment = (name: string, otherwise: string): string => {
  const value = process.env[name];
  return value === undefined || value === "" ? otherwise : value;
};

const wholeNumber = (name: string, otherwise: number): number => {
  const value = Number(environment(name, `${otherwise}`));
  if (Number.isInteger(value) && value >= 0) return value;
  console.error(`${name} must be a whole number.`);
  return process.exit(1);
};

const service = await startRenderService({
  port: wholeNumber("RENDER_PORT", 0),
  host: environment("RENDER_HOST", "127.0.0.1"),
  workDir: resolve(environment("RENDER_WORK_DIR", join(tmpdir(), `tapesync-render-${process.pid}`))),
  parallel: Math.max(1, wholeNumber("RENDER_JOBS", 1)),
});

let stopping = false;
const stop = async (): Promise<void> => {
  if (stopping) return;
  stopping = true;
  await service.stop();
  process.exit(0);
};

for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop());

const input = fstatSync(0, { throwIfNoEntry: false });
if (input?.isFIFO() || input?.isSocket()) {
  process.stdin.resume();
  process.stdin.on("end", () => void stop());
  process.stdin.on("error", () => void stop());
}

console.log(`render service listening on ${service.port}`);
