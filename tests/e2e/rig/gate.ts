import { type ClientRequest, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { forwardUpgrade } from "./forward-upgrade.ts";

/** One request that went through the gate. `status`: `undefined` when no answer came back. */
export interface Passage {
  readonly method: string;
  readonly path: string;
  status: number | undefined;
}

/**
 * A reverse proxy before the studio: the browser talks to it, so that a test can hold requests back, cut them and read
 * which were sent, for pages and service workers alike. Bodies are passed on as they come.
 */
export interface Gate extends AsyncDisposable {
  readonly url: string;
  /** In the order in which they came. */
  readonly passages: readonly Passage[];
  /**
   * From now on requests that fit wait; returns the way to let them, and all others, through, but for the first so many: of a page
   * that is gone, and whose end a connection that is not read does not notice.
   */
  hold(fits: (method: string, path: string) => boolean): (drop?: number) => void;
  /** How many wait now. */
  waiting(): number;
  /** From now on every connection breaks, for all of the browser and before any page is there; returns the way back. */
  cut(): () => void;
  /** Resolves once `fits` says yes; asked after each request and each answer. */
  until(fits: (passages: readonly Passage[]) => boolean): Promise<void>;
}

interface Held {
  go(): void;
  drop(): void;
}

export const isEpochPut = (method: string, path: string): boolean => method === "PUT" && /\/epochs\/\d+$/.test(path);
export const isHaveList = (method: string, path: string): boolean => method === "GET" && path.endsWith("/epochs");

export async function openGate(studio: string): Promise<Gate> {
  const target = new URL(studio);
  const passages: Passage[] = [];
  const watchers = new Set<() => void>();
  const changed = () => {
    for (const watcher of [...watchers]) watcher();
  };
  let holding: ((method: string, path: string) => boolean) | undefined;
  let held: Held[] = [];

  const server = createServer((incoming, outgoing) => {
    const passage: Passage = { method: incoming.method ?? "", path: incoming.url ?? "/", status: undefined };
    passages.push(passage);
    changed();
    const go = () => forward(target, incoming, outgoing, passage, changed);
    const { pathname } = new URL(passage.path, studio);
    if (!holding?.(passage.method, pathname)) return go();
    incoming.pause();
    held.push({
      go: () => {
        // The page that asked may be gone by now.
        if (!outgoing.destroyed) go();
      },
      drop: () => outgoing.destroy(),
    });
    changed();
  });
  const open = new Set<Socket>();
  let isCut = false;
  server.on("connection", (socket: Socket) => {
    if (isCut) {
      socket.destroy();
      return;
    }
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  server.on("upgrade", (incoming, socket: Socket, head) => forwardUpgrade(target, incoming, socket, head));
  const port = await listen(server);

  return {
    url: `http://localhost:${port}`,
    passages,
    hold: (fits) => {
      holding = fits;
      return (drop = 0) => {
        holding = undefined;
        const waiting = held;
        held = [];
        for (const request of waiting.slice(0, drop)) request.drop();
        for (const request of waiting.slice(drop)) request.go();
      };
    },
    waiting: () => held.length,
    cut: () => {
      isCut = true;
      for (const socket of open) socket.destroy();
      return () => {
        isCut = false;
      };
    },
    until: (fits) =>
      new Promise((resolve) => {
        const watcher = () => {
          if (!fits(passages)) return;
          watchers.delete(watcher);
          resolve();
        };
        watchers.add(watcher);
        watcher();
      }),
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function listen(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (typeof address === "object" && address) resolve(address.port);
      else reject(new Error("the gate has no port"));
    });
  });
}

function forward(
  target: URL,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  passage: Passage,
  changed: () => void,
): void {
  const onward: ClientRequest = request(
    {
      host: "127.0.0.1",
      port: target.port,
      method: incoming.method,
      path: incoming.url,
      headers: incoming.rawHeaders,
    },
    (answer) => {
      passage.status = answer.statusCode;
      changed();
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(outgoing);
      answer.once("error", () => outgoing.destroy());
    },
  );
  // A studio that was killed, or a browser that has closed the page: the other side sees the same.
  onward.once("error", () => outgoing.destroy());
  outgoing.once("close", () => onward.destroy());
  incoming.pipe(onward);
}
