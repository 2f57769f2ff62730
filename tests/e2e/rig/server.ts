import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { tempFolder } from "./folders.ts";

export const ROOT = path.resolve(import.meta.dirname, "../../..");

const READY = /Tapesync is ready at (http:\/\/\S+)/;
/** Includes building the page when its sources have changed. */
const START_PATIENCE_MS = 120_000;
const STOP_PATIENCE_MS = 15_000;

/** A whole studio in a process group of its own, with data of its own. */
export interface StudioServer extends AsyncDisposable {
  /** Without a slash at the end; the same after {@link start}. */
  readonly url: string;
  readonly dataDir: string;
  /** As Ctrl-C does: resolves when every process has ended. */
  stop(): Promise<void>;
  /** SIGKILL to the whole group: nothing is put in order. */
  kill(): Promise<void>;
  /** Again, on the same port and the same data. */
  start(): Promise<void>;
  /** Everything that it has printed. */
  log(): string;
  /** Of the one process of the studio whose command line holds `command`. @throws Error when there is none, or more */
  childPid(command: string): Promise<number>;
}

export async function startServer(environment: NodeJS.ProcessEnv = {}): Promise<StudioServer> {
  const data = tempFolder("data");
  const lines: string[] = [];
  let running: Running | undefined = await launch(data.path, "0", environment, lines);
  const { url } = running;
  const { port } = new URL(url);

  const end = async (signal: "SIGINT" | "SIGKILL") => {
    const ending = running;
    running = undefined;
    if (ending) await endGroup(ending.child, signal);
  };
  const server: StudioServer = {
    url,
    dataDir: data.path,
    stop: () => end("SIGINT"),
    kill: () => end("SIGKILL"),
    start: async () => {
      if (running) throw new Error("the studio runs already");
      running = await launch(data.path, port, environment, lines);
    },
    log: () => lines.join("\n"),
    childPid: async (command) => {
      const group = running?.child.pid;
      if (group === undefined) throw new Error("the studio does not run");
      return pidInGroup(group, command);
    },
    [Symbol.asyncDispose]: async () => {
      await end("SIGINT");
      data[Symbol.dispose]();
    },
  };
  return server;
}

function pidInGroup(group: number, command: string): number {
  const table = execFileSync("ps", ["-eo", "pid=,pgid=,args="], { encoding: "utf8" });
  const found = table.split("\n").flatMap((line) => {
    const [, pid, pgid, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return Number(pgid) === group && args?.includes(command) ? [Number(pid)] : [];
  });
  const [pid, ...more] = found;
  if (pid === undefined || more.length > 0) throw new Error(`${found.length} processes are ${command}`);
  return pid;
}

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
}

async function launch(
  dataDir: string,
  port: string,
  environment: NodeJS.ProcessEnv,
  lines: string[],
): Promise<Running> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "scripts/start.ts"], {
    cwd: ROOT,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_ENV: "production", ...environment, PORT: port, TAPESYNC_DATA: dataDir },
  });
  try {
    return { child, url: await untilReady(child, lines) };
  } catch (error) {
    await endGroup(child, "SIGKILL");
    throw error;
  }
}

function untilReady(child: ChildProcess, lines: string[]): Promise<string> {
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error("the studio has no output");
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`the studio did not start (${why}):\n${lines.join("\n")}`));
    const timer = setTimeout(() => fail("no answer"), START_PATIENCE_MS);
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      fail(`ended with ${signal ?? code}`);
    });
    createInterface({ input: stderr }).on("line", (line) => lines.push(line));
    createInterface({ input: stdout }).on("line", (line) => {
      lines.push(line);
      const url = READY.exec(line)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url.replace(/\/$/, ""));
    });
  });
}

/** Signals the whole group and waits for its leader to be gone; one that does not obey is killed. */
async function endGroup(child: ChildProcess, signal: "SIGINT" | "SIGKILL"): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    signalGroup(pid, signal);
    const timer = setTimeout(() => signalGroup(pid, "SIGKILL"), STOP_PATIENCE_MS);
    await ended;
    clearTimeout(timer);
  }
  signalGroup(pid, "SIGKILL");
}

function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
