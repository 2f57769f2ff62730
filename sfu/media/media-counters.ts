/** What the process has done since it began; packets unless named otherwise. */
export class MediaCounters {
  received = 0;
  receivedBytes = 0;
  forwarded = 0;
  forwardedBytes = 0;
  forwardedVideo = 0;
  retransmitted = 0;
  /** Asked for by a subscriber, and no longer kept. */
  notKept = 0;
  nacked = 0;
  /** Missing packets that a publisher sent again. */
  repaired = 0;
  keyframesAskedFor = 0;
  /** No RTP, or of no line that is known. */
  unknown = 0;
}
