import type { Random } from "#core/ports/time.ts";
import type { UploadTransport } from "#core/ports/upload-transport.ts";
import type { UploadPorts } from "#core/upload/upload-ports.ts";
import type { TrackRow } from "#protocol/take-manifest.ts";
import type { UploadKick } from "#protocol/upload-rpc.ts";
import type { Fault } from "../unit/upload/rig/memory-server.ts";
import { UploadRig, type Uploader } from "../unit/upload/rig/upload-rig.ts";
import { seededRandom } from "../unit/upload/rig/virtual-time.ts";

/** Virtual time during which things go wrong, and after which everything must have arrived. */
const STORM_MS = 10 * 60_000;
const CALM_MS = 30 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

/** What a seed has done, for the report of a failure. */
export interface Simulated {
  readonly operations: readonly string[];
  readonly faults: number;
  readonly deaths: number;
}

/** Thrown by a simulation whose seed breaks an invariant. */
export class SimulationFailure extends Error {
  constructor(seed: number, operations: readonly string[], cause: unknown) {
    super(`seed ${seed} failed: ${String(cause)}\n${operations.slice(-60).join("\n")}`, { cause });
    this.name = "SimulationFailure";
  }
}

/** A context that ends between any two of its awaits: from then on nothing that it waits for ever comes. */
class Life {
  #breaths: number;
  readonly #onDeath: () => void;
  isOver = false;

  constructor(breaths: number, onDeath: () => void) {
    this.#breaths = breaths;
    this.#onDeath = onDeath;
  }

  async breath(): Promise<void> {
    this.#breaths -= 1;
    if (this.#breaths <= 0 && !this.isOver) {
      this.isOver = true;
      this.#onDeath();
    }
    if (this.isOver) await new Promise(() => undefined);
  }

  /** The same port, for a context that may end before and after each of its calls. */
  mortal<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return async (...args: unknown[]) => {
          await this.breath();
          const value: unknown = await Reflect.apply(method, target, args);
          await this.breath();
          return value;
        };
      },
    });
  }
}

class Simulation {
  readonly #rig: UploadRig;
  readonly #random: Random;
  readonly operations: string[] = [];
  #uploaders: { uploader: Uploader; life: Life; owner: string }[] = [];
  #live: TrackRow[] = [];
  #isStormy = true;
  #owners = 0;
  #lostRooms = 0;
  faults = 0;
  deaths = 0;

  constructor(seed: number) {
    this.#rig = new UploadRig(seed);
    this.#random = seededRandom(seed ^ 0x5eed);
  }

