import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { SFU_ENTRY } from "./paths.ts";
import { errorCode, PlainError } from "./plain-error.ts";
import { claimPort } from "./ports.ts";
import { supervise } from "./supervised-process.ts";

const APP_ID = "embedded";
const SECRET_BYTES = 32;
const MAX_PORT = 65_535;

/** The embedded SFU as a child process that is started again when it dies, on the same ports with the same secret. */
export interface SfuService {
  /** What the backend must know of it. */
  readonly bindings: Readonly<Record<"REALTIME_API" | "REALTIME_APP_ID" | "REALTIME_APP_SECRET", string>>;
  stop(): Promise<void>;
}

export interface SfuOptions {
  /** `SFU_MEDIA_PORT` of the operator; empty: any free one. */
  readonly mediaPort: string;
  /** Start again when its sources change. */
  readonly watch: boolean;
  /** Called with every new process, or with undefined when there is none. */
  readonly onProcess: (pid: number | undefined) => void;
}

/** @throws {PlainError} when it does not come up the first time, or its media port is taken */
export async function startSfuService(options: SfuOptions): Promise<SfuService> {
  // The backend is told these once, so every later process must have the same.
  const port = await claimPort("127.0.0.1", 0);
  const mediaPort = await claimMediaPort(readPort(options.mediaPort));
  const secret = randomBytes(SECRET_BYTES).toString("base64url");
  const running = await supervise({
    name: "live call's SFU",
    tag: "sfu",
    entry: SFU_ENTRY,
    ready: /^sfu listening on \d+, media on \d+$/,
    environment: {
      SFU_HOST: "127.0.0.1",
      SFU_PORT: String(port),
      SFU_MEDIA_PORT: String(mediaPort),
      SFU_APP_ID: APP_ID,
      SFU_APP_SECRET: secret,
    },
    watch: options.watch,
    // A call waits for it.
    firstBackOffMs: 100,
    onProcess: options.onProcess,
  });
  return {
    bindings: {
      REALTIME_API: `http://127.0.0.1:${port}/v1`,
      REALTIME_APP_ID: APP_ID,
      REALTIME_APP_SECRET: secret,
    },
    stop: () => running.stop(),
  };
}

function readPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= MAX_PORT) return port;
  throw new PlainError(`SFU_MEDIA_PORT must be a number from 0 to ${MAX_PORT}, not "${text}".`);
}

function claimMediaPort(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket("udp4");
    socket.once("error", (error) => {
      const taken = errorCode(error) === "EADDRINUSE";
      reject(taken ? new PlainError(`UDP port ${port} (SFU_MEDIA_PORT) is taken. Choose another.`) : error);
    });
    socket.bind(port, () => {
      const claimed = socket.address().port;
      socket.close(() => resolve(claimed));
    });
  });
}
