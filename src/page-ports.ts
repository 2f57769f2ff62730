import type { TabMemory } from "#controllers/exports-access.ts";
import type { InstallPrompt, StudioKeyMemory } from "#controllers/home-controller.ts";
import type { ChatKeyMemory } from "#controllers/room-links.ts";
import type { NetworkHints } from "#controllers/server-reach.ts";
import { createViewCell, type ViewSource } from "#controllers/view-source.ts";

/** Small things of the window that controllers are given; each is made once, by the composition root. */

export function pageVisible(): ViewSource<boolean> {
  const visible = createViewCell(document.visibilityState === "visible");
  document.addEventListener("visibilitychange", () => visible.set(document.visibilityState === "visible"));
  return visible;
}

export function networkHints(): NetworkHints {
  return {
    online: () => navigator.onLine,
    changed(listener) {
      addEventListener("online", listener);
      addEventListener("offline", listener);
      return () => {
        removeEventListener("online", listener);
        removeEventListener("offline", listener);
      };
    },
  };
}

/** Chromium's `beforeinstallprompt`, which no standard library knows. */
interface InstallEvent extends Event {
  prompt(): Promise<unknown>;
}

function isInstallEvent(event: Event): event is InstallEvent {
  return "prompt" in event && typeof event.prompt === "function";
}

/** Call it before anything is awaited: the browser offers only once, early. */
export function installPrompt(report: (error: unknown) => void): InstallPrompt {
  const asApp = matchMedia("(display-mode: standalone)");
  let offer: InstallEvent | undefined;
  let installed = false;
  const state = () => ({ installed: installed || asApp.matches, installable: offer !== undefined });
  const view = createViewCell(state());
  addEventListener("beforeinstallprompt", (event) => {
    if (!isInstallEvent(event)) return;
    // the page offers it itself, where it does not stand in the way of a take
    event.preventDefault();
    offer = event;
    view.set(state());
  });
  addEventListener("appinstalled", () => {
    installed = true;
    offer = undefined;
    view.set(state());
  });
  asApp.addEventListener("change", () => view.set(state()));
  return {
    view,
    open() {
      // an offer can be used once, whatever the answer
      offer?.prompt().then(undefined, report);
      offer = undefined;
      view.set(state());
    },
  };
}

const STUDIO_KEY = "tapesync-studio-key";

export function studioKeyMemory(): StudioKeyMemory {
  return {
    get: () => withStorage(() => localStorage.getItem(STUDIO_KEY)) ?? undefined,
    set: (key) => withStorage(() => localStorage.setItem(STUDIO_KEY, key)),
    forget: () => withStorage(() => localStorage.removeItem(STUDIO_KEY)),
  };
}

export function tabMemory(): TabMemory {
  return {
    get: (key) => withStorage(() => sessionStorage.getItem(key)) ?? undefined,
    set: (key, value) => withStorage(() => sessionStorage.setItem(key, value)),
  };
}

/** Nothing is remembered where the browser blocks site data or has no space; nothing depends on it. */
function withStorage<Value>(use: () => Value): Value | undefined {
  try {
    return use();
  } catch (error) {
    if (error instanceof DOMException) return undefined;
    throw error;
  }
}

/** Takes the fragment out of the address bar and out of the history's present entry. */
export function clearHash(): void {
  history.replaceState(history.state, "", location.pathname + location.search);
}

/** For as long as this page lives where the browser keeps nothing. */
export function chatKeyMemory(): ChatKeyMemory {
  const kept = new Map<string, string>();
  const nameOf = (room: string): string => `tapesync-chat-key-${room}`;
  return {
    get: (room) => withStorage(() => localStorage.getItem(nameOf(room))) ?? kept.get(room),
    set(room, key) {
      kept.set(room, key);
      withStorage(() => localStorage.setItem(nameOf(room), key));
    },
  };
}

const NAME = "tapesync-name";

export function nameMemory(): { get(): string; set(name: string): void } {
  return {
    get: () => withStorage(() => localStorage.getItem(NAME)) ?? "",
    set: (name) => withStorage(() => localStorage.setItem(NAME, name)),
  };
}

/** Rejects when the browser does not allow it. */
export function copyText(text: string): Promise<void> {
  return navigator.clipboard.writeText(text);
}
