import type { IceCredentials, SdpLine } from "../../sfu/sdp/read-sdp.ts";
import { EXTENSION } from "../../sfu/sdp/extensions.ts";
import { RIDS } from "#protocol/call.ts";
import { EXTENSION_ID } from "./outgoing-stream.ts";

export const OPUS = 111;
export const VP8 = 96;
const RTX = 97;
export const SOUND_MID = "0";
export const PICTURE_MID = "1";

/** What the offer of a person with microphone and simulcast camera has of Chromium's. */
export function publishOffer(ice: IceCredentials): string {
  return description([SOUND_MID, PICTURE_MID], [soundRows(ice), pictureRows(ice)]);
}

function soundRows(ice: IceCredentials): string[] {
  return [
    ...lineRows("audio", [OPUS], SOUND_MID, ice, "actpass"),
    `a=extmap:${EXTENSION_ID.audioLevel} ${EXTENSION.audioLevel}`,
    ...commonExtensions(),
    "a=sendonly",
    `a=rtpmap:${OPUS} opus/48000/2`,
    `a=rtcp-fb:${OPUS} transport-cc`,
    `a=fmtp:${OPUS} minptime=10;useinbandfec=1`,
  ];
}

function pictureRows(ice: IceCredentials): string[] {
  return [
    ...lineRows("video", [VP8, RTX], PICTURE_MID, ice, "actpass"),
    ...commonExtensions(),
    `a=extmap:${EXTENSION_ID.rid} ${EXTENSION.rid}`,
    "a=sendonly",
    `a=rtpmap:${VP8} VP8/90000`,
    ...["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"].map((text) => `a=rtcp-fb:${VP8} ${text}`),
    `a=rtpmap:${RTX} rtx/90000`,
    `a=fmtp:${RTX} apt=${VP8}`,
    ...RIDS.map((rid) => `a=rid:${rid} send`),
    `a=simulcast:send ${RIDS.join(";")}`,
  ];
}

function commonExtensions(): string[] {
  return (["sendTime", "transportNumber", "mid"] as const).map((name) => {
    return `a=extmap:${EXTENSION_ID[name]} ${EXTENSION[name]}`;
  });
}

/** Takes everything that the SFU offers. */
export function answerTo(offered: readonly SdpLine[], ice: IceCredentials): string {
  const live = offered.filter(({ port }) => port !== 0);
  const rows = offered.map((line) => {
    const types = line.codecs.map(({ payloadType }) => payloadType);
    if (line.port === 0)
      return [`m=${line.kind} 0 ${line.protocol} ${types[0] ?? 0}`, `a=mid:${line.mid}`, "a=inactive"];
    const direction = line.direction === "sendonly" ? "a=recvonly" : "a=sendonly";
    const names = line.codecs.map(({ payloadType, name, clock }) => `a=rtpmap:${payloadType} ${name}/${clock}`);
    return [...lineRows(line.kind, types, line.mid, ice, "active"), direction, ...names];
  });
  return description(
    live.map(({ mid }) => mid),
    rows,
  );
}

function lineRows(kind: string, types: readonly number[], mid: string, ice: IceCredentials, setup: string): string[] {
  return [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${types.join(" ")}`,
    "c=IN IP4 0.0.0.0",
    ...transportRows(ice, setup),
    `a=mid:${mid}`,
    "a=rtcp-mux",
  ];
}

function transportRows({ ufrag, password, fingerprint }: IceCredentials, setup: string): string[] {
  return [`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${password}`, `a=fingerprint:${fingerprint}`, `a=setup:${setup}`];
}

/**
 * The SFU's transport as libdatachannel takes it: one made-up line for everything, never negotiated again.
 * @param answer the SFU's, from which its candidates are taken
 */
export function innerAnswer(answer: string, ice: IceCredentials, setup: string): string {
  const candidates = answer.split(/\r?\n/).filter((row) => row.startsWith("a=candidate:"));
  const line = [
    `m=video 9 UDP/TLS/RTP/SAVPF ${VP8}`,
    "c=IN IP4 0.0.0.0",
    ...transportRows(ice, setup),
    "a=mid:0",
    "a=sendrecv",
    "a=rtcp-mux",
    `a=rtpmap:${VP8} VP8/90000`,
    ...candidates,
    "a=end-of-candidates",
  ];
  return description(["0"], [line]);
}

function description(bundle: readonly string[], lines: readonly (readonly string[])[]): string {
  const head = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", `a=group:BUNDLE ${bundle.join(" ")}`];
  return `${[...head, "a=extmap-allow-mixed", ...lines.flat()].join("\r\n")}\r\n`;
}
