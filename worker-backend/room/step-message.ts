import type { ParticipantId } from "#protocol/ids.ts";
import type { ClientMessage } from "#protocol/room-messages.ts";
import type { ParticipantRow, RoomState } from "./room-state.ts";
import { isWaiting, mayHost } from "./seats.ts";
import { stepLeave, stepStatus } from "./step-members.ts";
import { refuse, type Step, type StepContext } from "./step-parts.ts";
import { stepAskMute, stepEndForAll, stepRemove, stepSetRole } from "./step-roles.ts";
import { stepNotRecording, stepStartTake, stepStopTake } from "./step-takes.ts";
import { stepCall, stepChat, stepHand, stepMarker, stepReact } from "./step-talk.ts";
import { stepAdmit, stepDeny } from "./step-waiting.ts";

/** A participant's message once its socket has said hello. What its sender may do is decided by its seat. */
export interface MessageEvent {
  readonly type: "message";
  readonly from: ParticipantId;
  readonly message: Exclude<ClientMessage, { type: "hello" | "clock-ping" }>;
}

export function stepMessage(state: RoomState, event: MessageEvent, context: StepContext): Step {
  const { message, from } = event;
  const by = state.participants.get(from);
  if (!by) return refuse(state, "token-refused");
  if (message.type === "leave") return stepLeave(state, from, context);
  if (isWaiting(by)) return refuse(state, "waiting");
  if (!state.online.has(from)) return refuse(state, "not-there");
  return stepAdmitted(state, by, message, context);
}

type OfAdmitted = Exclude<MessageEvent["message"], { type: "leave" }>;

function stepAdmitted(state: RoomState, by: ParticipantRow, message: OfAdmitted, context: StepContext): Step {
  const from = by.participant;
  switch (message.type) {
    case "status":
      return stepStatus(state, from, message.status, context);
    case "not-recording":
      return stepNotRecording(state, message.take, from);
    case "call":
      return stepCall(state, by, message.call);
    case "hand":
      return stepHand(state, from, message.up, context);
    case "react":
      return stepReact(state, from, message.kind);
    case "chat":
      return stepChat(state, by, message.envelope, context);
    case "add-marker":
      return stepMarker(state, by, message, context);
    default:
      return mayHost(by) ? stepOfHost(state, by, message, context) : refuse(state, "not-host");
  }
}

type OfHost = Extract<
  OfAdmitted,
  { type: "start-take" | "stop-take" | "admit" | "deny" | "remove" | "ask-mute" | "set-role" | "end-for-all" }
>;

function stepOfHost(state: RoomState, by: ParticipantRow, message: OfHost, context: StepContext): Step {
  switch (message.type) {
    case "start-take":
      return stepStartTake(state, message.take, message.title, context);
    case "stop-take":
      return stepStopTake(state, message.take, context);
    case "admit":
      return stepAdmit(state, message.participant, context);
    case "deny":
      return stepDeny(state, message.participant);
    case "remove":
      return stepRemove(state, by, message.participant, context);
    case "ask-mute":
      return stepAskMute(state, by, message.participant);
    case "set-role":
      return stepSetRole(state, by, message);
    case "end-for-all":
      return stepEndForAll(state, by, context);
  }
}
