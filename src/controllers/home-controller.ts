import type { JournalChannel } from "#core/ports/journal-channel.ts";
import { isRoomApiError, isServerAway, type RoomApi, type RoomApiError } from "#core/ports/room-api.ts";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import type { Clock, Scheduler } from "#core/ports/time.ts";
import type { RoomCreated } from "#protocol/http-api.ts";
import type { TakeId } from "#protocol/ids.ts";
import type { SeatRow } from "#protocol/take-manifest.ts";
import type { UploadState } from "#protocol/upload-rpc.ts";
import { type DeviceTake, readDeviceTakes } from "./device-takes.ts";
import { createFiguresCache, type FiguresCache } from "./figures-cache.ts";
import { foundTakeView } from "./found-takes.ts";
import type { HomeModel, HomeView, LeftoverView } from "./home-view.ts";
import type { Problem } from "./problem-view.ts";
import { recentOf } from "./recent-rooms.ts";
import { createRefresher } from "./refresher.ts";
import { type MeasureSpace, minutesThatFit, type SpaceEstimate } from "./space-left.ts";
import { newRoomTitle } from "./take-titles.ts";
import type { TakeExports } from "./take-exports.ts";
import { etaOfBytes } from "./upload-eta.ts";
import { createViewCell, type ViewSource } from "./view-source.ts";

/** What the browser says of installing the app, and its own prompt. */
export interface InstallPrompt {
  readonly view: ViewSource<{ readonly installed: boolean; readonly installable: boolean }>;
  /** Opens the browser's prompt; call within the press. */
  open(): void;
}

/** The operator's studio key as this device remembers it. */
export interface StudioKeyMemory {
  get(): string | undefined;
  set(key: string): void;
  forget(): void;
}

/** The takes that this launch found cut short, and which of them the person has seen; lives as long as the page. */
export interface FoundTakes {
  readonly view: ViewSource<readonly TakeId[]>;
  dismiss(take: TakeId): void;
}

export interface HomePorts {
  readonly repo: TakeRepo;
  readonly roomApi: RoomApi;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly journal: JournalChannel;
  readonly uploads: ViewSource<UploadState>;
  readonly exports: TakeExports;
  readonly found: FoundTakes;
  readonly online: ViewSource<boolean>;
  readonly install: InstallPrompt;
  readonly studioKey: StudioKeyMemory;
  readonly measureSpace: MeasureSpace;
  /** Hears of faults that the page has no words for. */
  readonly report: (error: unknown) => void;
}

interface HomeFacts {
  readonly loading: boolean;
  readonly seats: readonly SeatRow[];
  readonly takes: readonly DeviceTake[];
  readonly space: SpaceEstimate | undefined;
}

interface Making {
  readonly making: boolean;
  readonly problem?: Problem;
  readonly studioKeyNeeded: boolean;
}

const NOTHING_READ: HomeFacts = { loading: true, seats: [], takes: [], space: undefined };

/** `/`: what this device knows, and the way into a new room. */
export function createHomeController(ports: HomePorts): HomeModel {
  const figures = createFiguresCache(ports.repo);
  let facts = NOTHING_READ;
  let making: Making = { making: false, studioKeyNeeded: false };
  const view = createViewCell<HomeView>(viewOf(ports, facts, making, figures));
  const show = (): void => view.set(viewOf(ports, facts, making, figures));
  const look = createRefresher(
    async (signal) => {
      const [takes, seats, space] = await Promise.all([
        readDeviceTakes(ports.repo),
        ports.repo.seats(),
        ports.measureSpace(),
      ]);
      if (signal.aborted) return;
      facts = { loading: false, seats, takes, space };
      show();
    },
    { ...ports, failed: ports.report },
  );
  const ways = [
    ports.journal.listen(() => look.ask()),
    ports.found.view.subscribe(() => {
      show();
      look.ask();
    }),
    ports.uploads.subscribe(show),
    ports.exports.view.subscribe(show),
    ports.online.subscribe(show),
    ports.install.view.subscribe(show),
  ];
  look.ask();
  return {
    view,
    newRoom: async (studioKey) => {
      if (making.making) return undefined;
      making = { making: true, studioKeyNeeded: making.studioKeyNeeded };
      show();
      const made = await makeRoom(ports, studioKey);
      making = {
        making: false,
        studioKeyNeeded: making.studioKeyNeeded || (!made.ok && made.studioKeyNeeded),
        ...(made.ok ? {} : { problem: made.problem }),
      };
      show();
      return made.ok ? made.path : undefined;
    },
    exportTake: (take) => ports.exports.start(take as TakeId),
    dismissFound: (take) => ports.found.dismiss(take as TakeId),
    install: () => ports.install.open(),
    close() {
      look.close();
      for (const leave of ways) leave();
    },
  };
}

