import { createLiveCall } from "#call/live-call.ts";
import type { OpenCall } from "#controllers/call-desk.ts";
import type { SeatTokens } from "#controllers/seat-tokens.ts";
import type { RoomApi } from "#core/ports/room-api.ts";
import type { Clock, Random, Scheduler } from "#core/ports/time.ts";
import type { ParticipantId, RoomId } from "#protocol/ids.ts";

export interface PageCallPorts {
  readonly room: RoomId;
  readonly self: ParticipantId;
  readonly tokens: Pick<SeatTokens, "token">;
  readonly roomApi: Pick<RoomApi, "iceServers">;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
}

/** The live call of one participant of a room, through this page's own server. */
export function pageCall({ room, self, tokens, roomApi, ...ports }: PageCallPorts): OpenCall<MediaStreamTrack> {
  const token = (renew: boolean): Promise<string> => tokens.token(room, renew, self);
  return (events, recorderSlow) =>
    createLiveCall(
      {
        ...ports,
        self,
        prefix: `${location.origin}/api/rooms/${room}/realtime`,
        token,
        recorderSlow,
        iceServers: async () => (await roomApi.iceServers(room, await token(false))).map(iceServerOf),
      },
      events,
    );
}

/** Without the names that are not set: `RTCPeerConnection` takes `undefined` for a credential. */
function iceServerOf(server: Awaited<ReturnType<RoomApi["iceServers"]>>[number]): RTCIceServer {
  const { urls, username, credential } = server;
  return {
    urls,
    ...(username === undefined ? {} : { username }),
    ...(credential === undefined ? {} : { credential }),
  };
}
