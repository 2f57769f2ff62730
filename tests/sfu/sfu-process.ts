import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ENTRY = fileURLToPath(new URL("../../sfu/main.ts", import.meta.url));
const READY = /^sfu listening on (\d+), media on (\d+)$/;
const START_PATIENCE_MS = 25_000;

export const APP_ID = "embedded";
export const APP_SECRET = "a secret of the tests, long enough";

/** The embedded SFU in a process of its own. */
export interface SfuProcess extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  readonly mediaPort: number;
  /** Ends with `/v1`. */
  readonly url: string;
  /** What it has printed on standard error. */
  readonly complaints: readonly string[];
  /** @returns the exit code */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export async function startSfuProcess(environment: Readonly<Record<string, string>> = {}): Promise<SfuProcess> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ENTRY], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, SFU_APP_ID: APP_ID, SFU_APP_SECRET: APP_SECRET, ...environment },
  });
  const complaints: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => complaints.push(line));
  // "exit" may come before the last of what it has printed.
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return ended;
  };
  const [port, mediaPort] = await untilReady(child, complaints);
  const url = `http://127.0.0.1:${port}/v1`;
  return {
    pid: child.pid ?? 0,
    port,
    mediaPort,
    url,
    complaints,
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}

function untilReady(child: ChildProcess, complaints: readonly string[]): Promise<[number, number]> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      clearTimeout(timer);
      reject(new Error(`the SFU did not start (${why}):\n${complaints.join("\n")}`));
    };
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail("no answer");
    }, START_PATIENCE_MS);
    child.once("error", (error) => fail(error.message));
    child.once("close", (code) => fail(`code ${code}`));
    if (!child.stdout) return fail("no output");
    createInterface({ input: child.stdout }).on("line", (line) => {
      const match = READY.exec(line);
      if (!match) return;
      clearTimeout(timer);
      resolve([Number(match[1]), Number(match[2])]);
    });
  });
}
