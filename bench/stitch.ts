import { benchDemux } from "./demux.ts";
import type { BenchRun } from "./parts/studio.ts";
import type { Report } from "./parts/table.ts";

const SIZES_GB = [0.1, 1, 4];
const QUICK_SIZES_GB = [0.1];

/** Measure (d): a folder of epochs into an MKV, against ffmpeg's copy of the same bytes. */
export async function benchStitch({ quick, say }: BenchRun): Promise<Report> {
  const sizes = quick ? QUICK_SIZES_GB : SIZES_GB;
  say(`${sizes.join(", ")} GB`);
  const rows = await benchDemux(sizes);
  return {
    key: "d",
    title: "Making the MKV, against ffmpeg -c copy",
    columns: ["GB", "epochs", "demux s", "ffmpeg s", "ratio", "peak MB"],
    rows: rows.map((row) => [
      row.gigabytes,
      row.epochs,
      row.demuxMs / 1000,
      row.ffmpegMs / 1000,
      row.ratio,
      row.demuxPeakMb,
    ]),
    notes: [
      "Targets: at most 2.5 times ffmpeg, at most 300 MB, and the same memory for every size.",
      "demux: the whole command (start, reading, checking each epoch with mp4box, hashing, MKV, timeline, sums); its highest resident size.",
      "ffmpeg: copies the same packets from one file per track, checks nothing.",
    ],
    details: rows,
  };
}
