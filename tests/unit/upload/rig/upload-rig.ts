import type { UploadPorts } from "#core/upload/upload-ports.ts";
import { UploadEngine } from "#core/upload/upload-engine.ts";
import type { Source, TakeId, TrackId } from "#protocol/ids.ts";
import type { JournalMessage } from "#protocol/sw-messages.ts";
import type { EpochRow, SeatRow, TakeRow, TrackRow } from "#protocol/take-manifest.ts";
import { asLocal } from "#protocol/units.ts";
import { UNKNOWN_UPLOAD, type UploadState } from "#protocol/upload-rpc.ts";
import { hashOf, MemoryRepo, MemoryStore, nameOf, nodeHasher } from "./memory-device.ts";
import { MemoryLock } from "./memory-lock.ts";
import { MemoryServer } from "./memory-server.ts";
import { seededRandom, VirtualTime } from "./virtual-time.ts";

export const idOf = <Id extends string>(name: string): Id => name.padEnd(22, "-") as Id;

export interface TakePlan {
  readonly tracks: Partial<Record<Source, number>>;
  readonly alone?: boolean;
  readonly state?: TakeRow["state"];
  readonly startedMs?: number;
  readonly bytes?: number;
}

/** One uploader, with what it told last. */
export interface Uploader {
  readonly engine: UploadEngine;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  readonly told: UploadState[];
  state(): UploadState;
}

/** A device with a manifest and a journal, and a server; uploaders come and go. */
export class UploadRig {
  readonly time = new VirtualTime();
  readonly repo = new MemoryRepo();
  readonly store = new MemoryStore();
  readonly server = new MemoryServer(this.time);
  readonly lock = new MemoryLock();
  readonly hints: JournalMessage[] = [];
  readonly #random;
  #uploaders = 0;

  constructor(seed = 1) {
    this.#random = seededRandom(seed);
  }

  ports(owner: string): UploadPorts {
    return {
      repo: this.repo,
      store: this.store,
      transport: this.server,
      clock: this.time,
      scheduler: this.time,
      random: this.#random,
      lock: this.lock.of(owner),
      hasher: nodeHasher,
      journal: { tell: (message) => void this.hints.push(message) },
    };
  }

  /** An engine that is told nothing else; the page's way with `run`. */
  start(ports: Partial<UploadPorts> = {}): Uploader {
    const told: UploadState[] = [];
    const stop = new AbortController();
    const own = this.ports(`uploader ${++this.#uploaders}`);
    const engine = new UploadEngine({ ...own, ...ports }, (state) => told.push(state));
    const ended = engine.run(stop.signal);
    return { engine, stop, ended, told, state: () => told.at(-1) ?? UNKNOWN_UPLOAD };
  }

  /** A room on the server in which this device has a seat. */
  async seated(name = "room"): Promise<SeatRow> {
    const signal = new AbortController().signal;
    const created = await this.#now(this.server.createRoom({}, signal));
    if (created.kind !== "ok") throw new Error("no room");
    const { room, hostSecret } = created.value;
    const joined = await this.#now(this.server.join(room, { name, consent: true, hostSecret }, signal));
    if (joined.kind !== "ok") throw new Error("not joined");
    const seat: SeatRow = {
      ...joined.value,
      room,
      title: name,
      participantName: name,
      hostSecret,
      usedMs: this.time.wallMs(),
    };
    await this.repo.putSeat(seat);
    this.server.calls.length = 0;
    return seat;
  }

  async #now<Value>(answer: Promise<Value>): Promise<Value> {
    await this.time.pass(1000);
    return answer;
  }

  /** A take as the recorder leaves it. */
  async recorded(name: string, plan: TakePlan, seat?: SeatRow): Promise<TakeRow> {
    const take: TakeRow = {
      take: idOf<TakeId>(name),
      room: seat?.room ?? null,
      participant: seat?.participant ?? null,
      participantName: "Inês",
      title: name,
      startedMs: plan.startedMs ?? this.time.wallMs(),
      consentMs: this.time.wallMs(),
      zeroRoomUs: plan.alone ? null : 1,
      timeOriginMs: 0,
      state: plan.state ?? "stopped",
      stoppedMs: null,
    };
    await this.repo.putTake(take);
    for (const [source, epochs] of Object.entries(plan.tracks)) {
      const track = await this.track(take, source as Source, plan.state === "recording" ? "recording" : "closed");
      for (let seq = 0; seq < epochs; seq++) await this.sealed(track, seq, plan.bytes);
    }
    return take;
  }

  async track(take: TakeRow, source: Source, state: TrackRow["state"]): Promise<TrackRow> {
    const track: TrackRow = {
      track: idOf<TrackId>(`${take.take.replace(/-+$/, "")}-${source}`),
      take: take.take,
      source,
      label: source,
      trackZeroUs: asLocal(0),
      state,
      epochs: 0,
      gaps: [],
      endUs: state === "recording" ? null : 1,
      sealed: false,
    };
    await this.repo.putTrack(track);
    return track;
  }

  /** One more epoch: bytes, then row. */
  async sealed(track: TrackRow, seq: number, size = 1000): Promise<EpochRow> {
    const bytes = new Uint8Array(size).fill(seq + 1);
    bytes.set(new TextEncoder().encode(track.track));
    await this.store.write({ take: track.take, track: track.track, seq }, bytes);
    const row: EpochRow = {
      track: track.track,
      seq,
      take: track.take,
      bytes: bytes.byteLength,
      sha256: hashOf(bytes),
      run: 0,
      media: { kind: "audio", codec: "opus", sampleRate: 48_000, channels: 1 },
      firstUs: asLocal(seq * 2_000_000),
      endUs: asLocal((seq + 1) * 2_000_000),
      samples: 100,
      gaps: [],
      peaks: "",
      clock: null,
      receiptMs: null,
    };
    await this.repo.addEpoch(row);
    const rows = await this.repo.epochs(track.track);
    const now = this.repo.trackRows.get(track.track) ?? track;
    await this.repo.putTrack({ ...now, epochs: rows.length });
    return row;
  }

  /** Every receipt stands for the same bytes at the server. The one invariant that holds at any moment. */
  checkReceipts(): void {
    for (const row of this.repo.epochRows.values()) {
      const bytes = this.server.track(row.track)?.epochs.get(row.seq)?.bytes;
      if (row.receiptMs !== null && (!bytes || hashOf(bytes) !== row.sha256)) {
        throw new Error(`${nameOf(row)} has a receipt that the server does not stand by`);
      }
    }
  }

  allReceived(): boolean {
    return this.repo.left().length === 0;
  }

  allSealed(): boolean {
    return [...this.repo.trackRows.values()].every((track) => track.sealed);
  }
}
