import * as v from "valibot";
import { messageSW, Workbox } from "workbox-window";
import { skipWaitingReply } from "#protocol/sw-messages.ts";

/** An app that stays open for days looks for a new version this often. */
const LOOK_EVERY_MS = 60 * 60_000;

export interface AppUpdateEvents {
  /** The app shell is kept on this device: from now on it opens without a network. */
  offlineReady(): void;
  /** A new version waits, or has taken over while this page still runs the old one. */
  updateReady(): void;
}

export interface AppUpdates {
  /**
   * Lets the new version take over and reloads the page. Call it when the person asks for it, and never while a take
   * runs or an upload is under way; while any page of this origin records, the service worker refuses.
   * `nothing`: no version waits.
   */
  applyUpdate(): Promise<"reloading" | "recording" | "nothing">;
  stop(): void;
}

export interface AppUpdatePorts {
  readonly container: ServiceWorkerContainer;
  readonly reload: () => void;
  /** The browser refused the service worker (private window, no space); everything works without, but not offline. */
  readonly note: (what: string) => void;
  /** Address of the service worker. */
  readonly script: string;
}

/** Registers the service worker and watches for new versions. It never reloads by itself. */
export function startAppUpdate(ports: AppUpdatePorts, events: AppUpdateEvents): AppUpdates {
  const workbox = new Workbox(ports.script);
  let registration: ServiceWorkerRegistration | undefined;
  let asked = false;
  let replaced = false;
  workbox.addEventListener("activated", (event) => {
    if (!event.isUpdate) events.offlineReady();
  });
  workbox.addEventListener("waiting", () => events.updateReady());
  workbox.addEventListener("controlling", (event) => {
    if (asked) return ports.reload();
    if (!event.isUpdate) return;
    // Another tab has asked for it: this page goes on with the old version until its person wants to.
    replaced = true;
    events.updateReady();
  });
  const register = async (): Promise<void> => {
    try {
      registration = await workbox.register();
      if (registration?.active && ports.container.controller) events.offlineReady();
    } catch (error) {
      if (!isRegistrationRefused(error)) throw error;
      ports.note(`no service worker: ${error.message}`);
    }
  };
  void register();
  const timer = setInterval(() => void look(registration, ports), LOOK_EVERY_MS);
  return {
    async applyUpdate() {
      if (replaced) {
        ports.reload();
        return "reloading";
      }
      const waiting = registration?.waiting;
      if (!waiting) return "nothing";
      asked = true;
      const reply = v.parse(skipWaitingReply, await messageSW(waiting, { type: "SKIP_WAITING" }));
      asked = reply.taken;
      return reply.taken ? "reloading" : "recording";
    },
    stop: () => clearInterval(timer),
  };
}

async function look(registration: ServiceWorkerRegistration | undefined, ports: AppUpdatePorts): Promise<void> {
  try {
    await registration?.update();
  } catch (error) {
    // Offline, or the registration is gone: the next look may fare better.
    if (!isRegistrationRefused(error)) throw error;
    ports.note(`no look for a new version: ${error.message}`);
  }
}

/** A script that cannot be loaded is a TypeError, everything else that may happen a DOMException. */
function isRegistrationRefused(error: unknown): error is Error {
  return error instanceof TypeError || error instanceof DOMException;
}
