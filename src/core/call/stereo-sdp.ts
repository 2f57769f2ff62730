/** `sdp` with `stereo=1` at Opus in the media descriptions (from `m=` on) that `which` picks. */
export function withStereo(sdp: string, which: (line: string) => boolean): string {
  return sdp
    .split(/(?=^m=)/m)
    .map((line) => (line.startsWith("m=audio") && which(line) ? lineInStereo(line) : line))
    .join("");
}

function lineInStereo(line: string): string {
  const opus = /^a=rtpmap:(\d+) opus\/48000\/2\r?$/im.exec(line)?.[1];
  if (opus === undefined) return line;
  const format = new RegExp(`^a=fmtp:${opus} .*?(?=\\r?$)`, "m");
  const given = format.exec(line)?.[0];
  if (given === undefined)
    return line.replace(/^(a=rtpmap:\d+ opus\/48000\/2)(\r?\n)/im, `$1$2a=fmtp:${opus} stereo=1$2`);
  return /[ ;]stereo=1(;|$)/.test(given) ? line : line.replace(format, `${given};stereo=1`);
}
