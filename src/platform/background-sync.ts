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
  let isPending = false;
  let tags = 0;
  const ask = async (): Promise<void> => {
    if (!isPending) return;
    tags += 1;
    const tag = `${SYNC_TAG_PREFIX}${Date.now().toString(36)}-${tags}`;
    const refused = await registerTag(ports, tag);
    if (refused !== null) ports.note(refused);
  };
  const hidden = (): void => {
    if (ports.page.visibilityState === "hidden") void ask();
  };
  const left = (): void => void ask();
  ports.page.addEventListener("visibilitychange", hidden);
  ports.window.addEventListener("pagehide", left);
  const timer = ports.window.setInterval(left, FRESH_TAG_EVERY_MS);
  return {
    pending(now) {
      const began = now && !isPending;
      isPending = now;
      if (began) void ask();
    },
    stop() {
      ports.page.removeEventListener("visibilitychange", hidden);
      ports.window.removeEventListener("pagehide", left);
      ports.window.clearInterval(timer);
    },
  };
}

/** @returns why not, or `null`. */
async function registerTag(ports: BackgroundSyncPorts, tag: string): Promise<string | null> {
  try {
    const registration: SyncingRegistration = await ports.ready();
    if (registration.sync === undefined) return "this browser has no background sync";
    await registration.sync.register(tag);
    await registration.periodicSync?.register(`${SYNC_TAG_PREFIX}periodic`, { minInterval: PERIODIC_MIN_MS });
    return null;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return `the browser refused a background sync (${error.name}: ${error.message})`;
  }
}

/** No permission, no active worker, or the browser's own limit. */
function isRefusal(error: unknown): error is DOMException {
  return error instanceof DOMException;
}
