/**
 * Each line on stdin is the list of process ids to end when stdin closes; an empty line is an empty list.
 * Started by watchdog.ts.
 */
import { createInterface } from "node:readline";
import { errorCode } from "./plain-error.ts";

let pids: number[] = [];
const lines = createInterface({ input: process.stdin });

lines.on("line", (line) => {
  pids = line
    .split(" ")
    .filter((word) => word !== "")
    .map(Number);
});

lines.on("close", () => {
  for (const pid of pids) end(pid);
});

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (errorCode(error) !== "ESRCH") throw error;
  }
}
