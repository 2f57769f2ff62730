import { expect, it } from "vitest";
import { withStereo } from "#core/call/stereo-sdp.ts";

const HEAD = "v=0\r\na=group:BUNDLE 0 1 2\r\n";
const line = (kind: string, mid: string, ...rows: string[]) =>
  [`m=${kind} 9 UDP/TLS/RTP/SAVPF 111`, `a=mid:${mid}`, ...rows, ""].join("\r\n");
const OPUS = "a=rtpmap:111 opus/48000/2";
const FORMAT = "a=fmtp:111 minptime=10;useinbandfec=1";
const ofMid = (wanted: string) => (text: string) => text.includes(`a=mid:${wanted}\r\n`);

it("[CA9] only the picked line gets two channels", () => {
  const sdp = HEAD + line("audio", "0", OPUS, FORMAT) + line("audio", "1", OPUS, FORMAT);
  expect(withStereo(sdp, ofMid("1"))).toBe(
    HEAD + line("audio", "0", OPUS, FORMAT) + line("audio", "1", OPUS, `${FORMAT};stereo=1`),
  );
});

it("[CA9] what says so already stays as it is, and sprop-stereo is not it", () => {
  const said = HEAD + line("audio", "0", OPUS, "a=fmtp:111 stereo=1;minptime=10");
  expect(withStereo(said, () => true)).toBe(said);
  const sent = HEAD + line("audio", "0", OPUS, "a=fmtp:111 sprop-stereo=1");
  expect(withStereo(sent, () => true)).toContain("a=fmtp:111 sprop-stereo=1;stereo=1\r\n");
});

it("[CA9] a codec without a format gets one; the last line may lack its end", () => {
  expect(withStereo(HEAD + line("audio", "0", OPUS), () => true)).toBe(
    HEAD + line("audio", "0", OPUS, "a=fmtp:111 stereo=1"),
  );
  expect(withStereo(`${HEAD}${line("audio", "0", OPUS)}${FORMAT}`, () => true)).toMatch(/useinbandfec=1;stereo=1$/);
});

it("[CA9] pictures, other codecs, and the head stay as they are", () => {
  const sdp =
    HEAD +
    line("video", "0", "a=rtpmap:111 VP8/90000", "a=fmtp:111 x=1") +
    line("audio", "1", "a=rtpmap:111 PCMU/8000");
  expect(withStereo(sdp, () => true)).toBe(sdp);
});
