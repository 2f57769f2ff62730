import { createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { errorCode, PlainError } from "./plain-error.ts";

/** A studio that was killed a moment ago may hold its port until the system has cleaned up. */
const PATIENCE_MS = 3000;
const RETRY_MS = 100;

/**
 * Finds out whether a port can be had.
 * @returns the port; one that the system picked when `port` is 0
 * @throws {PlainError} when it is taken or not allowed
 */
export async function claimPort(host: string, port: number): Promise<number> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await tryListen(host, port);
    } catch (error) {
      const code = errorCode(error);
      if (code === "EACCES") throw new PlainError(`Port ${port} may not be used by this account. Choose another PORT.`);
      if (code === "EADDRNOTAVAIL") throw new PlainError(`This machine has no address ${host} (TAPESYNC_HOST).`);
      if (code !== "EADDRINUSE") throw error;
      if (Date.now() >= until)
        throw new PlainError(`Port ${port} is taken. Stop what uses it, or choose another PORT.`);
    }
    await wait(RETRY_MS);
  }
}

function tryListen(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const found = typeof address === "object" && address ? address.port : port;
      server.close(() => resolve(found));
    });
  });
}
