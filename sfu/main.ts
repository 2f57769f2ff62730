import { fstatSync } from "node:fs";
import { readSettings, type SfuSettings } from "./settings.ts";
import { startSfu } from "./sfu.ts";

/**
 * The embedded SFU as a process. Its environment is described in docs/spec/realtime-sfu.md.
 * When standard input is a pipe, it ends with the process at its other end.
 */
function settingsOrExit(): SfuSettings {
  try {
    return readSettings(process.env);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return process.exit(1);
  }
}

const sfu = await startSfu(settingsOrExit());

let stopping = false;
const stop = async (): Promise<void> => {
  if (stopping) return;
  stopping = true;
  await sfu.stop();
  process.exit(0);
};

for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop());

const input = fstatSync(0, { throwIfNoEntry: false });
if (input?.isFIFO() || input?.isSocket()) {
  process.stdin.resume();
  process.stdin.on("end", () => void stop());
  process.stdin.on("error", () => void stop());
}

console.log(`sfu listening on ${sfu.port}, media on ${sfu.mediaPort}`);
