import { randomBytes } from "node:crypto";
import { MAX_REALTIME_REQUESTS_PER_S } from "#protocol/realtime-api.ts";
import { MediaCounters } from "../media/media-counters.ts";
import type { Publication } from "../media/publication.ts";
import { ApiError } from "./api-error.ts";
import { Session, type SessionLimits, type SessionSurroundings } from "./session.ts";
import type { TransportMaker } from "./session-transport.ts";

/** How often lost packets are asked for; half of it is added to a repair on average. */
const TICK_MS = 20;
const WINDOW_MS = 1000;

export interface TableOptions {
  readonly limits: SessionLimits;
  readonly maxSessions: number;
  /** Requests a session may make in a second. */
  readonly requestsPerSecond?: number;
  readonly startKbps: number;
}

/** All sessions of the process. */
export class SessionTable implements SessionSurroundings {
  readonly counters = new MediaCounters();
  readonly limits: SessionLimits;
  readonly startKbps: number;
  readonly #transports: TransportMaker;
  readonly #maxSessions: number;
  readonly #requestsPerSecond: number;
  readonly #sessions = new Map<string, Session>();
  readonly #requests = new Map<string, { since: number; count: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(transports: TransportMaker, options: TableOptions) {
    this.#transports = transports;
    this.limits = options.limits;
    this.startKbps = options.startKbps;
    this.#maxSessions = options.maxSessions;
    this.#requestsPerSecond = options.requestsPerSecond ?? MAX_REALTIME_REQUESTS_PER_S;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get sessions(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  makePipe(sessionId: string) {
    return this.#transports.makePipe(sessionId);
  }

  candidates() {
    return this.#transports.candidates();
  }

  findPublication(sessionId: string, trackName: string): Publication | undefined {
    return this.#sessions.get(sessionId)?.publication(trackName);
  }

  /** @throws {ApiError} 503 when there are too many */
  create(): Session {
    if (this.#sessions.size >= this.#maxSessions) throw ApiError.tooManySessions();
    const session = new Session(randomBytes(16).toString("hex"), this, performance.now());
    this.#sessions.set(session.id, session);
    this.#timer ??= setInterval(() => this.#tick(performance.now()), TICK_MS);
    return session;
  }

  /**
   * The session of a request.
   * @throws {ApiError} 410 when there is none, 429 when it asks too often
   */
  take(id: string): Session {
    const session = this.#sessions.get(id);
    if (!session) throw ApiError.sessionGone();
    const now = performance.now();
    const window = this.#requests.get(id);
    if (!window || now - window.since >= WINDOW_MS) this.#requests.set(id, { since: now, count: 1 });
    else if (++window.count > this.#requestsPerSecond) throw ApiError.rateLimited();
    return session;
  }

  #tick(now: number): void {
    for (const session of this.#sessions.values()) if (!session.tick(now)) this.#remove(session);
    // Nothing to do is done without waking the processor fifty times a second.
    if (this.#sessions.size === 0) this.#stopTicking();
  }

  #remove(session: Session): void {
    this.#sessions.delete(session.id);
    this.#requests.delete(session.id);
    session.close();
  }

  #stopTicking(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  close(): void {
    this.#stopTicking();
    for (const session of [...this.#sessions.values()]) this.#remove(session);
  }
}
