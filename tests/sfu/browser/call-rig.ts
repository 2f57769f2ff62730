import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { stripTypeScriptTypes } from "node:module";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { openPlainBrowser } from "../../e2e/rig/browser.ts";
import { APP_ID, APP_SECRET, type SfuProcess } from "../sfu-process.ts";
import type { Call } from "./call-page.ts";

/** Until a page stands, on a machine that is slow and busy. */
const PATIENCE_MS = 90_000;

declare global {
  /** On the rig's page. */
  var call: Call;
}

export interface CallRig {
  readonly browser: Browser;
  /** A person: a context of their own, with a client that has made nothing yet. */
  person(): Promise<Page>;
  close(): Promise<void>;
}

/** Pages of one origin; what they ask below /sfu goes to the SFU with its secret, as the backend does it. */
export async function startCallRig(sfu: SfuProcess): Promise<CallRig> {
  const source = await readFile(new URL("call-page.ts", import.meta.url), "utf8");
  const script = stripTypeScriptTypes(source);
  const server = createServer((request, response) => {
    // A page that goes in the middle of a request, or an SFU that is not there.
    serve(sfu, script, request, response).catch((error: unknown) => {
      response.statusCode = 502;
      response.end(JSON.stringify({ errorCode: "unreachable", errorDescription: String(error) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await openPlainBrowser();
  return {
    browser,
    person: async () => {
      const page = await (await browser.newContext()).newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      await page.goto(`${origin}/`);
      await page.waitForFunction(() => "call" in globalThis);
      return page;
    },
    close: async () => {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serve(
  sfu: SfuProcess,
  script: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url ?? "/";
  if (path.startsWith("/sfu/")) {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const reply = await fetch(`${sfu.url}/apps/${APP_ID}/${path.slice("/sfu/".length)}`, {
      method: request.method ?? "GET",
      headers: { authorization: `Bearer ${APP_SECRET}` },
      ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
    });
    response.writeHead(reply.status, { "content-type": "application/json" });
    response.end(await reply.text());
    return;
  }
  const isScript = path === "/call-page.js";
  response.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html; charset=utf-8" });
  response.end(
    isScript ? script : '<!doctype html><title>Call</title><script type="module" src="/call-page.js"></script>',
  );
}
