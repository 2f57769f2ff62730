import { SYNC_TAG_PREFIX } from "#protocol/sw-messages.ts";

/**
 * A tag is asked for anew this often while bytes are left: the browser gives up on one after three tries, and its first
 * pause is five minutes.
 */
const FRESH_TAG_EVERY_MS = 90_000;

/** Where the browser has it, how often it may wake us without any tag: it decides itself, at most about daily. */
const PERIODIC_MIN_MS = 12 * 60 * 60_000;

interface SyncRegistration {
  register(tag: string): Promise<void>;
}

interface PeriodicSyncRegistration {
  register(tag: string, options: { minInterval: number }): Promise<void>;
}

/** Chromium's parts of a registration; the DOM library does not know them. */
interface SyncingRegistration extends ServiceWorkerRegistration {
  readonly sync?: SyncRegistration;
  readonly periodicSync?: PeriodicSyncRegistration;
}

export interface BackgroundSyncPorts {
  readonly page: Document;
  readonly window: Window;
  /** Resolves to the registration; rejects when the browser has no service worker for this page. */
  readonly ready: () => Promise<ServiceWorkerRegistration>;
  /** A refused tag is no fault: the page uploads itself, and at the next visit again. */
  readonly note: (what: string) => void;
}

export interface BackgroundSync {
  /** Whether this device has epochs without a receipt. Every change to `true` asks for a fresh tag. */
  pending(isPending: boolean): void;
  stop(): void;
}

/**
 * Asks the browser to wake the service worker once this page is gone: when it is hidden or left, and every so often
 * while bytes are left. Each time with a fresh tag, since the same tag again does nothing while it is backing off.
 */
export function startBackgroundSync(ports: BackgroundSyncPorts): BackgroundSync {
  const tags = syncTags(ports);
  let isPending = false;
  /** While a take records, bytes come and go every second: that counts as pending until the next tag. */
  let wasPending = false;
  let askedMs = Number.NEGATIVE_INFINITY;
  const ask = (): void => {
    if (!wasPending) return;
    wasPending = isPending;
    askedMs = performance.now();
    tags.ask();
  };
  const hidden = (): void => {
    if (ports.page.visibilityState === "hidden") ask();
  };
  ports.page.addEventListener("visibilitychange", hidden);
  ports.window.addEventListener("pagehide", ask);
  const timer = ports.window.setInterval(ask, FRESH_TAG_EVERY_MS);
  return {
    pending(now) {
      isPending = now;
      wasPending ||= now;
      if (now && performance.now() - askedMs >= FRESH_TAG_EVERY_MS) ask();
    },
    stop() {
      ports.page.removeEventListener("visibilitychange", hidden);
      ports.window.removeEventListener("pagehide", ask);
      ports.window.clearInterval(timer);
    },
  };
}

/** Keeps the registration at hand: a page that is being left has no time to ask for it. */
function syncTags(ports: BackgroundSyncPorts): { ask(): void } {
  let registration: SyncingRegistration | null = null;
  let isWanted = false;
  let count = 0;
  let isPeriodic = false;
  const refused =
    (what: string) =>
    (error: unknown): void => {
      if (!isRefusal(error)) throw error;
      ports.note(`the browser refused ${what} (${error.name}: ${error.message})`);
    };
  const ask = (): void => {
    isWanted = true;
    if (registration === null) return;
    if (registration.sync === undefined) return ports.note("this browser has no background sync");
    count += 1;
    const tag = `${SYNC_TAG_PREFIX}${Date.now().toString(36)}-${count}`;
    registration.sync.register(tag).catch(refused("a background sync"));
    if (isPeriodic) return;
    isPeriodic = true;
    const minInterval = PERIODIC_MIN_MS;
    registration.periodicSync
      ?.register(`${SYNC_TAG_PREFIX}periodic`, { minInterval })
      .catch(refused("a periodic sync"));
  };
  const ready = (found: SyncingRegistration): void => {
    registration = found;
    if (isWanted) ask();
  };
  ports.ready().then(ready).catch(refused("a service worker"));
  return { ask };
}

/** No permission, no active worker, or the browser's own limit. */
function isRefusal(error: unknown): error is DOMException {
  return error instanceof DOMException;
}
