import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ApiError } from "../session/api-error.ts";
import { answer, type Reply, type RouteSetup } from "./routes.ts";

/** Longer than any operation waits for a connection. */
const REQUEST_TIMEOUT_MS = 20_000;

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws what listening on the port throws */
export async function listen(host: string, port: number, setup: RouteSetup): Promise<HttpServer> {
  const server = createServer((request, response) => void serve(request, response, setup));
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  // A backend that asks in the moment in which an idle connection ends would get an error.
  server.keepAliveTimeout = 65_000;
  await started(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function started(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function serve(request: IncomingMessage, response: ServerResponse, setup: RouteSetup): Promise<void> {
  const reply = await answer(request, setup).catch(refusal);
  const text = JSON.stringify(reply.body);
  // What was not read of a body that is too large would be taken for the next request.
  const ending = request.complete ? {} : { connection: "close" };
  response.writeHead(reply.status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...ending,
  });
  response.end(text);
}

function refusal(error: unknown): Reply {
  if (error instanceof ApiError) {
    return { status: error.status, body: { errorCode: error.code, errorDescription: error.message } };
  }
  console.error(error);
  return { status: 500, body: { errorCode: "internal_error", errorDescription: "Something went wrong in the SFU." } };
}
