import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { RENDER_ENTRY } from "./paths.ts";
import { PlainError } from "./plain-error.ts";
import { claimPort } from "./ports.ts";

const READY = /^render service listening on \d+$/;
const START_PATIENCE_MS = 20_000;
/** Time for a job to put its state down; what it fetched so far it can fetch again. */
const STOP_PATIENCE_MS = 3000;
const FIRST_BACK_OFF_MS = 250;
const LONGEST_BACK_OFF_MS = 15_000;
/** One that ran this long was not failing at start; the next failure begins with the shortest wait again. */
const STABLE_MS = 60_000;

/** The render service as a child process that is started again when it dies. */
export interface RenderService {
  readonly url: string;
  stop(): Promise<void>;
}

export interface RenderOptions {
  readonly dataDir: string;
  /** Start again when its sources change. */
  readonly watch: boolean;
  /** Called with every new process, or with undefined when there is none. */
  readonly onProcess: (pid: number | undefined) => void;
}

/** @throws {PlainError} when it does not come up the first time */
export async function startRenderService(options: RenderOptions): Promise<RenderService> {
  const workDir = path.join(options.dataDir, "render");
  mkdirSync(workDir, { recursive: true });
  // The backend is told this address once, so every later process must have the same.
  const port = await claimPort("127.0.0.1", 0);
  const launchOne = (onListening: () => void) => {
    const launched = launch(workDir, port, options.watch, onListening);
    options.onProcess(launched.pid);
    return launched;
  };
  let child = await firstOne(launchOne);

  let stopping = false;
  let failures = 0;
  let startedAt = Date.now();
  let timer: NodeJS.Timeout | undefined;

  const onExit = (code: number | null, signal: NodeJS.Signals | null) => {
    options.onProcess(undefined);
    if (stopping) return;
    failures = Date.now() - startedAt >= STABLE_MS ? 0 : failures + 1;
    const delay = Math.min(FIRST_BACK_OFF_MS * 2 ** failures, LONGEST_BACK_OFF_MS);
    console.error(`The render service ended (${signal ?? `code ${code}`}); starting it again.`);
    timer = setTimeout(() => {
      child = launchOne(() => console.log("The render service is back."));
      startedAt = Date.now();
      child.once("exit", onExit);
      child.once("error", (error) => console.error(`The render service did not start: ${error.message}.`));
    }, delay);
  };
  child.once("exit", onExit);

  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      stopping = true;
      clearTimeout(timer);
      await end(child);
    },
  };
}

function launch(workDir: string, port: number, watch: boolean, onListening: () => void): ChildProcess {
  const flags = ["--disable-warning=ExperimentalWarning", ...(watch ? ["--watch", "--watch-preserve-output"] : [])];
  const child = spawn(process.execPath, [...flags, RENDER_ENTRY], {
    // Its stdin closes when this process is gone, whatever ended it.
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, PORT: String(port), RENDER_PORT: String(port), RENDER_WORK_DIR: workDir },
  });
  if (child.stdout) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.trim() === "") return;
      if (READY.test(line.trim())) onListening();
      else console.log(`[render] ${line}`);
    });
  }
  return child;
}

function firstOne(launchOne: (onListening: () => void) => ChildProcess): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(new PlainError(`The render service did not start: ${why}.`));
    };
    const onError = (error: Error) => fail(error.message);
    const onExit = (code: number | null, signal: NodeJS.Signals | null) => fail(signal ?? `code ${code}`);
    const timer = setTimeout(() => fail("no answer"), START_PATIENCE_MS);
    const child = launchOne(() => {
      clearTimeout(timer);
      child.off("error", onError).off("exit", onExit);
      resolve(child);
    });
    child.once("error", onError).once("exit", onExit);
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_PATIENCE_MS);
  await ended;
  clearTimeout(timer);
}
