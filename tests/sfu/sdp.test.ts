import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSdp } from "../../sfu/sdp/read-sdp.ts";
import { type WrittenLine, writeSdp } from "../../sfu/sdp/write-sdp.ts";
import { chooseCodec, repairOf, subscriberFmtp } from "../../sfu/session/choose-codec.ts";
import { codecKey, NegotiatedNumbers } from "../../sfu/session/negotiated-numbers.ts";
import { sdpOf } from "./rig/offers.ts";

const OFFER = sdpOf([
  { kind: "audio", mid: "0", ssrc: 11 },
  { kind: "video", mid: "1", rids: ["f", "h", "q"] },
]);

describe("reading session descriptions", () => {
  it("[SF10] lines, credentials, codecs, extensions and layers are read", () => {
    const [audio, video] = readSdp(OFFER) ?? [];
    expect(audio).toMatchObject({ kind: "audio", mid: "0", direction: "sendonly", ssrcs: [11], setup: "actpass" });
    expect(audio?.ice).toMatchObject({ ufrag: "brow" });
    expect(audio?.codecs[0]).toMatchObject({ payloadType: 111, name: "opus", clock: 48_000, channels: "2" });
    expect(video?.rids).toEqual(["f", "h", "q"]);
    expect(video?.extensions).toContainEqual({ id: 10, uri: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id" });
    expect(video?.codecs.map(({ name }) => name)).toEqual(["VP8", "rtx", "H264"]);
  });

  it("[SF11] a lone carriage return ends a row, so that nothing is smuggled into the answer", () => {
    const [line] = readSdp(OFFER.replace("useinbandfec=1", "useinbandfec=1\ra=candidate:evil")) ?? [];
    expect(line?.codecs[0]?.fmtp).toBe("minptime=10;useinbandfec=1");
  });

  it("[SF11] implausible credentials are none", () => {
    expect(readSdp(OFFER.replaceAll("a=ice-ufrag:brow", "a=ice-ufrag:b w"))?.[0]?.ice).toBeUndefined();
    expect(readSdp(OFFER.replaceAll("sha-256 CD", "sha-256 XX"))?.[0]?.ice).toBeUndefined();
  });

  it("[SF21] no text makes it throw", () => {
    const rows = OFFER.split("\r\n");
    const row = fc.oneof(
      fc.constantFrom(...rows),
      fc.string({ maxLength: 60 }),
      fc.constantFrom("m=", "a=rtpmap:", "m=video x y z", "a=ssrc-group:FID"),
    );
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), (mixed) => {
        const lines = readSdp(`v=0\r\n${mixed.join("\r\n")}`);
        for (const line of lines ?? []) {
          chooseCodec(line.codecs, line.kind === "video", 1200);
          new NegotiatedNumbers().learn([line]);
        }
      }),
      { numRuns: 2000 },
    );
    expect(readSdp("")).toBeUndefined();
    expect(readSdp("garbage")).toBeUndefined();
  });
});

const transport = {
  ufrag: "u",
  password: "p",
  fingerprint: "sha-256 AB",
  setup: "passive",
  candidates: ["1 1 UDP 1 192.0.2.1 9 typ host"],
};

describe("writing session descriptions", () => {
  const [codec] = readSdp(OFFER)?.[1]?.codecs ?? [];
  const video: WrittenLine = {
    kind: "video",
    mid: "1",
    stopped: false,
    direction: "recvonly",
    codec,
    repair: undefined,
    protocol: "UDP/TLS/RTP/SAVPF",
    extensions: [{ id: 10, uri: "x:y" }],
    rids: ["f", "q"],
    source: undefined,
  };
  const gone: WrittenLine = { ...video, mid: "0", stopped: true, rids: [], extensions: [] };
  const write = (lines: readonly WrittenLine[], type: "offer" | "answer" = "answer") =>
    writeSdp({ type, sessionId: "1", version: 3, transport, lines });

  it("[SF12] stopped lines have port 0 and are out of the bundle; candidates stand in the first live line", () => {
    const sdp = write([gone, video]);
    expect(sdp).toContain("a=group:BUNDLE 1\r\n");
    expect(sdp).toContain("m=video 0 ");
    expect(sdp.indexOf("a=candidate:")).toBeGreaterThan(sdp.indexOf("m=video 9"));
    expect(sdp.match(/a=candidate:/g)).toHaveLength(1);
  });

  it("[SF13] layers are repeated in every description", () => {
    for (const type of ["offer", "answer"] as const) {
      const sdp = write([video], type);
      expect(sdp).toContain("a=rid:f recv\r\na=rid:q recv\r\na=simulcast:recv f;q\r\n");
      expect(sdp).toContain(type === "offer" ? "a=setup:actpass" : "a=setup:passive");
    }
  });

  it("what is written can be read", () => {
    const [, line] = readSdp(write([gone, video])) ?? [];
    expect(line).toMatchObject({ mid: "1", port: 9, direction: "recvonly" });
    expect(line?.codecs).toEqual([codec]);
  });
});

