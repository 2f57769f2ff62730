import { api } from "./app.ts";
import type { Env } from "./env.ts";
import { secure } from "./http/security-headers.ts";

export { RenderContainer } from "./render-container.ts";
export { RoomDurableObject } from "./room/room-do.ts";

/** `/api/*` is answered here, everything else by the built page; the binding knows which paths are the page's own. */
export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    const isApi = pathname === "/api" || pathname.startsWith("/api/");
    const response = isApi || !env.ASSETS ? await api.fetch(request, env, context) : await env.ASSETS.fetch(request);
    return secure(response, request);
  },
} satisfies ExportedHandler<Env>;
