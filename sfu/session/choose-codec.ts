import type { MediaCodec } from "../media/publication.ts";
import { codecName } from "../rtp/keyframes.ts";
import { UPLINK_FEEDBACK } from "../sdp/extensions.ts";
import type { SdpCodec } from "../sdp/read-sdp.ts";

/** Every browser decodes these, so that whoever pulls the track can play it. */
const PREFERRED: readonly string[] = ["opus", "VP8", "H264"];

/** Where a publisher's congestion control begins; without it a second publisher stays at low quality for minutes. */
const START_BITRATE = "x-google-start-bitrate";

/**
 * The one codec of a published line: the first offered one that every browser decodes, else the first that can be
 * forwarded.
 * @param startKbps 0: the publisher's own default
 * @returns undefined when none can
 */
export function chooseCodec(offered: readonly SdpCodec[], isVideo: boolean, startKbps: number): MediaCodec | undefined {
  const usable = offered.flatMap((codec): MediaCodec[] => {
    const name = codecName(codec.name);
    const fits = name !== undefined && (name === "opus") !== isVideo && !isSingleNal(codec);
    return fits ? [{ ...codec, codec: name }] : [];
  });
  const chosen = usable.find(({ codec }) => PREFERRED.includes(codec)) ?? usable[0];
  if (!chosen) return undefined;
  const feedback = chosen.feedback.filter((text) => UPLINK_FEEDBACK.includes(text));
  if (!isVideo || startKbps === 0) return { ...chosen, feedback };
  const parameters = [...(chosen.fmtp ? [chosen.fmtp] : []), `${START_BITRATE}=${startKbps}`];
  return { ...chosen, feedback, fmtp: parameters.join(";") };
}

/**
 * The format of a codec's retransmissions. With it a publisher repairs and probes on an SSRC of its own; without it
 * Chromium fills the stream itself with empty packets, up to 500 a second.
 */
export function repairOf(codec: SdpCodec, offered: readonly SdpCodec[]): SdpCodec | undefined {
  const parameters = new RegExp(`(^|;) *apt=${codec.payloadType}( *;|$)`);
  const repair = offered.find(({ name, fmtp }) => name.toLowerCase() === "rtx" && parameters.test(fmtp ?? ""));
  return repair && { ...repair, feedback: [], fmtp: `apt=${codec.payloadType}` };
}

/** H.264 in packetization mode 0 cannot carry key frames of ordinary size. */
function isSingleNal({ name, fmtp }: SdpCodec): boolean {
  return codecName(name) === "H264" && !/packetization-mode=1/.test(fmtp ?? "");
}

/** The publisher's codec without what is meant for the publisher alone. */
export function subscriberFmtp({ fmtp }: MediaCodec): string | undefined {
  const parameters = (fmtp ?? "").split(";").filter((parameter) => !parameter.startsWith(START_BITRATE));
  return parameters.join(";") || undefined;
}
