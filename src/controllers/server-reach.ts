import type { RoomApi } from "#core/ports/room-api.ts";
import type { Scheduler } from "#core/ports/time.ts";
import type { UploadState, UploadWait } from "#protocol/upload-rpc.ts";
import { createViewCell, type ViewSource } from "./view-source.ts";

/** What the browser believes; it says "online" behind a captive portal, and "offline" beside a server on this machine. */
export interface NetworkHints {
  /** `navigator.onLine` */
  online(): boolean;
  /** The browser thinks that the network came or went. Returns the way out. */
  changed(listener: () => void): () => void;
}

export interface ServerReachPorts {
  readonly roomApi: Pick<RoomApi, "health">;
  readonly uploads: ViewSource<UploadState>;
  readonly hints: NetworkHints;
  readonly scheduler: Scheduler;
}

export interface ServerReach {
  /** True until a server did not answer. */
  readonly online: ViewSource<boolean>;
  /** Somebody else of this page (the room's socket) has heard from the server, or could not reach it. */
  heard(): void;
  missed(): void;
  close(): void;
}

/** Between two questions while no server answers: the strip is gone soon after the network is back. */
const ASK_EVERY_MS = 5_000;

/** Waits of the engine that mean that no server of ours was reached. */
const AWAY: ReadonlySet<UploadWait> = new Set<UploadWait>([
  "offline",
  "server-silent",
  "server-error",
  "captive-portal",
]);

/**
 * Whether a server answers. A hint (the browser's, the engine's, the socket's) is never taken at its word: it makes
 * the page ask `GET /api/health`, and that answer counts. While none comes it asks again every 5 s.
 */
export function createServerReach(ports: ServerReachPorts): ServerReach {
  const online = createViewCell(true);
  const closing = new AbortController();
  let asking = false;
  const ask = async (): Promise<void> => {
    if (asking || closing.signal.aborted) return;
    asking = true;
    try {
      while (!closing.signal.aborted) {
        const answers = await answersNow(ports.roomApi, closing.signal);
        if (closing.signal.aborted) return;
        online.set(answers);
        if (answers) return;
        await ports.scheduler.delay(ASK_EVERY_MS, closing.signal);
      }
    } catch (error) {
      if (!closing.signal.aborted) throw error;
    } finally {
      asking = false;
    }
  };
  const hint = (): void => void ask();
  const ways = [
    ports.hints.changed(hint),
    ports.uploads.subscribe(({ phase, reason }) => {
      if (reason !== null && AWAY.has(reason)) hint();
      // bytes move: no need to ask
      else if (phase === "draining" && reason === null) online.set(true);
    }),
  ];
  if (!ports.hints.online()) hint();
  return {
    online,
    heard: () => online.set(true),
    missed: hint,
    close() {
      closing.abort();
      for (const leave of ways) leave();
    },
  };
}

async function answersNow(roomApi: Pick<RoomApi, "health">, signal: AbortSignal): Promise<boolean> {
  try {
    await roomApi.health(signal);
    return true;
  } catch {
    // whatever it was, no server of ours has answered
    return false;
  }
}
