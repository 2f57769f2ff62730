/** A plain client of the Realtime API, on a page of its own. Served without its types. */

interface Description {
  type: "offer" | "answer";
  sdp: string;
}

interface TrackReply {
  mid?: string;
  trackName?: string;
  errorCode?: string;
}

interface Reply {
  sessionId?: string;
  tracks?: TrackReply[];
  sessionDescription?: Description;
  requiresImmediateRenegotiation?: boolean;
  errorCode?: string;
  errorDescription?: string;
}

export interface Wanted {
  sessionId: string;
  trackName: string;
  simulcast?: { preferredRid?: string; priorityOrdering?: string; ridNotAvailable?: string };
}

/** What `inbound-rtp` and the picture itself say. */
export interface Seen {
  mid: string;
  kind: string;
  packets: number;
  frames: number;
  width: number;
  lost: number;
  level: number;
}

const LAYERS = [
  { rid: "f", maxBitrate: 1_200_000, scaleResolutionDownBy: 1 },
  { rid: "h", maxBitrate: 600_000, scaleResolutionDownBy: 2 },
  { rid: "q", maxBitrate: 200_000, scaleResolutionDownBy: 4 },
];

async function request(method: string, path: string, body?: unknown): Promise<Reply> {
  const response = await fetch(
    `/sfu/${path}`,
    body === undefined ? { method } : { method, body: JSON.stringify(body) },
  );
  const reply: Reply = await response.json();
  if (!response.ok) throw new Error(`${response.status} ${reply.errorCode}: ${reply.errorDescription}`);
  return reply;
}

const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
let session = "";

const call = {
  pc,

  async open(): Promise<string> {
    session = (await request("POST", "sessions/new")).sessionId ?? "";
    return session;
  },

  /** Microphone and camera, the camera in three layers, at a rate that a busy machine can encode. @returns the names that the SFU accepted */
  async publish(codec?: string, size = { width: 1280, height: 720 }): Promise<string[]> {
    const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { ...size, frameRate: 15 } });
    const added = media.getTracks().map((track) => {
      const encodings = track.kind === "video" ? { sendEncodings: LAYERS } : {};
      return pc.addTransceiver(track, { direction: "sendonly", ...encodings });
    });
    for (const transceiver of added) {
      if (transceiver.sender.track?.kind !== "video" || !codec) continue;
      const { codecs } = RTCRtpReceiver.getCapabilities("video") ?? { codecs: [] };
      transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => mimeType === codec));
    }
    await pc.setLocalDescription();
    const tracks = added.map(({ mid, sender }) => ({ location: "local", mid, trackName: sender.track?.kind }));
    const body = { sessionDescription: pc.localDescription, tracks };
    const reply = await request("POST", `sessions/${session}/tracks/new`, body);
    if (reply.sessionDescription) await pc.setRemoteDescription(reply.sessionDescription);
    return (reply.tracks ?? []).flatMap(({ errorCode, trackName }) => (errorCode ? [] : [trackName ?? ""]));
  },

  async pull(wanted: Wanted[]): Promise<string[]> {
    const tracks = wanted.map((track) => ({ location: "remote", ...track }));
    const reply = await request("POST", `sessions/${session}/tracks/new`, { tracks });
    if (reply.sessionDescription) {
      await pc.setRemoteDescription(reply.sessionDescription);
      await pc.setLocalDescription();
      await request("PUT", `sessions/${session}/renegotiate`, { sessionDescription: pc.localDescription });
    }
    for (const { mid } of reply.tracks ?? []) call.show(mid ?? "");
    return (reply.tracks ?? []).map(({ mid, errorCode }) => errorCode ?? mid ?? "");
  },

  show(mid: string): void {
    const track = pc.getTransceivers().find((transceiver) => transceiver.mid === mid)?.receiver.track;
    if (!track) return;
    const element = document.createElement(track.kind === "video" ? "video" : "audio");
    element.autoplay = true;
    element.srcObject = new MediaStream([track]);
    document.body.append(element);
  },

  layer(mid: string, wanted: Wanted): Promise<Reply> {
    return request("PUT", `sessions/${session}/tracks/update`, { tracks: [{ location: "remote", mid, ...wanted }] });
  },

  async close(mids: string[]): Promise<TrackReply[]> {
    for (const transceiver of pc.getTransceivers()) if (mids.includes(transceiver.mid ?? "")) transceiver.stop();
    await pc.setLocalDescription();
    const body = { tracks: mids.map((mid) => ({ mid })), sessionDescription: pc.localDescription, force: false };
    const reply = await request("PUT", `sessions/${session}/tracks/close`, body);
    if (reply.sessionDescription) await pc.setRemoteDescription(reply.sessionDescription);
    return reply.tracks ?? [];
  },

  /** New ICE credentials for the transport that there is. */
  async restartIce(): Promise<void> {
    pc.restartIce();
    await pc.setLocalDescription();
    const live = pc.getTransceivers().find(({ currentDirection }) => currentDirection === "sendonly");
    const track = { location: "local", mid: live?.mid, trackName: live?.sender.track?.kind };
    const body = { sessionDescription: pc.localDescription, tracks: [track] };
    const reply = await request("POST", `sessions/${session}/tracks/new`, body);
    if (reply.sessionDescription) await pc.setRemoteDescription(reply.sessionDescription);
  },

  async sent(): Promise<{ rid: string; frames: number; width: number; codec: string; target: number }[]> {
    const all = new Map([...(await pc.getStats())]);
    return [...all.values()]
      .filter(({ type, kind }) => type === "outbound-rtp" && kind === "video")
      .map((stat) => ({
        rid: stat.rid,
        frames: stat.framesEncoded,
        width: stat.frameWidth ?? 0,
        codec: all.get(stat.codecId)?.mimeType ?? "",
        target: stat.targetBitrate ?? 0,
      }));
  },

  async seen(): Promise<Seen[]> {
    const all = [...(await pc.getStats())].map(([, stat]) => stat);
    return all
      .filter(({ type }) => type === "inbound-rtp")
      .map((stat) => ({
        mid: stat.mid,
        kind: stat.kind,
        packets: stat.packetsReceived,
        frames: stat.framesDecoded ?? 0,
        width: stat.frameWidth ?? 0,
        lost: stat.packetsLost,
        level: stat.totalAudioEnergy ?? 0,
      }));
  },
};

export type Call = typeof call;
Object.assign(globalThis, { call });
