import type { RenderContainer } from "./render-container.ts";
import type { RoomDurableObject } from "./room/room-do.ts";

/** Bindings and variables. An empty string counts as not set. Documented for operators in docs/spec/http-api.md. */
export interface Env {
  readonly BUCKET: R2Bucket;
  readonly ROOM: DurableObjectNamespace<RoomDurableObject>;
  /** The built page; without it only the API answers. */
  readonly ASSETS?: Fetcher;
  /** At least 32 characters; every token is signed with keys derived from it. */
  readonly SIGNING_SECRET: string;
  /** Where the render service listens; without it the container binding is used. */
  readonly RENDER_URL?: string;
  readonly RENDER?: DurableObjectNamespace<RenderContainer>;
  /** Where the render service reaches this backend; else `PUBLIC_URL`, else the origin that the host used. */
  readonly BACKEND_URL?: string;
  /** The origin that people type, when it is not the one that requests arrive with. */
  readonly PUBLIC_URL?: string;
  /** More origins that may open sockets, separated by commas or blanks. */
  readonly ALLOWED_ORIGINS?: string;
  /** The Realtime API of the live call, without a slash at its end; else Cloudflare's. */
  readonly REALTIME_API?: string;
  /** The app at that API, and what opens it. Without both there is no call. */
  readonly REALTIME_APP_ID?: string;
  readonly REALTIME_APP_SECRET?: string;
  /** A TURN key of Cloudflare's … */
  readonly TURN_KEY_ID?: string;
  readonly TURN_KEY_API_TOKEN?: string;
  /** … or TURN servers of the operator's own, separated by commas or blanks, and the secret that they share with this backend. */
  readonly TURN_URLS?: string;
  readonly TURN_SECRET?: string;
  /** Whoever makes a room must send it. */
  readonly STUDIO_KEY?: string;
  /** Days, fractions allowed; default 7. */
  readonly RETENTION_DAYS?: string;
  /** Rooms that one address may make, and participants that may join from it, per 10 minutes. */
  readonly RATE_LIMIT_ROOMS?: string;
  readonly RATE_LIMIT_JOINS?: string;
}

const DAY_MS = 86_400_000;

/** How long a take is kept after it began or was last delivered to. */
export function retentionMs(env: Env): number {
  return positive(env.RETENTION_DAYS, 7) * DAY_MS;
}

/** `text` as a number above 0, or `fallback` when it is none. */
export function positive(text: string | undefined, fallback: number): number {
  const value = Number(text);
  return Number.isFinite(value) && value > 0 ? value : fallback;
}

/** The origins whose pages may open a socket to a backend that is reached at `own`. */
export function allowedOrigins(env: Env, own: string): ReadonlySet<string> {
  const named = `${env.PUBLIC_URL ?? ""} ${env.ALLOWED_ORIGINS ?? ""}`.split(/[\s,]+/).filter((part) => part !== "");
  const origins = named.flatMap((part) => (URL.canParse(part) ? [new URL(part).origin] : []));
  return new Set([own, ...origins]);
}

/** Where the render service is told to reach this backend. */
export function backendUrl(env: Env, origin: string): string {
  return (env.BACKEND_URL || env.PUBLIC_URL || origin).replace(/\/+$/, "");
}
