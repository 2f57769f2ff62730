import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import * as v from "valibot";
import { callClips } from "./call-clips.ts";
import { type Counts, type Order, outcome } from "./orders.ts";

const ENTRY = path.join(import.meta.dirname, "people-process.ts");
/** 20 connections are made in this time. */
const PATIENCE_MS = 120_000;

/** Synthetic people in a process of their own. */
export interface People extends AsyncDisposable {
  readonly pid: number;
  /** One at a time. @returns what has been sent and has arrived so far */
  ask(order: Order): Promise<Counts>;
}

export async function startPeople(): Promise<People> {
  // Here, where nobody waits with a clock in the hand, in case they have to be made.
  await callClips();
  const child = fork(ENTRY, { stdio: ["ignore", "ignore", "inherit", "ipc"], execArgv: EXEC });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const end = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  try {
    await nextOutcome(child);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    pid: child.pid ?? 0,
    ask: (order) => {
      const answer = nextOutcome(child);
      child.send(order);
      return answer;
    },
    [Symbol.asyncDispose]: end,
  };
}

const EXEC = ["--disable-warning=ExperimentalWarning"];

function nextOutcome(child: ChildProcess): Promise<Counts> {
  return new Promise((resolve, reject) => {
    const settle = (work: () => void): void => {
      clearTimeout(timer);
      child.off("message", heard);
      child.off("exit", gone);
      work();
    };
    const heard = (message: unknown): void => {
      const said = v.parse(outcome, message);
      settle(() => {
        if (said.kind === "done") resolve(said.counts);
        else reject(new Error(`the synthetic people: ${said.message}`));
      });
    };
    const gone = (): void => settle(() => reject(new Error("the process of the synthetic people ended")));
    const timer = setTimeout(() => settle(() => reject(new Error("the synthetic people do not answer"))), PATIENCE_MS);
    child.on("message", heard);
    child.once("exit", gone);
  });
}
