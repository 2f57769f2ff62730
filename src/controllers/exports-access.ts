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

/** What this page may see, and by which right. */
export interface ExportsAccess {
  readonly mode: ExportsView["mode"];
  /** Its links can be downloaded. */
  readonly mayRead: boolean;
  /** The takes as they are now. @throws RoomApiError */
  takes(signal: AbortSignal): Promise<TakeList>;
  /** Lengthens the right to download when it is due. @throws RoomApiError */
  keep(): Promise<void>;
}

export type ExportsRight = ExportsAccess | { readonly refused: NonNullable<ExportsView["refused"]> };

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
 * Finds out by which right this page shows a room's exports: the editor link that it was opened with (in this tab, since
 * a reload has only the cookie left), this device's seat in the room, or a cookie that is still there.
 * @throws RoomApiError when the server cannot be asked.
 */
export async function findExportsRight(
  room: RoomId,
  editorKey: string | undefined,
  ports: ExportsAccessPorts,
): Promise<ExportsRight> {
  const openedByLink = `exports-editor-${room}`;
  if (editorKey !== undefined) ports.tab.set(openedByLink, "1");
  if (editorKey !== undefined) return editorByKey(room, editorKey, ports);
  if (ports.tab.get(openedByLink) !== undefined) return byCookie(room, "link-expired", ports);
  const seat = await ports.repo.seat(room);
  if (seat === undefined) return byCookie(room, "not-allowed", ports);
  if (seat.participant === null) return hostWhoHasNotJoined(room, ports);
  const right = await seatRight(room, seat.role === "host" || seat.role === "cohost" ? "host" : "guest", ports);
  return right;
}

async function editorByKey(room: RoomId, key: string, ports: ExportsAccessPorts): Promise<ExportsRight> {
  const keep = keeper(ports.clock, () => ports.roomApi.exportsAccess(room, key));
  return orRefused("link-expired", async () => {
    await keep();
    return { mode: "editor", mayRead: true, takes: (signal) => ports.roomApi.takes(room, undefined, signal), keep };
  });
}

async function byCookie(
  room: RoomId,
  refused: "link-expired" | "not-allowed",
  ports: ExportsAccessPorts,
): Promise<ExportsRight> {
  const takes = (signal?: AbortSignal): Promise<TakeList> => ports.roomApi.takes(room, undefined, signal);
  return orRefused(refused, async () => {
    await takes();
    return { mode: "editor", mayRead: true, takes, keep: async () => {} };
  });
}

async function seatRight(room: RoomId, mode: "host" | "guest", ports: ExportsAccessPorts): Promise<ExportsRight> {
  const { tokens, roomApi } = ports;
  const takes = (signal?: AbortSignal): Promise<TakeList> =>
    tokens.withToken(room, (token) => roomApi.takes(room, token, signal));
  const keep = keeper(ports.clock, () => tokens.withToken(room, (token) => roomApi.exportsAccess(room, token)));
  return orRefused("not-allowed", async () => {
    if (mode === "host") {
      await keep();
      return { mode, mayRead: true, takes, keep };
    }
    // a guest sees how far the takes are; the files are the host's to give away
    await takes();
    return { mode, mayRead: false, takes, keep: async () => {} };
  });
}

/** Nobody records without the host's Record, and the host has not come in: there is nothing to show yet. */
async function hostWhoHasNotJoined(room: RoomId, ports: ExportsAccessPorts): Promise<ExportsRight> {
  const takes = async (signal?: AbortSignal): Promise<TakeList> => {
    const { title } = await ports.roomApi.lobby(room, signal);
    return { room, title, takes: [] };
  };
  return orRefused("not-allowed", async () => {
    await takes();
    return { mode: "guest", mayRead: false, takes, keep: async () => {} };
  });
}

/** Asks at once and afterwards when the last answer is {@link KEEP_US} old. */
function keeper(clock: Clock, ask: () => Promise<unknown>): () => Promise<void> {
  let askedUs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (clock.nowUs() - askedUs < KEEP_US) return;
    await ask();
    askedUs = clock.nowUs();
  };
}

/** What a refusal of the server means to somebody with that right; anything else is thrown on. */
export function refusalOf(
  error: unknown,
  denied: "link-expired" | "not-allowed",
): NonNullable<ExportsView["refused"]> | undefined {
  if (!isRoomApiError(error)) return undefined;
  if (error.reason === "unauthorized" || error.reason === "refused") return denied;
  return error.reason === "not-found" || error.reason === "deleted" ? "room-not-found" : undefined;
}

async function orRefused(
  denied: "link-expired" | "not-allowed",
  ask: () => Promise<ExportsAccess>,
): Promise<ExportsRight> {
  try {
    return await ask();
  } catch (error) {
    const refused = refusalOf(error, denied);
    if (refused === undefined) throw error;
    return { refused };
  }
}
