import { type Answer, callPhase, type HealingEvent, STOPPED, stepHealing } from "#core/call/healing.ts";
import type { LiveCall, LiveCallEvents, LiveCallState, Publisher, Sent, ShownPicture } from "#core/ports/live-call.ts";
import { type SfuSessionId, TURN_LIFETIME_S } from "#protocol/call.ts";
import type { Source } from "#protocol/ids.ts";
import { type CallAnswer, CallApi } from "./call-api.ts";
import { CallMeters } from "./call-meters.ts";
import { type LiveCallPorts, nowMs } from "./call-ports.ts";
import { CallSession } from "./call-session.ts";
import { CallSound } from "./call-sound.ts";
import { Publishing } from "./publishing.ts";
import { Pulling } from "./pulling.ts";
import { MORE } from "./reach-server.ts";
import { within } from "./within.ts";
import { createQuietMedia, type QuietMedia } from "./quiet-media.ts";

/** Levels at most ten times a second; everything else is a multiple of it. */
const PULSE_MS = 100;
const LISTEN_EVERY = 2;
const MEASURE_EVERY = 10;

/** An attempt that hangs in a blackout must not outlast the network's return for long: the goal is 5 s in all. */
const BUILD_TIMEOUT_MS = 2_500;

/** Half of their lifetime: a call that begins with them may last as long again. */
const SERVERS_LIFETIME_MS = (TURN_LIFETIME_S * 1000) / 2;

/** A session that was given up is closed when the new one has all of its pictures, and at the latest after this. */
const RETIRED_MS = 8_000;

export type { LiveCallPorts } from "./call-ports.ts";

/** The call of this device; nothing happens before `start()`. What goes wrong goes to `events.failed`, never to the caller. */
export function createLiveCall(
  ports: LiveCallPorts,
  events: LiveCallEvents<MediaStreamTrack>,
): LiveCall<MediaStreamTrack> {
  return new PartyCall(ports, events);
}

class PartyCall implements LiveCall<MediaStreamTrack> {
  readonly #ports: LiveCallPorts;
  readonly #events: LiveCallEvents<MediaStreamTrack>;
  readonly #api: CallApi;
  readonly #quiet: QuietMedia;
  readonly #publishing: Publishing;
  readonly #pulling = new Pulling();
  readonly #sound: CallSound;
  readonly #meters = new CallMeters();
  readonly #over = new AbortController();
  readonly #more = new EventTarget();
  #healing = STOPPED;
  #session: CallSession | null = null;
  #retired: { readonly session: CallSession; readonly sinceMs: number }[] = [];
  #attempt = 0;
  #pulses = 0;
  #isListening = false;
  #isMeasuring = false;
  #isSilent = false;
  #reaching: Promise<void> | null = null;
  #servers: { readonly list: readonly RTCIceServer[]; readonly sinceMs: number } | null = null;
  #tellsSoon = false;
  #hasOffered = false;

  constructor(ports: LiveCallPorts, events: LiveCallEvents<MediaStreamTrack>) {
    this.#ports = ports;
    this.#events = events;
    this.#api = new CallApi(ports);
    this.#quiet = createQuietMedia(this.#failed);
    this.#publishing = new Publishing(this.#quiet, this.#tell);
    this.#sound = new CallSound(this.#tell, this.#failed);
  }

