import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { PlainError } from "./plain-error.ts";

const START_PATIENCE_MS = 20_000;
/** Time for what it is doing to be put down. */
const STOP_PATIENCE_MS = 3000;
const LONGEST_BACK_OFF_MS = 15_000;
/** One that ran this long was not failing at start; the next failure begins with the shortest wait again. */
const STABLE_MS = 60_000;

/** A Node program as a child process that is started again when it dies. */
export interface SupervisedProcess {
  stop(): Promise<void>;
}

export interface SupervisedOptions {
  /** As it stands in sentences: "render service". */
  readonly name: string;
  /** Before each of its lines. */
  readonly tag: string;
  readonly entry: string;
  /** The line that it prints once it listens. */
  readonly ready: RegExp;
  readonly environment: Readonly<Record<string, string>>;
  /** Start again when its sources change. */
  readonly watch: boolean;
  /** Until it is started again the first time; doubled with every failure in a row. */
  readonly firstBackOffMs: number;
  /** Called with every new process, or with undefined when there is none. */
  readonly onProcess: (pid: number | undefined) => void;
}

/** @throws {PlainError} when it does not come up the first time */
export async function supervise(options: SupervisedOptions): Promise<SupervisedProcess> {
  const launchOne = (onListening: () => void) => {
    const launched = launch(options, onListening);
    options.onProcess(launched.pid);
    return launched;
  };
  let child = await firstOne(options.name, launchOne);

  let stopping = false;
  let failures = 0;
  let startedAt = Date.now();
  let timer: NodeJS.Timeout | undefined;

  const onExit = (code: number | null, signal: NodeJS.Signals | null) => {
    options.onProcess(undefined);
    if (stopping) return;
    failures = Date.now() - startedAt >= STABLE_MS ? 0 : failures + 1;
    const delay = Math.min(options.firstBackOffMs * 2 ** failures, LONGEST_BACK_OFF_MS);
    console.error(`The ${options.name} ended (${signal ?? `code ${code}`}); starting it again.`);
    timer = setTimeout(() => {
      child = launchOne(() => console.log(`The ${options.name} is back.`));
      startedAt = Date.now();
      child.once("exit", onExit);
      child.once("error", (error) => console.error(`The ${options.name} did not start: ${error.message}.`));
    }, delay);
  };
  child.once("exit", onExit);

  return {
    stop: async () => {
      stopping = true;
      clearTimeout(timer);
      await end(child);
    },
  };
}

function launch(options: SupervisedOptions, onListening: () => void): ChildProcess {
  const { entry, environment, ready, tag, watch } = options;
  const flags = ["--disable-warning=ExperimentalWarning", ...(watch ? ["--watch", "--watch-preserve-output"] : [])];
  const child = spawn(process.execPath, [...flags, entry], {
    // Its stdin closes when this process is gone, whatever ended it.
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, ...environment },
  });
  if (child.stdout) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.trim() === "") return;
      if (ready.test(line.trim())) onListening();
      else console.log(`[${tag}] ${line}`);
    });
  }
  return child;
}

function firstOne(name: string, launchOne: (onListening: () => void) => ChildProcess): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(new PlainError(`The ${name} did not start: ${why}.`));
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
