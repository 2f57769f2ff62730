import { withStereo } from "#core/call/stereo-sdp.ts";

/**
 * A connection that carries music in both channels. Browsers send and play Opus in one channel unless `stereo=1` (RFC 7587)
 * stands in what they set as the other side's description, or as their own; they never write it themselves, and an SFU echoes
 * what was offered. It is written here, whatever SFU there is: for what is received always, since a decoder of two channels
 * plays one as well; for what is sent only where the track is music (`contentHint`), so that speech keeps all its bits in one.
 */
export class StereoConnection extends RTCPeerConnection {
  override setLocalDescription(description?: RTCLocalSessionDescriptionInit): Promise<void> {
    return super.setLocalDescription(description?.sdp ? inStereo(description, description.sdp, receives) : description);
  }

  override setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    const music = new Set(this.getTransceivers().flatMap(({ mid, sender }) => (isMusic(sender.track) ? [mid] : [])));
    const { sdp } = description;
    return super.setRemoteDescription(sdp ? inStereo(description, sdp, (line) => music.has(midOf(line))) : description);
  }
}

function inStereo<Description extends RTCLocalSessionDescriptionInit>(
  { type }: Description,
  sdp: string,
  which: (line: string) => boolean,
): Pick<Description, "type"> & { sdp: string } {
  return { type, sdp: withStereo(sdp, which) };
}

const receives = (line: string): boolean => /^a=(recvonly|sendrecv)\r?$/m.test(line);
const midOf = (line: string): string | null => /^a=mid:(.+?)\r?$/m.exec(line)?.[1] ?? null;
const isMusic = (track: MediaStreamTrack | null): boolean => track?.contentHint === "music";