  get state(): LiveCallState<MediaStreamTrack> {
    const state = callPhase(this.#healing, nowMs(this.#ports));
    return {
      state,
      hasOffered: this.#hasOffered,
      published: state === "off" ? [] : [...this.#publishing.published],
      received: this.#pulling.received,
      quality: this.#meters.quality,
      roundTripMs: state === "connected" ? this.#meters.roundTripMs : null,
      uploadBytesPerSecond: state === "off" ? null : this.#meters.uploadBytesPerSecond,
      soundBlocked: this.#sound.isBlocked,
    };
  }

  start(): void {
    if (this.#over.signal.aborted || this.#healing.phase !== "stopped") return;
    globalThis.addEventListener("online", this.#online, { signal: this.#over.signal });
    this.#dispatch({ type: "start" });
    this.#pulse().catch((error: unknown) => {
      if (!this.#over.signal.aborted) this.#failed(error);
    });
  }

  send(source: Source, sent: Sent<MediaStreamTrack> | undefined): void {
    this.#guard(() => this.#publishing.send(source, sent));
  }

  follow(publishers: readonly Publisher[]): void {
    const others = publishers.filter(({ participant }) => participant !== this.#ports.self);
    this.#guard(() => this.#pulling.follow(others, nowMs(this.#ports)));
    this.#tell();
  }

  show(pictures: readonly ShownPicture[]): void {
    this.#guard(() => this.#pulling.show(pictures, nowMs(this.#ports)));
    this.#tell();
  }

  nudge(): void {
    this.#more.dispatchEvent(new Event(MORE));
    this.#dispatch({ type: "nudge" });
  }

  uploading(bytesPerSecond: number | null): void {
    this.#meters.uploading(bytesPerSecond);
  }

  allowSound(): void {
    this.#quiet.wake();
    this.#sound.allow();
  }

  close(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort(new Error("the call was closed"));
    this.#dispatch({ type: "stop" });
    this.#publishing.close();
    this.#sound.close();
    this.#quiet.close();
  }

  readonly #online = (): void => this.nudge();

  readonly #failed = (error: unknown): void => this.#events.failed(error);

  /** Soon, and once for all that happens in one go. */
  readonly #tell = (): void => {
    if (this.#tellsSoon) return;
    this.#tellsSoon = true;
    queueMicrotask(() => {
      this.#tellsSoon = false;
      if (this.#over.signal.aborted) return;
      this.#sound.play(this.#pulling.received);
      this.#events.changed(this.state);
    });
  };

  #guard(work: () => void): void {
    if (this.#over.signal.aborted) return;
    try {
      work();
    } catch (error) {
      this.#failed(error);
    }
  }

  #dispatch(event: HealingEvent): void {
    const atMs = nowMs(this.#ports);
    const phase = callPhase(this.#healing, atMs);
    const { healing, command } = stepHealing(this.#healing, event, atMs, this.#ports.random.unit());
    this.#healing = healing;
    if (command === "build") this.#build().catch(this.#failed);
    if (command === "probe") this.#probe().catch(this.#failed);
    if (command === "drop") this.#drop();
    if (callPhase(healing, atMs) !== phase) this.#tell();
  }

  async #build(): Promise<void> {
    const attempt = ++this.#attempt;
    this.#retire();
    await this.#untilReached();
    if (attempt !== this.#attempt || this.#over.signal.aborted) return;
    const limit = AbortSignal.any([this.#over.signal, AbortSignal.timeout(BUILD_TIMEOUT_MS)]);
    const [id, servers] = await Promise.all([this.#api.makeSession(limit), this.#iceServers(limit)]);
    if (attempt !== this.#attempt || this.#over.signal.aborted) return;
    if (typeof id !== "string" || servers === null) {
      this.#isSilent = typeof id !== "string" && id.kind === "unreachable" && id.silent;
      this.#dispatch({ type: "not-built", answer: typeof id === "string" ? "unreachable" : refusalOf(id) });
      return;
    }
    this.#use(id, servers);
    this.#dispatch({ type: "built" });
  }

  #use(id: SfuSessionId, iceServers: readonly RTCIceServer[]): void {
    const { prefix, scheduler } = this.#ports;
    const session: CallSession = new CallSession({
      id,
      iceServers,
      prefix,
      scheduler,
      api: this.#api,
      failed: this.#failed,
      changed: () => {
        this.#pulling.update(nowMs(this.#ports));
        this.#tell();
      },
      used: () => {
        this.#hasOffered = true;
        this.#tell();
      },
      broken: () => {
        if (this.#session === session) this.#dispatch({ type: "broken" });
      },
    });
    session.connection.addEventListener("connectionstatechange", () => {
      if (this.#session === session) this.#dispatch({ type: "pulse", heard: false, path: pathOf(session) });
    });
    this.#session = session;
    this.#meters.restart();
    this.#publishing.shape(this.#meters.step);
    this.#publishing.use(session);
    this.#pulling.use(session, nowMs(this.#ports));
  }

  async #probe(): Promise<void> {
    const session = this.#session;
    if (session === null) return;
    await this.#untilReached();
    if (this.#session !== session || this.#over.signal.aborted) return;
    const answer = await this.#api.probe(session.id, this.#over.signal);
    this.#isSilent = answer.kind === "unreachable" && answer.silent;
    if (this.#session === session) this.#dispatch({ type: "probed", answer: answerOf(answer) });
  }

  /** After a silence a server is waited for in another way than by asking again and again. */
  async #untilReached(): Promise<void> {
    if (!this.#isSilent) return;
    this.#reaching ??= this.#api.reach(this.#more, this.#over.signal).finally(() => {
      this.#isSilent = false;
      this.#reaching = null;
    });
    await this.#reaching;
  }

  /** Asked for once: they outlive every take, and a network that is just back has better to do. */
  async #iceServers(limit: AbortSignal): Promise<readonly RTCIceServer[] | null> {
    const sinceMs = nowMs(this.#ports);
    if (this.#servers !== null && sinceMs - this.#servers.sinceMs < SERVERS_LIFETIME_MS) return this.#servers.list;
    try {
      const list = await within(this.#ports.iceServers(), limit);
      this.#servers = { list, sinceMs };
      return list;
    } catch (error) {
      // Without a network there are none; that there is none is told already.
      if (!limit.aborted) this.#failed(error);
      return null;
    }
  }

  /** What it brought stays to be seen; nothing of it goes out. */
  #retire(): void {
    if (this.#session === null) return;
    this.#session.retire();
    this.#retired.push({ session: this.#session, sinceMs: nowMs(this.#ports) });
    this.#session = null;
    this.#publishing.use(null);
    this.#pulling.use(null, nowMs(this.#ports));
  }

  #drop(): void {
    this.#attempt++;
    const last = this.#session;
    if (last !== null) this.#leave(last);
    this.#retire();
    this.#publishing.forget();
    this.#pulling.forget();
    for (const { session } of this.#retired) session.drop();
    this.#retired = [];
    this.#tell();
  }

  /** Without it the others see the last picture until the SFU notices. */
  #leave({ id, connection }: CallSession): void {
    const sending = connection.getTransceivers().filter(({ direction }) => direction === "sendonly");
    const mids = sending.flatMap(({ mid }) => mid ?? []);
    if (mids.length > 0) this.#api.closeLines(id, mids).catch(this.#failed);
  }

  async #pulse(): Promise<void> {
    const { scheduler, self, clock } = this.#ports;
    while (!this.#over.signal.aborted) {
      await scheduler.delay(PULSE_MS, this.#over.signal);
      this.#pulses++;
      const session = this.#session;
      const isLive = session !== null && this.#healing.phase === "live";
      if (isLive) this.#events.levels(this.#meters.levels(self, this.#pulling, clock.wallMs()));
      if (this.#pulses % LISTEN_EVERY === 0) this.#listen(session).catch(this.#failed);
      if (this.#pulses % MEASURE_EVERY === 0 && isLive) this.#measure(session).catch(this.#failed);
    }
  }

  async #listen(session: CallSession | null): Promise<void> {
    if (this.#isListening) return;
    this.#isListening = true;
    const voice = this.#publishing.voice;
    let heard = false;
    try {
      if (session !== null && voice !== null) heard = await this.#meters.listen(voice);
    } finally {
      this.#isListening = false;
    }
    if (this.#session !== session || this.#over.signal.aborted) return;
    this.#dispatch({ type: "pulse", heard, path: session === null ? "new" : pathOf(session) });
  }

  async #measure(session: CallSession): Promise<void> {
    this.#dropRetired();
    this.#pulling.update(nowMs(this.#ports));
    if (this.#isMeasuring) return;
    this.#isMeasuring = true;
    const recorderSlow = this.#ports.recorderSlow();
    try {
      await this.#meters.measure(session.connection, this.#pulling, recorderSlow, nowMs(this.#ports));
    } finally {
      this.#isMeasuring = false;
    }
    if (this.#session !== session || this.#over.signal.aborted) return;
    this.#publishing.shape(this.#meters.step);
    this.#tell();
  }

  #dropRetired(): void {
    const beforeMs = nowMs(this.#ports) - RETIRED_MS;
    const isDue = (sinceMs: number): boolean => this.#pulling.isComplete || sinceMs < beforeMs;
    for (const { session, sinceMs } of this.#retired) if (isDue(sinceMs)) session.drop();
    this.#retired = this.#retired.filter(({ sinceMs }) => !isDue(sinceMs));
  }
}

function pathOf({ connection }: CallSession): "new" | "up" | "down" | "failed" {
  switch (connection.connectionState) {
    case "connected":
      return "up";
    case "disconnected":
      return "down";
    case "failed":
    case "closed":
      return "failed";
    case "new":
    case "connecting":
      return "new";
  }
}

/** What a failed attempt at a session means. */
function refusalOf(answer: Exclude<CallAnswer, { kind: "ok" }>): Exclude<Answer, "alive"> {
  return answer.kind === "busy" || answer.kind === "refused" ? "unreachable" : answer.kind;
}

/** What a probe's answer means: whoever says "later" is there. */
function answerOf(answer: CallAnswer): Answer {
  return answer.kind === "ok" || answer.kind === "busy" || answer.kind === "refused" ? "alive" : answer.kind;
}
