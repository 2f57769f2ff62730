/** The service worker's own global, with the parts of Chromium that the library of types does not know. */
declare const self: ServiceWorkerGlobalScope;

export interface SyncEvent extends ExtendableEvent {
  readonly tag: string;
  /** The browser will not try this tag again. */
  readonly lastChance: boolean;
}

/** Rules that the browser applies without starting this worker. */
interface RoutedInstallEvent extends ExtendableEvent {
  addRoutes?(rules: { condition: { urlPattern: string }; source: "network" }): Promise<void>;
}

export const worker: ServiceWorkerGlobalScope = self;

export function onSync(type: "sync" | "periodicsync", listener: (event: SyncEvent) => void): void {
  worker.addEventListener(type, (event) => listener(event as SyncEvent));
}

export function onInstall(listener: (event: RoutedInstallEvent) => void): void {
  worker.addEventListener("install", (event) => listener(event));
}
