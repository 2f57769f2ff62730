import type { EncodeStats } from "#protocol/encode-rpc.ts";
import type { MediaFormat } from "#protocol/epoch-format.ts";
import type { TrackFiguresView } from "./studio-view.ts";

/** One track's counters for the debug panel. Units: video frames, or PCM samples at 48 kHz. */
export function trackFiguresOf(stats: EncodeStats): TrackFiguresView {
  const dropped = [
    { reason: "by the browser", count: stats.dropped.capture },
    { reason: "encoder busy", count: stats.dropped.encoderBusy },
    { reason: "encoder failed", count: stats.dropped.encoderError },
    { reason: "out of order", count: stats.dropped.disorder },
    { reason: "no space", count: stats.dropped.storage },
  ];
  return {
    id: stats.source,
    source: stats.source,
    codec: stats.codec,
    format: formatWords(stats.format),
    captured: stats.captured,
    dropped: dropped.filter((each) => each.count > 0),
    encoded: stats.encoded,
    sealed: stats.sealed,
    queue: stats.queue,
    epochs: stats.epochs,
    runs: stats.runs,
    gaps: stats.gaps.map(({ reason, count, totalUs }) => ({ reason, count, totalMs: totalUs / 1000 })),
    bytes: stats.bytes,
  };
}

function formatWords(format: MediaFormat): string {
  if (format.kind === "video") return `${format.width} × ${format.height}, ${Math.round(format.frameRate)} fps`;
  return `48 kHz, ${format.channels} ${format.channels === 1 ? "channel" : "channels"}`;
}
