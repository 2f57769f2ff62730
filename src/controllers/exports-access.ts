import { isRoomApiError, type RoomApi } from "#core/ports/room-api.ts";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import type { Clock } from "#core/ports/time.ts";
import type { TakeList } from "#protocol/http-api.ts";
import type { RoomId } from "#protocol/ids.ts";
import type { ExportsView } from "./exports-view.ts";
import type { SeatTokens } from "./seat-tokens.ts";

/** What stays in this tab over a reload, and nowhere else (`sessionStorage`). */
export interface TabMemory {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
}

export interface ExportsAccessPorts {
  readonly repo: Pick<TakeRepo, "seat">;
  readonly roomApi: Pick<RoomApi, "exportsAccess" | "takes" | "lobby">;
  readonly tokens: SeatTokens;
  readonly clock: Clock;
  readonly tab: TabMemory;
}

/** By which right this page shows a room's exports. Both calls throw RoomApiError. */
export interface ExportsAccess {
  readonly mode: ExportsView["mode"];
  /** Its links can be downloaded. */
  readonly mayRead: boolean;
  /** What a refusal by the server means. */
  readonly denied: "link-expired" | "not-allowed";
  /** Gets or lengthens the right to download, when it is due. */
  keep(): Promise<void>;
  /** The takes as they are now. */
  takes(signal: AbortSignal): Promise<TakeList>;
}

/** The cookie is asked for anew this often, well within the life of a token. */
const KEEP_US = 10 * 60 * 1_000_000;

/** The key of `#editor=KEY`; `undefined` when the address has none. */
export function editorKeyOf(hash: string): string | undefined {
  const key = /^#editor=([^&]+)/.exec(hash)?.[1];
  return key === undefined ? undefined : decode(key);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

/**
 * Finds the right by which this page shows a room's exports: the editor link that it was opened with (remembered for the
 * tab, since a reload has only the cookie left), this device's seat in the room, or a cookie that is still there. Asks
 * nobody: whether the right holds is seen at its first use.
 */
export async function findExportsAccess(
  room: RoomId,
  editorKey: string | undefined,
  ports: ExportsAccessPorts,
): Promise<ExportsAccess> {
  const openedByLink = `exports-editor-${room}`;
  if (editorKey !== undefined) {
    ports.tab.set(openedByLink, "1");
    return byEditorKey(room, editorKey, ports);
  }
  if (ports.tab.get(openedByLink) !== undefined) return byCookie(room, "link-expired", ports);
  const seat = await ports.repo.seat(room);
  if (seat === undefined) return byCookie(room, "not-allowed", ports);
  if (seat.participant === null) return byLobby(room, ports);
  return seat.role === "host" || seat.role === "cohost" ? byHostSeat(room, ports) : byGuestSeat(room, ports);
}

function byEditorKey(room: RoomId, key: string, { clock, roomApi }: ExportsAccessPorts): ExportsAccess {
  return {
    mode: "editor",
    mayRead: true,
    denied: "link-expired",
    keep: keeper(clock, () => roomApi.exportsAccess(room, key)),
    takes: (signal) => roomApi.takes(room, undefined, signal),
  };
}

function byCookie(room: RoomId, denied: ExportsAccess["denied"], { roomApi }: ExportsAccessPorts): ExportsAccess {
  return {
    mode: "editor",
    mayRead: true,
    denied,
    keep: nothingToKeep,
    takes: (signal) => roomApi.takes(room, undefined, signal),
  };
}

function byHostSeat(room: RoomId, { clock, roomApi, tokens }: ExportsAccessPorts): ExportsAccess {
  return {
    mode: "host",
    mayRead: true,
    denied: "not-allowed",
    keep: keeper(clock, () => tokens.withToken(room, (token) => roomApi.exportsAccess(room, token))),
    takes: (signal) => tokens.withToken(room, (token) => roomApi.takes(room, token, signal)),
  };
}

/** A guest sees how far the takes are; the files are the host's to give away. */
function byGuestSeat(room: RoomId, { roomApi, tokens }: ExportsAccessPorts): ExportsAccess {
  return {
    mode: "guest",
    mayRead: false,
    denied: "not-allowed",
    keep: nothingToKeep,
    takes: (signal) => tokens.withToken(room, (token) => roomApi.takes(room, token, signal)),
  };
}

/** The host who has not come in yet: nobody records without the host's Record, so there is nothing to show. */
function byLobby(room: RoomId, { roomApi }: ExportsAccessPorts): ExportsAccess {
  return {
    mode: "guest",
    mayRead: false,
    denied: "not-allowed",
    keep: nothingToKeep,
    takes: async (signal) => ({ room, title: (await roomApi.lobby(room, signal)).title, takes: [] }),
  };
}

const nothingToKeep = (): Promise<void> => Promise.resolve();

/** Asks at once and afterwards when the last answer is {@link KEEP_US} old. */
function keeper(clock: Clock, ask: () => Promise<unknown>): () => Promise<void> {
  let askedUs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (clock.nowUs() - askedUs < KEEP_US) return;
    await ask();
    askedUs = clock.nowUs();
  };
}

/** What a refusal of the server means to somebody with that right; `undefined` for what is no refusal. */
export function refusalOf(
  error: unknown,
  denied: ExportsAccess["denied"],
): NonNullable<ExportsView["refused"]> | undefined {
  if (!isRoomApiError(error)) return undefined;
  if (error.reason === "unauthorized" || error.reason === "refused") return denied;
  return error.reason === "not-found" || error.reason === "deleted" ? "room-not-found" : undefined;
}
