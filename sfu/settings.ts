import { isIP } from "node:net";

/** What the environment says about the SFU; docs/spec/realtime-sfu.md lists the variables. */
export interface SfuSettings {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly appId: string;
  readonly appSecret: string;
  /** 0: any free UDP port. */
  readonly mediaPort: number;
  /** Undefined: all addresses of the machine. */
  readonly mediaBind: string | undefined;
  /** Addresses that clients reach this machine under; empty: its own. */
  readonly announce: readonly string[];
  readonly maxSessions: number;
  /** 0: the browsers' own default. */
  readonly startKbps: number;
  /** Tracks without packets are dropped and requests are counted, as Cloudflare does. */
  readonly strict: boolean;
}

const MIN_SECRET_LENGTH = 16;
const MAX_PORT = 65_535;
/** 20 people in 20 rooms with two sessions each. */
const DEFAULT_MAX_SESSIONS = 800;
/** Enough for 360p at once, and less than most uplinks carry. */
const DEFAULT_START_KBPS = 1200;

/** @throws {Error} with a message for the operator */
export function readSettings(environment: NodeJS.ProcessEnv): SfuSettings {
  const text = (name: string) => environment[name] || undefined;
  const number = (name: string, otherwise: number, highest: number): number => {
    const value = Number(text(name) ?? otherwise);
    if (Number.isInteger(value) && value >= 0 && value <= highest) return value;
    throw new Error(`${name} must be a whole number from 0 to ${highest}.`);
  };
  const appSecret = text("SFU_APP_SECRET") ?? "";
  if (appSecret.length < MIN_SECRET_LENGTH) {
    throw new Error(`SFU_APP_SECRET must have at least ${MIN_SECRET_LENGTH} characters.`);
  }
  const announce = (text("SFU_ANNOUNCE") ?? "").split(",").flatMap((part) => part.trim() || []);
  if (!announce.every((address) => isIP(address) > 0)) throw new Error("SFU_ANNOUNCE must be IP addresses.");
  const mediaBind = text("SFU_MEDIA_BIND");
  if (mediaBind !== undefined && isIP(mediaBind) === 0) throw new Error("SFU_MEDIA_BIND must be an IP address.");
  return {
    host: text("SFU_HOST") ?? "127.0.0.1",
    port: number("SFU_PORT", 0, MAX_PORT),
    appId: text("SFU_APP_ID") ?? "embedded",
    appSecret,
    mediaPort: number("SFU_MEDIA_PORT", 0, MAX_PORT),
    mediaBind,
    announce: announce.length === 0 && mediaBind !== undefined ? [mediaBind] : announce,
    maxSessions: number("SFU_MAX_SESSIONS", DEFAULT_MAX_SESSIONS, 100_000),
    startKbps: number("SFU_START_KBPS", DEFAULT_START_KBPS, 100_000),
    strict: text("SFU_STRICT") !== "0",
  };
}