function viewOf(ports: HomePorts, facts: HomeFacts, making: Making, figures: FiguresCache): HomeView {
  const uploads = ports.uploads.get();
  const unseen = ports.found.view.get();
  const exports = ports.exports.view.get();
  const leftover = leftoverOf(facts.takes, uploads);
  return {
    loading: facts.loading,
    recent: recentOf(facts.seats, facts.takes, uploads),
    found: facts.takes
      .filter((take) => unseen.includes(take.row.take) && take.totals.epochs > 0)
      .map((take) => foundTakeView(take, figures.now(take), uploads, exports[take.row.take])),
    ...(leftover === undefined ? {} : { leftover }),
    device: {
      ...spaceOf(facts.space),
      online: ports.online.get(),
      ...ports.install.view.get(),
    },
    ...making,
  };
}

function spaceOf(space: SpaceEstimate | undefined): Pick<HomeView["device"], "bytesFree" | "minutesFree"> {
  return space === undefined ? {} : { bytesFree: space.freeBytes, minutesFree: minutesThatFit(space.freeBytes) };
}

/** Takes that no page records any more and that still lack receipts. */
function leftoverOf(takes: readonly DeviceTake[], uploads: UploadState): LeftoverView | undefined {
  const left = takes.filter((take) => take.row.state !== "recording" && take.totals.pendingEpochs > 0);
  if (left.length === 0) return undefined;
  const bytes = left.reduce((sum, take) => sum + take.totals.bytes, 0);
  const kept = left.reduce((sum, take) => sum + take.totals.pendingBytes, 0);
  // the engine's count is fresher, but covers takes that are being recorded too
  const bytesLeft = uploads.phase === "draining" ? Math.min(kept, uploads.bytesLeft) : kept;
  const etaMs = etaOfBytes(bytesLeft, uploads);
  return {
    takes: left.length,
    bytesLeft,
    state: uploads.phase === "draining" ? "uploading" : "waiting",
    fraction: bytes === 0 ? 0 : 1 - bytesLeft / bytes,
    ...(etaMs === undefined ? {} : { etaMs }),
  };
}

type Made =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly studioKeyNeeded: boolean; readonly problem: Problem };

/** The seat with the host secret is on disk before anybody can open the room: without it nobody could be its host. */
async function makeRoom(ports: HomePorts, given: string | undefined): Promise<Made> {
  const remembered = ports.studioKey.get();
  try {
    const nowMs = ports.clock.wallMs();
    const title = newRoomTitle(nowMs);
    const created = await ports.roomApi.createRoom({ title }, given ?? remembered);
    await ports.repo.putSeat(hostSeat(created, title, nowMs));
    if (given !== undefined && given !== remembered) ports.studioKey.set(given);
    return { ok: true, path: `/r/${created.room}` };
  } catch (error) {
    if (isRoomApiError(error)) {
      if (error.reason === "studio-key-needed" && given === undefined) ports.studioKey.forget();
      return refusedRoom(error);
    }
    ports.report(error);
    return notMade("degraded", "The room was not made", "This device could not keep it. Press New room again.");
  }
}

function hostSeat({ room, hostSecret }: RoomCreated, title: string, wallMs: number): SeatRow {
  return {
    room,
    title,
    participant: null,
    participantName: "",
    role: "host",
    hostSecret,
    refreshSecret: null,
    token: null,
    tokenExpiresMs: 0,
    usedMs: wallMs,
  };
}

function refusedRoom(error: RoomApiError): Made {
  if (error.reason === "studio-key-needed") {
    return { ok: false, studioKeyNeeded: true, problem: { reason: "studio-key-needed" } };
  }
  if (isServerAway(error) && error.reason !== "rate-limited") {
    return notMade("info", "The server does not answer", "A room needs it. Record alone works without it.");
  }
  return notMade("info", "The room was not made", `The server says: ${error.message}`);
}

function notMade(severity: "info" | "degraded", title: string, text: string): Made {
  return { ok: false, studioKeyNeeded: false, problem: { reason: "other", severity, title, text } };
}
