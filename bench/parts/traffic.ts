import { createServer, request } from "node:http";

/** One request of a browser, as it passed by. */
export interface Passed {
  readonly path: string;
  /** `Sec-Fetch-Dest`: `script`, `worker`, `serviceworker`, `empty` for fetch() … */
  readonly dest: string;
  /** Wall clock, ms. */
  readonly atMs: number;
  type: string;
  encoding: string;
  /** Bytes of the body on the wire. */
  bytes: number;
}

export interface Traffic extends AsyncDisposable {
  readonly url: string;
  readonly passed: readonly Passed[];
}

/** A reverse proxy that writes down what a browser asks for: page, workers and service worker alike. */
export async function watchTraffic(studio: string): Promise<Traffic> {
  const target = new URL(studio);
  const passed: Passed[] = [];
  const server = createServer((incoming, outgoing) => {
    const entry: Passed = {
      path: incoming.url ?? "/",
      dest: String(incoming.headers["sec-fetch-dest"] ?? ""),
      atMs: Date.now(),
      type: "",
      encoding: "",
      bytes: 0,
    };
    passed.push(entry);
    const { method, url: path, rawHeaders: headers } = incoming;
    const onward = request({ host: "127.0.0.1", port: target.port, method, path, headers }, (answer) => {
      entry.type = answer.headers["content-type"] ?? "";
      entry.encoding = answer.headers["content-encoding"] ?? "";
      answer.on("data", (chunk: Buffer) => {
        entry.bytes += chunk.length;
      });
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(outgoing);
    });
    onward.once("error", () => outgoing.destroy());
    outgoing.once("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (typeof address === "object" && address) resolve(address.port);
    });
  });
  return {
    url: `http://localhost:${port}`,
    passed,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