describe("codecs and numbers", () => {
  const lines = readSdp(OFFER) ?? [];
  const [audio, video] = lines;
  if (!audio || !video) throw new Error("no lines");

  it("[SF14] one codec a line: the first that every browser decodes", () => {
    const chosen = chooseCodec(video.codecs, true, 1200);
    expect(chosen).toMatchObject({ codec: "VP8", payloadType: 96, fmtp: "x-google-start-bitrate=1200" });
    expect(chooseCodec(video.codecs.slice(2), true, 0)).toMatchObject({ codec: "H264", payloadType: 103 });
    expect(chooseCodec(audio.codecs, false, 1200)).toMatchObject({ codec: "opus", fmtp: "minptime=10;useinbandfec=1" });
    expect(chooseCodec([], true, 0)).toBeUndefined();
    const av1 = { payloadType: 45, name: "AV1", clock: 90_000, channels: undefined, fmtp: undefined, feedback: [] };
    expect(chooseCodec([av1, ...video.codecs], true, 0)).toMatchObject({ codec: "VP8" });
    expect(chooseCodec([av1], true, 0)).toMatchObject({ codec: "AV1" });
  });

  it("[SF14] subscribers do not see the publisher's start bitrate", () => {
    const chosen = chooseCodec(video.codecs.slice(2), true, 1200);
    expect(chosen?.fmtp).toContain("x-google-start-bitrate=1200");
    expect(chosen && subscriberFmtp(chosen)).toBe(video.codecs[2]?.fmtp);
  });

  it("[SF25] retransmissions of the chosen codec", () => {
    const [vp8, , h264] = video.codecs;
    expect(vp8 && repairOf(vp8, video.codecs)).toMatchObject({ payloadType: 97, fmtp: "apt=96" });
    expect(h264 && repairOf(h264, video.codecs)).toBeUndefined();
  });

  it("[SF15] one table of payload types: the client's come first, others get free ones", () => {
    const numbers = new NegotiatedNumbers();
    numbers.learn(lines);
    const foreign = {
      payloadType: 96,
      name: "VP9",
      clock: 90_000,
      channels: undefined,
      fmtp: "profile-id=0",
      feedback: [],
    };
    const given = numbers.payloadType(foreign);
    expect([96, 97, 103, 111]).not.toContain(given);
    expect(numbers.payloadType({ ...foreign, payloadType: 120 })).toBe(given);
    expect(numbers.payloadType({ ...foreign, name: "VP8", fmtp: undefined })).toBe(96);
  });

  it("[SF15] one table of extension ids, of those that fit one byte", () => {
    const numbers = new NegotiatedNumbers();
    numbers.learn(lines);
    const level = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
    expect(numbers.extensions([level, "a:b"])).toEqual([
      { id: 1, uri: level },
      { id: 2, uri: "a:b" },
    ]);
    const many = numbers.extensions(Array.from({ length: 20 }, (_, index) => `x:${index}`));
    expect(new Set(many.map(({ id }) => id)).size).toBe(many.length);
    expect(Math.max(...many.map(({ id }) => id))).toBeLessThanOrEqual(14);
  });

  it("[SF15] a profile makes a codec another one", () => {
    const h264 = (profile: string) =>
      codecKey({
        payloadType: 1,
        name: "H264",
        clock: 90_000,
        channels: undefined,
        fmtp: `profile-level-id=${profile}; packetization-mode=1`,
        feedback: [],
      });
    expect(h264("42001f")).not.toBe(h264("640c1f"));
    expect(h264("42001F")).toBe(h264("42001f"));
  });
});
