import { describe, expect, it, vi } from "vitest";
import { LendingHeaders } from "#call/lent-fetch.ts";
import { MORE, reachServer } from "#call/reach-server.ts";
import { onlyStopped } from "#call/session-gate.ts";
import { within } from "#call/within.ts";

/** Asks that are answered by hand, and ten seconds that pass by hand. */
function silentServer() {
  const asked: { answer: () => void; fail: () => void; signal: AbortSignal }[] = [];
  let pass: () => void = () => undefined;
  return {
    asked,
    ask: (signal: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        asked.push({ answer: resolve, fail: () => reject(new TypeError("Failed to fetch")), signal });
      }),
    scheduler: {
      delay: (_ms: number, signal?: AbortSignal) => {
        const passed = new Promise<void>((resolve) => {
          pass = resolve;
        });
        return signal ? within(passed, signal) : passed;
      },
    },
    async tenSeconds(): Promise<void> {
      pass();
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    },
  };
}

describe("waiting for a server that was silent", () => {
  it("[CA19] one request more every ten seconds, five at most; the first answer ends it, and none is given up", async () => {
    const server = silentServer();
    const reached = reachServer(server.ask, server.scheduler, new EventTarget(), new AbortController().signal);
    const counts: number[] = [];
    for (let time = 0; time < 8; time++) {
      counts.push(server.asked.length);
      await server.tenSeconds();
    }
    expect(counts).toEqual([1, 2, 3, 4, 5, 5, 5, 5]);
    server.asked[2]?.answer();
    await reached;
    expect(server.asked.map(({ signal }) => signal.aborted)).toEqual([false, false, false, false, false]);
  });

  it("[CA19] told that the network is back: one request more at once", async () => {
    const server = silentServer();
    const more = new EventTarget();
    const reached = reachServer(server.ask, server.scheduler, more, new AbortController().signal);
    more.dispatchEvent(new Event(MORE));
    expect(server.asked).toHaveLength(2);
    server.asked[1]?.answer();
    await reached;
    more.dispatchEvent(new Event(MORE));
    expect(server.asked).toHaveLength(2);
  });

  it("[CA19] a way that fails at once is no silence; a closed call gives all of them up", async () => {
    const failing = silentServer();
    const reached = reachServer(failing.ask, failing.scheduler, new EventTarget(), new AbortController().signal);
    failing.asked[0]?.fail();
    await reached;
    const closed = new AbortController();
    const server = silentServer();
    const ended = reachServer(server.ask, server.scheduler, new EventTarget(), closed.signal);
    closed.abort();
    await ended;
    expect(server.asked[0]?.signal.aborted).toBe(true);
  });
});

describe("requests of partytracks", () => {
  it("[CA6] the lent fetch serves the one call that follows the headers, and nobody else", async () => {
    const own = vi.fn<typeof fetch>(async () => new Response("own"));
    const lent = vi.fn<typeof fetch>(async () => new Response("lent"));
    vi.stubGlobal("fetch", own);
    try {
      const headers = new LendingHeaders(lent);
      headers.forEach(() => undefined);
      expect(await (await fetch("/first")).text()).toBe("lent");
      expect(await (await fetch("/second")).text()).toBe("own");
      headers.forEach(() => undefined);
      await Promise.resolve();
      expect(await (await fetch("/later")).text()).toBe("own");
      expect(lent).toHaveBeenCalledTimes(1);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("[CA4] a close names no line that its offer does not stop", () => {
    const sdp = [
      "v=0",
      "m=audio 9 UDP/TLS/RTP/SAVPF 111",
      "a=mid:0",
      "a=sendonly",
      "m=video 0 UDP/TLS/RTP/SAVPF 96",
      "a=mid:1",
      "a=inactive",
      "m=video 9 UDP/TLS/RTP/SAVPF 96",
      "a=mid:2",
      "a=recvonly",
      "",
    ].join("\r\n");
    const tracks = [{ mid: "1" }, { mid: "2" }];
    const body = JSON.stringify({ tracks, sessionDescription: { type: "offer", sdp }, force: false });
    expect(JSON.parse(onlyStopped(body))).toEqual({
      tracks: [{ mid: "1" }],
      sessionDescription: { type: "offer", sdp },
      force: false,
    });
    expect(onlyStopped("no JSON")).toBe("no JSON");
  });
});
