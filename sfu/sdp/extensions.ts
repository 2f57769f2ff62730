/** RTP header extensions that the SFU reads, makes or passes on. */
export const EXTENSION = {
  mid: "urn:ietf:params:rtp-hdrext:sdes:mid",
  rid: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
  repairedRid: "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
  audioLevel: "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  sendTime: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
  transportNumber: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
  orientation: "urn:3gpp:video-orientation",
} as const;

/** What a publisher may send. */
export const UPLINK_EXTENSIONS: Readonly<Record<MediaKind, readonly string[]>> = {
  audio: [EXTENSION.mid, EXTENSION.audioLevel, EXTENSION.transportNumber, EXTENSION.sendTime],
  video: [
    EXTENSION.mid,
    EXTENSION.rid,
    EXTENSION.repairedRid,
    EXTENSION.transportNumber,
    EXTENSION.sendTime,
    EXTENSION.orientation,
  ],
};

/** What a subscriber gets, if the publisher sends it: the send time is the SFU's own. */
export const DOWNLINK_EXTENSIONS: Readonly<Record<MediaKind, readonly string[]>> = {
  audio: [EXTENSION.audioLevel, EXTENSION.sendTime],
  video: [EXTENSION.sendTime, EXTENSION.orientation],
};

export type MediaKind = "audio" | "video";

/** Feedback that a publisher hears. */
export const UPLINK_FEEDBACK: readonly string[] = ["nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"];

/** Feedback that the SFU understands from subscribers: REMB, since its own packets carry no transport-wide number. */
export const DOWNLINK_FEEDBACK: Readonly<Record<MediaKind, readonly string[]>> = {
  audio: ["nack"],
  video: ["nack", "nack pli", "ccm fir", "goog-remb"],
};
