import type { Scheduler } from "../ports/time.ts";
import type { DrainedToEnd } from "./upload-engine.ts";

/** The browser ends an event after 3 minutes†; half a minute is kept for stopping in order. */
export const EVENT_LIFE_MS = 150_000;

/** How soon it is noticed that the last page has gone: a hundredth of an event's life. */
export const LOOK_FOR_PAGES_MS = 1_500;

export interface BackgroundDrainPorts {
  readonly scheduler: Scheduler;
  /** Whether any page of the app is open. */
  hasPages(): Promise<boolean>;
  /** Once to the end, behind the lock, until `signal` fires. */
  drain(signal: AbortSignal): Promise<DrainedToEnd>;
}

interface Running {
  readonly result: Promise<void>;
  readonly over: AbortController;
  /** Events that have not outlived themselves yet. */
  events: number;
}

/**
 * What the service worker does while events keep it alive. One drain serves all of them and goes on until the life of the
 * youngest is over: an old event, which waited for the page all its life, must not end the one that the closing page asked for.
 * Nor is it done while a page is open: what that page records next has no event of its own if the page is then closed, since
 * a page that is going is too late to ask for one.
 */
export class BackgroundDrain {
  readonly #ports: BackgroundDrainPorts;
  #running: Running | null = null;

  constructor(ports: BackgroundDrainPorts) {
    this.#ports = ports;
  }

  /** For one event. Rejects when something is left that another try may send: the browser then wakes us again. */
  async serve(): Promise<void> {
    this.#running ??= this.#begin();
    const running = this.#running;
    running.events += 1;
    const settled = new AbortController();
    const life = this.#ports.scheduler.delay(EVENT_LIFE_MS, settled.signal).then(() => "over" as const);
    try {
      if ((await Promise.race([running.result, life])) !== "over") return;
      running.events -= 1;
      // A younger event goes on with it, and answers for it.
      if (running.events > 0) return;
      running.over.abort();
      await running.result;
    } finally {
      settled.abort();
    }
  }

  #begin(): Running {
    const over = new AbortController();
    const result = this.#drain(over.signal).finally(() => {
      this.#running = null;
    });
    return { result, over, events: 0 };
  }

  async #drain(signal: AbortSignal): Promise<void> {
    for (;;) {
      // Asked before: what a page adds after the drain, and before it goes, needs another one.
      const hadPages = await this.#ports.hasPages();
      const { settled, epochsLeft } = await this.#ports.drain(signal);
      if (!settled) throw new Error(`the upload is not done: at least ${epochsLeft} epochs are left`);
      if (!hadPages) return;
      await this.#untilAlone(signal);
      if (signal.aborted) return;
    }
  }

  /** The pages upload what they record themselves, and give way to the live call meanwhile. */
  async #untilAlone(signal: AbortSignal): Promise<void> {
    try {
      while (await this.#ports.hasPages()) await this.#ports.scheduler.delay(LOOK_FOR_PAGES_MS, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
