import type { TakeId, TrackId } from "#protocol/ids.ts";
import type { UploadProblem, UploadWait } from "#protocol/upload-rpc.ts";
import type { Clock, Random } from "../ports/time.ts";
import { waitMs } from "./back-off.ts";
import type { UploadSetback } from "./setback.ts";

/** What a piece of work is about; `null`: all of it. */
export interface Subject {
  readonly take: TakeId;
  readonly track: TrackId | null;
  readonly seq: number | null;
}

interface Delay {
  readonly failures: number;
  readonly untilUs: number;
  readonly wait: UploadWait;
  readonly detail: string;
}

/** What is given up in this launch, and what waits for its own back-off while others go first. */
export class SetbackBook {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #problems = new Map<string, UploadProblem>();
  readonly #delays = new Map<string, Delay>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  giveUp(subject: Subject, setback: UploadSetback): void {
    if (setback.trouble === null) return;
    const narrowed: Subject = {
      take: subject.take,
      track: setback.scope === "take" ? null : (setback.track ?? subject.track),
      seq: setback.scope === "epoch" ? subject.seq : null,
    };
    this.#problems.set(nameOf(narrowed), { ...narrowed, reason: setback.trouble, detail: setback.message });
  }

  delay(key: string, setback: UploadSetback): void {
    const failures = (this.#delays.get(key)?.failures ?? 0) + 1;
    const forMs = waitMs(failures, setback.retryAfterMs, this.#random);
    const untilUs = this.#clock.nowUs() + forMs * 1000;
    this.#delays.set(key, { failures, untilUs, wait: setback.wait ?? "unexpected", detail: setback.message });
  }

  succeeded(key: string): void {
    this.#delays.delete(key);
  }

  isGivenUp(subject: Subject): boolean {
    const { take, track } = subject;
    return (
      this.#problems.has(nameOf({ take, track: null, seq: null })) ||
      this.#problems.has(nameOf({ take, track, seq: null })) ||
      this.#problems.has(nameOf(subject))
    );
  }

  /** ms until the work may be tried again, and why it waits; `null` when it may start. */
  waiting(key: string): { readonly forMs: number; readonly wait: UploadWait; readonly detail: string } | null {
    const delay = this.#delays.get(key);
    const forMs = delay ? (delay.untilUs - this.#clock.nowUs()) / 1000 : 0;
    return delay && forMs > 0 ? { forMs, wait: delay.wait, detail: delay.detail } : null;
  }

  problems(): readonly UploadProblem[] {
    return [...this.#problems.values()];
  }

  /** Takes that the person has deleted have no problems any more. */
  keepOnly(takes: ReadonlySet<TakeId>): void {
    for (const [name, problem] of this.#problems) if (!takes.has(problem.take)) this.#problems.delete(name);
  }

  /** The person wants everything tried again. */
  clear(): void {
    this.#problems.clear();
    this.#delays.clear();
  }
}

function nameOf({ take, track, seq }: Subject): string {
  return [take, track ?? "", seq ?? ""].join("/");
}
