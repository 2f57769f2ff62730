import path from "node:path";
import { PlainError } from "./plain-error.ts";
import { ROOT } from "./paths.ts";

const DEFAULT_PORT = 8787;
const MAX_PORT = 65_535;

/** What the environment says about a studio on one machine. */
export interface StudioSettings {
  /** Address to listen on; only this machine unless TAPESYNC_HOST says otherwise. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Holds everything that must outlive a restart. */
  readonly dataDir: string;
  /** The address that people use, when it is not http://localhost:PORT (a proxy with TLS before the studio). */
  readonly publicUrl: string | undefined;
  /** A render service that runs elsewhere; without it one is started here. */
  readonly renderUrl: string | undefined;
  /** Whether the call runs over an app at a Realtime API elsewhere; otherwise the embedded SFU is started. */
  readonly hasOtherSfu: boolean;
  /** Holds values for the backend's own variables, see `vars` in wrangler.jsonc. */
  readonly environment: NodeJS.ProcessEnv;
}

/** @throws {PlainError} when a value makes no sense */
export function readSettings(environment: NodeJS.ProcessEnv): StudioSettings {
  return {
    host: environment["TAPESYNC_HOST"] || "127.0.0.1",
    port: readPort(environment["PORT"]),
    dataDir: path.resolve(ROOT, environment["TAPESYNC_DATA"] || ".tapesync"),
    publicUrl: readUrl("PUBLIC_URL", environment["PUBLIC_URL"]),
    renderUrl: readUrl("RENDER_URL", environment["RENDER_URL"]),
    hasOtherSfu: Boolean(environment["REALTIME_APP_ID"] && environment["REALTIME_APP_SECRET"]),
    environment,
  };
}

function readPort(text: string | undefined): number {
  if (!text) return DEFAULT_PORT;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= MAX_PORT) return port;
  throw new PlainError(`PORT must be a number from 0 to ${MAX_PORT}, not "${text}".`);
}

function readUrl(name: string, text: string | undefined): string | undefined {
  if (!text) return undefined;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new PlainError(`${name} must be an http or https address, not "${text}".`);
}
