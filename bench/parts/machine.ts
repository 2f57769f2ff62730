import { execFileSync } from "node:child_process";
import { cpus, loadavg, release, totalmem } from "node:os";

/** Numbers are of one machine: this one, and what else it had to do. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  readonly chromium: string;
  readonly ffmpeg: string;
  /** Programs that wanted a core over the last minute. */
  readonly load: number;
}

export function describeMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? "unknown",
    cores: all.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    chromium: firstLine(process.env["TAPESYNC_CHROMIUM"] ?? "/usr/bin/chromium", ["--version"]),
    ffmpeg: firstLine("ffmpeg", ["-version"]).replace(/ Copyright.*/, ""),
    load: Number(loadavg()[0]?.toFixed(2)),
  };
}

/** Above this much of one core, numbers are noise. */
const QUIET_LOAD = 0.5;

export const isQuiet = (machine: Machine): boolean => machine.load <= QUIET_LOAD;

function firstLine(program: string, args: readonly string[]): string {
  return (
    execFileSync(program, [...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split("\n")[0] ?? ""
  );
}
