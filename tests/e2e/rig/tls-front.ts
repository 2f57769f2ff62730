import { request } from "node:http";
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { selfSigned } from "./certificate.ts";
import { forwardUpgrade } from "./forward-upgrade.ts";
import { isEpochPut } from "./gate.ts";

/** One epoch as it came in. */
export interface EpochArrival {
  readonly path: string;
  /** `2.0`, `1.1` */
  readonly httpVersion: string;
  /** As sent; `undefined`: not. */
  readonly contentLength: string | undefined;
  readonly uploadLength: string | undefined;
  /** When how much of the body came, `performance.now()`, ms. */
  readonly parts: { readonly atMs: number; readonly bytes: number }[];
  status: number | undefined;
}

/** What a deployment has before the studio: TLS and HTTP/2 for pages, HTTP/1.1 for sockets. Bodies are passed on as they come. */
export interface TlsFront extends AsyncDisposable {
  readonly url: string;
  readonly epochs: readonly EpochArrival[];
  /** Where the studio is. Before that everything is 503. */
  forwardTo(studio: string): void;
  /** From now on nothing of any take is let through, so that a device has something to upload; returns the way back. */
  hold(): () => void;
}

/** As much as a large provider's servers take unasked, so that it is not the server that keeps a client from flooding its line. */
const WINDOW_BYTES = 1024 * 1024;

/** @param address of this machine, as the browser sees it */
export async function openTlsFront(address: string): Promise<TlsFront> {
  const epochs: EpochArrival[] = [];
  let target: URL | undefined;
  let holding = false;
  const server = createSecureServer(
    { ...selfSigned(address), allowHTTP1: true, settings: { initialWindowSize: WINDOW_BYTES } },
    (incoming, outgoing) => {
      const isOfTake = /\/takes\/./.test(incoming.url);
      if (!target || (holding && isOfTake)) {
        outgoing.writeHead(503);
        outgoing.end();
        incoming.resume();
        return;
      }
      forward(target, incoming, outgoing, noted(epochs, incoming));
    },
  );
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  server.on("session", (session) => session.setLocalWindowSize(WINDOW_BYTES));
  // A browser that goes in the middle of its handshake or of a request is no fault of the front's.
  for (const broken of ["sessionError", "tlsClientError"]) server.on(broken, () => undefined);
  server.on("upgrade", (incoming: Http2ServerRequest, socket: Socket, head: Buffer) => {
    if (target) forwardUpgrade(target, incoming, socket, head);
    else socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return {
    url: `https://${address}:${(server.address() as AddressInfo).port}`,
    epochs,
    forwardTo: (studio) => {
      target = new URL(studio);
    },
    hold: () => {
      holding = true;
      return () => {
        holding = false;
      };
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

function noted(epochs: EpochArrival[], incoming: Http2ServerRequest): EpochArrival | undefined {
  if (!isEpochPut(incoming.method, incoming.url)) return undefined;
  const arrival: EpochArrival = {
    path: incoming.url,
    httpVersion: incoming.httpVersion,
    contentLength: incoming.headers["content-length"],
    uploadLength: incoming.headers["upload-length"]?.toString(),
    parts: [],
    status: undefined,
  };
  epochs.push(arrival);
  incoming.on("data", (part: Buffer) => arrival.parts.push({ atMs: performance.now(), bytes: part.length }));
  return arrival;
}

/** Headers that belong to a connection of HTTP/1.1 and are forbidden in HTTP/2. */
const OF_THE_CONNECTION = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection"]);

function forward(
  target: URL,
  incoming: Http2ServerRequest,
  outgoing: Http2ServerResponse,
  arrival: EpochArrival | undefined,
): void {
  const headers = Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => !name.startsWith(":")));
  headers["host"] = incoming.headers[":authority"] ?? incoming.headers.host;
  const onward = request(
    { host: target.hostname, port: target.port, method: incoming.method, path: incoming.url, headers },
    (answer) => {
      if (arrival) arrival.status = answer.statusCode;
      const theirs = Object.entries(answer.headers).filter(([name]) => !OF_THE_CONNECTION.has(name));
      outgoing.writeHead(answer.statusCode ?? 502, Object.fromEntries(theirs));
      answer.pipe(outgoing as unknown as NodeJS.WritableStream);
      answer.once("error", () => outgoing.destroy());
    },
  );
  onward.once("error", () => outgoing.destroy());
  outgoing.once("close", () => onward.destroy());
  incoming.pipe(onward);
}
