import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAX_REALTIME_BYTES } from "#protocol/realtime-api.ts";
import { realtimeApiContract } from "./realtime-api.contract.ts";
import { MediaEnd } from "./rig/media-end.ts";
import { RealtimeClient } from "./rig/realtime-client.ts";
import { APP_ID, APP_SECRET, type SfuProcess, startSfuProcess } from "./sfu-process.ts";

let sfu: SfuProcess;

beforeAll(async () => {
  sfu = await startSfuProcess();
});

afterAll(async () => {
  expect(await sfu.stop()).toBe(0);
  expect(sfu.complaints).toEqual([]);
});

const embedded = () => ({ url: sfu.url, appId: APP_ID, secret: APP_SECRET });
realtimeApiContract("the embedded SFU", embedded);

const { REALTIME_APP_ID: appId, REALTIME_APP_SECRET: secret } = process.env;
if (appId && secret) {
  const url = process.env["REALTIME_API"] || "https://rtc.live.cloudflare.com/v1";
  realtimeApiContract("Cloudflare", () => ({ url, appId, secret }), ["stun:stun.cloudflare.com:3478"]);
}

describe("the embedded SFU as a server", () => {
  const api = () => new RealtimeClient(embedded());

  it("[SF17] says that it is there to anybody, and how it is only to those with the secret", async () => {
    const root = sfu.url.replace("/v1", "");
    expect(await (await fetch(`${root}/health`)).json()).toMatchObject({ ok: true });
    expect((await fetch(`${root}/stats`)).status).toBe(401);
    const stats = await fetch(`${root}/stats`, { headers: { authorization: `Bearer ${APP_SECRET}` } });
    expect(await stats.json()).toMatchObject({
      cpuMicros: expect.any(Number),
      packets: { received: expect.any(Number) },
    });
  });

  it("[SF18] refuses other apps, methods, paths and bodies, in the API's words", async () => {
    const session = await api().newSession();
    expect(await api().refused("GET", "sessions/new")).toEqual([405, "method_not_allowed"]);
    expect(await api().refused("POST", `sessions/${session}/tracks/update`, {})).toEqual([405, "method_not_allowed"]);
    expect(await api().refused("PUT", `sessions/${session}/tracks/nothing`, {})).toEqual([404, "not_found"]);
    expect(await api().refused("GET", "sessions/..%2F..%2Fapps")).toEqual([410, "session_error"]);
    expect(await api().refused("PUT", `sessions/${session}/tracks/close`, "[".repeat(9999))).toEqual([
      400,
      "decoding_error",
    ]);
    const channel = { dataChannels: [{ location: "local", dataChannelName: "x" }] };
    expect(await api().refused("POST", `sessions/${session}/datachannels/new`, channel)).toEqual([
      501,
      "not_supported",
    ]);
    const other = new RealtimeClient({ ...embedded(), appId: "other" });
    expect(await other.refused("POST", "sessions/new")).toEqual([404, "not_found"]);
  });

  it("[SF18] a body that is too large is not read", async () => {
    const session = await api().newSession();
    const head = `POST /v1/apps/${APP_ID}/sessions/${session}/tracks/new HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${APP_SECRET}\r\n`;
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(sfu.port, "127.0.0.1", () => {
        socket.write(`${head}Content-Length: ${MAX_REALTIME_BYTES + 1}\r\n\r\nx`);
      });
      let text = "";
      socket.on("data", (chunk: Buffer) => void (text += chunk.toString()));
      socket.on("end", () => resolve(text));
      socket.on("error", reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain("body_too_large");
  });

  it("[SF6] more than 50 requests a second of one session are refused, those of others are not", async () => {
    const session = await api().newSession();
    const burst = async (requests: number) => {
      const asked = await Promise.all(Array.from({ length: requests }, () => api().ask("GET", `sessions/${session}`)));
      const refused = asked.filter(({ status }) => status === 429).length;
      expect(asked.filter(({ status }) => status === 200)).toHaveLength(requests - refused);
      return refused;
    };
    expect(await burst(50)).toBe(0);
    // A busy machine may need more than a second for a burst: then one that is larger.
    let requests = 100;
    await expect.poll(() => burst((requests *= 2)), { timeout: 20_000, interval: 0 }).toBeGreaterThan(0);
    const other = await api().newSession();
    expect((await api().ask("GET", `sessions/${other}`)).status).toBe(200);
  });

  it("[SF21] goes on forwarding whatever a client sends", async () => {
    using from = new MediaEnd();
    using to = new MediaEnd();
    const [publisher, subscriber] = [await api().newSession(), await api().newSession()];
    from.addSound("0", 4242);
    from.addSound("1", 5555);
    const names = ["sound", "other"];
    const tracks = names.map((trackName, mid) => ({ mid: `${mid}`, trackName }));
    const pushed = await api().push(publisher, await from.offer(), tracks);
    from.accept(pushed.sessionDescription?.sdp ?? "");
    const wanted = names.map((trackName) => ({ sessionId: publisher, trackName }));
    const pulled = await api().pull(subscriber, wanted);
    await api().renegotiate(subscriber, await to.answer(pulled.sessionDescription?.sdp ?? ""));
    await Promise.all([from.untilConnected(), to.untilConnected()]);
    from.send();
    const hostile = fc.sample(fc.uint8Array({ minLength: 12, maxLength: 200 }), 2000).map((bytes, index) => {
      const packet = Buffer.from(bytes);
      packet[0] = 0x80 | ((packet[0] ?? 0) & 0x3f);
      // Every third one is RTCP; the others are of a published stream, some as large as the network carries.
      if (index % 3 === 0) packet[1] = 200 + (index % 7);
      else packet.writeUInt32BE(5555, 8);
      return index % 10 === 1 ? Buffer.concat([packet, Buffer.alloc(1380 - packet.length)]) : packet;
    });
    let accepted = 0;
    for (const packet of hostile) if (from.sendRaw(packet)) accepted++;
    // All 667 of RTCP, and of RTP about 400 whose random numbers SRTP does not take for a replay.
    expect(accepted).toBeGreaterThan(800);
    const before = to.received.get("0") ?? 0;
    const timer = setInterval(() => from.send(), 20);
    try {
      await expect.poll(() => (to.received.get("0") ?? 0) - before, { timeout: 20_000 }).toBeGreaterThan(20);
    } finally {
      clearInterval(timer);
    }
    expect((await api().state(publisher)).tracks?.[0]?.status).toBe("active");
    expect(sfu.complaints).toEqual([]);
  });

  it("[SF19] does not start without a secret, with a port that is taken, or with settings that make no sense", async () => {
    await expect(startSfuProcess({ SFU_APP_SECRET: "short" })).rejects.toThrow(/SFU_APP_SECRET must have at least/);
    await expect(startSfuProcess({ SFU_PORT: `${sfu.port}` })).rejects.toThrow(/EADDRINUSE/);
    await expect(startSfuProcess({ SFU_ANNOUNCE: "example.org" })).rejects.toThrow(/SFU_ANNOUNCE must be IP addresses/);
    await expect(startSfuProcess({ SFU_MEDIA_PORT: "x" })).rejects.toThrow(/SFU_MEDIA_PORT must be a whole number/);
  });
});
