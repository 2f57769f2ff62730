import {
  cleanupOutdatedCaches,
  createHandlerBoundToURL,
  type PrecacheEntry,
  precacheAndRoute,
} from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";
import { onInstall, worker } from "./scope.ts";

declare const self: ServiceWorkerGlobalScope & {
  /** Filled in by the build, which looks for this very expression: every file of the app, with its revision. */
  readonly __WB_MANIFEST: (string | PrecacheEntry)[];
};

/**
 * The whole app is kept on the device when the worker installs, and every page address is answered with it. The API is
 * never answered from here: neither a download's link nor an upload.
 */
export function serveAppShell(): void {
  precacheAndRoute(self.__WB_MANIFEST);
  cleanupOutdatedCaches();
  registerRoute(new NavigationRoute(createHandlerBoundToURL("/index.html"), { denylist: [/^\/api(\/|$)/] }));
  onInstall((event) => {
    // Uploads then do not even start this worker, where the browser knows such rules.
    if (event.addRoutes) event.waitUntil(event.addRoutes({ condition: { urlPattern: "/api/*" }, source: "network" }));
  });
  // The first visit is kept too, without a reload.
  worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
}
