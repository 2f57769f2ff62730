import type { Role } from "#protocol/ids.ts";
import type { ParticipantView as RoomParticipant } from "#protocol/room-messages.ts";
import type { CallFacts } from "./call-desk.ts";
import { actionsOn } from "./room-rights.ts";
import type { StudioFacts } from "./studio-of.ts";
import type { ParticipantView } from "./studio-view.ts";

type Live = Pick<ParticipantView, "stream" | "screen" | "handPlace" | "quality" | "reaction" | "spokeAtMs" | "actions">;

/** What the call and the talk beside it add to each participant. */
export function liveViewOf(
  all: readonly RoomParticipant[],
  { call, reactionOf }: Pick<StudioFacts, "call" | "reactionOf">,
  role: Role,
): (one: RoomParticipant, self: boolean) => Live {
  const hands = all.filter((each) => each.handMs !== null).toSorted((a, b) => (a.handMs ?? 0) - (b.handMs ?? 0));
  return (one, self) => {
    const reaction = reactionOf(one.participant);
    const handPlace = hands.findIndex((each) => each.participant === one.participant) + 1;
    return {
      ...(self ? {} : picturesOf(one, call)),
      ...(handPlace === 0 ? {} : { handPlace }),
      ...(reaction === undefined ? {} : { reaction }),
      spokeAtMs: call.spokeAtMs(one.participant),
      actions: self ? [] : actionsOn(one, role),
    };
  };
}

function picturesOf(one: RoomParticipant, call: CallFacts): Pick<Live, "stream" | "screen" | "quality"> {
  const shares = one.connected && (one.call?.tracks.some((track) => track.source === "screen") ?? false);
  // black is no picture
  const stream = one.call?.cameraOff === true ? undefined : call.streamOf(one.participant, "camera");
  const screen = shares ? call.streamOf(one.participant, "screen") : undefined;
  const quality = call.qualityOf(one.participant);
  return {
    ...(stream === undefined ? {} : { stream }),
    ...(shares ? { screen: screen === undefined ? {} : { stream: screen } } : {}),
    ...(quality === undefined ? {} : { quality }),
  };
}