  async run(): Promise<void> {
    await this.#record();
    this.#rig.server.faultFor = (call) => {
      const fault = this.#isStormy ? this.#fault() : null;
      if (!fault) return null;
      this.faults += 1;
      this.operations.push(`${this.#at()} ${call.name} ${call.seq ?? ""}: ${JSON.stringify(fault)}`);
      if (call.name === "createRoom") this.#lostRooms += 1;
      return fault;
    };
    this.#open();
    while (this.#rig.time.nowMs < STORM_MS) {
      await this.#rig.time.pass(this.#random.unit() * 8000);
      this.#check();
      await this.#happen();
    }
    await this.#calm();
  }

  /** From here on nothing goes wrong any more, and everything must arrive. */
  async #calm(): Promise<void> {
    this.operations.push(`${this.#at()} calm`);
    this.#isStormy = false;
    for (const track of this.#live) await this.#close(track);
    for (const take of await this.#rig.repo.takes()) await this.#rig.repo.putTake({ ...take, state: "stopped" });
    this.#open();
    await this.#rig.time.until(() => {
      this.#check();
      return this.#rig.allSealed();
    }, CALM_MS);
    const { epochRows } = this.#rig.repo;
    if (this.#rig.store.files.size !== epochRows.size) throw new Error("the journal has lost files");
    if (this.#rig.server.rooms.size > 2 + this.#lostRooms + this.deaths) throw new Error("rooms are made without end");
    for (const { uploader } of this.#uploaders) {
      uploader.stop.abort();
    }
  }

  #check(): void {
    this.#rig.checkReceipts();
    for (const { uploader } of this.#uploaders) {
      const state = uploader.state();
      if (state.problems.length > 0) throw new Error(`given up: ${JSON.stringify(state.problems)}`);
    }
  }

  async #record(): Promise<void> {
    const seat = await this.#rig.seated();
    await this.#rig.recorded("old", { tracks: { microphone: this.#upTo(8), camera: this.#upTo(8) } }, seat);
    await this.#rig.recorded("alone", { tracks: { microphone: this.#upTo(5) }, alone: true });
    const take = await this.#rig.recorded("live", { tracks: {}, state: "recording" }, seat);
    this.#live = [
      await this.#rig.track(take, "microphone", "recording"),
      await this.#rig.track(take, "camera", "recording"),
    ];
  }

  async #happen(): Promise<void> {
    const dice = this.#random.unit();
    if (dice < 0.5) await this.#seal();
    else if (dice < 0.6) this.#kick();
    else if (dice < 0.7) this.#open();
    else if (dice < 0.8) this.#kill();
    else if (dice < 0.85) this.#rig.server.expireTokens(60_000);
    else if (dice < 0.9) this.#rig.time.jumpWallClock((this.#random.unit() < 0.5 ? -1 : 1) * DAY_MS);
  }

  async #seal(): Promise<void> {
    for (const track of this.#live) {
      const rows = await this.#rig.repo.epochs(track.track);
      await this.#rig.sealed(track, rows.length);
    }
    for (const { uploader } of this.#uploaders) uploader.engine.kick("commit");
  }

  async #close(track: TrackRow): Promise<void> {
    const row = this.#rig.repo.trackRows.get(track.track) ?? track;
    await this.#rig.repo.putTrack({ ...row, state: "cut-short", endUs: 1 });
  }

  #kick(): void {
    const kicks: readonly UploadKick[] = ["online", "visible", "manifest", "person"];
    const why = kicks[this.#upTo(kicks.length) - 1] ?? "online";
    for (const { uploader } of this.#uploaders) uploader.engine.kick(why);
  }

  /** Another tab, or the service worker; it will live for so many awaits. */
  #open(): void {
    if (this.#isStormy && this.#uploaders.length >= 3) return;
    const owner = `context ${++this.#owners}`;
    const breaths = this.#isStormy ? this.#upTo(400) : Number.POSITIVE_INFINITY;
    const life = new Life(breaths, () => this.#died(owner));
    const ports = this.#rig.ports(owner);
    const mortal: Partial<UploadPorts> = {
      ...ports,
      repo: life.mortal(ports.repo),
      store: life.mortal(ports.store),
      transport: life.mortal(this.#guarded(ports.transport, owner, life)),
      hasher: life.mortal(ports.hasher),
      scheduler: life.mortal(ports.scheduler),
      lock: life.mortal(ports.lock),
    };
    this.operations.push(`${this.#at()} ${owner} opens`);
    this.#uploaders.push({ uploader: this.#rig.start(mortal), life, owner });
  }

  /** The invariant of the lock: nobody asks the server without holding it. */
  #guarded(transport: UploadTransport, owner: string, life: Life): UploadTransport {
    return new Proxy(transport, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return (...args: unknown[]) => {
          if (!life.isOver && this.#rig.lock.holder !== owner) {
            throw new Error(`${owner} asks without the lock of ${this.#rig.lock.holder}`);
          }
          return Reflect.apply(method, target, args);
        };
      },
    });
  }

  #kill(): void {
    const victim = this.#uploaders[this.#upTo(this.#uploaders.length) - 1];
    if (!victim) return;
    victim.life.isOver = true;
    this.#died(victim.owner);
  }

  #died(owner: string): void {
    if (!this.#uploaders.some((one) => one.owner === owner)) return;
    this.operations.push(`${this.#at()} ${owner} dies`);
    this.deaths += 1;
    this.#uploaders = this.#uploaders.filter((one) => one.owner !== owner);
    this.#rig.lock.died(owner);
  }

  #fault(): Fault | null {
    const when = this.#random.unit() < 0.5 ? "before" : "after";
    const dice = this.#random.unit() / 0.35;
    if (dice > 1) return null;
    if (dice < 0.25) return { kind: "drop", when };
    if (dice < 0.35) return { kind: "hang", when };
    if (dice < 0.45) return { kind: "busy", status: 503, retryAfterMs: this.#random.unit() * 5000 };
    if (dice < 0.52) return { kind: "busy", status: 500, retryAfterMs: null, when: "after" };
    if (dice < 0.6) return { kind: "busy", status: 429, retryAfterMs: this.#random.unit() * 20_000 };
    if (dice < 0.75) return { kind: "foreign", status: 200 };
    if (dice < 0.85) return { kind: "duplicate" };
    return { kind: "slow", ms: this.#random.unit() * 3000 };
  }

  /** 1…most. */
  #upTo(most: number): number {
    return 1 + Math.floor(this.#random.unit() * most);
  }

  #at(): string {
    return `${(this.#rig.time.nowMs / 1000).toFixed(1)} s`;
  }
}

/** One run. The same seed is the same run. @throws SimulationFailure with the seed and what happened */
export async function simulateUpload(seed: number): Promise<Simulated> {
  const simulation = new Simulation(seed);
  try {
    await simulation.run();
  } catch (error) {
    throw new SimulationFailure(seed, simulation.operations, error);
  }
  return simulation;
}
