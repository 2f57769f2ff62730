import type { SfuSessionId } from "#protocol/call.ts";
import type { JobId, ParticipantId, TakeId } from "#protocol/ids.ts";
import type { ServerMessage } from "#protocol/room-messages.ts";
import type { Reason, Refusal } from "../refusals.ts";
import type { ParticipantRow, RoomState, Take, TakeRow } from "./room-state.ts";
import { withEntry } from "./room-state.ts";
import { participantView } from "./room-views.ts";
import { mayHost } from "./seats.ts";

/** Time, chance and settings: all that a step may know beside the state and the event. */
export interface StepContext {
  readonly nowMs: number;
  readonly newJob: () => JobId;
  readonly retentionMs: number;
}

/** What the shell does once the new state is stored, in this order. */
export type Effect =
  | { readonly type: "send"; readonly to: ParticipantId; readonly message: ServerMessage }
  /** To everybody who is admitted and connected. */
  | { readonly type: "broadcast"; readonly message: ServerMessage; readonly except?: ParticipantId }
  | { readonly type: "close"; readonly participant: ParticipantId; readonly code: number; readonly why: string }
  | { readonly type: "close-all"; readonly code: number; readonly why: string }
  /** What these sessions of the SFU pull must reach them no longer. */
  | { readonly type: "cut-off"; readonly sessions: readonly SfuSessionId[] }
  /** `takes-changed` to everybody, at most once a second. */
  | { readonly type: "takes-changed" }
  | { readonly type: "dispatch"; readonly take: TakeId; readonly job: JobId }
  /** The room is abandoned: everything of it goes. */
  | { readonly type: "erase" };

export interface Step {
  readonly state: RoomState;
  readonly effects: readonly Effect[];
  readonly refusal: Refusal | null;
}

export const TAKES_CHANGED: Effect = { type: "takes-changed" };

export const stay = (state: RoomState, effects: readonly Effect[] = []): Step => ({ state, effects, refusal: null });

/** Nothing changes. */
export const refuse = (state: RoomState, reason: Reason): Step => ({ state, effects: [], refusal: { reason } });

export function setTake(state: RoomState, take: Take): RoomState {
  return { ...state, takes: withEntry(state.takes, take.row.take, take) };
}

export function changeTake(state: RoomState, take: Take, change: Partial<TakeRow>): RoomState {
  return setTake(state, { ...take, row: { ...take.row, ...change } });
}

export function setParticipant(state: RoomState, row: ParticipantRow): RoomState {
  return { ...state, participants: withEntry(state.participants, row.participant, row) };
}

/** Tells everybody else how one participant is now. */
export function tellParticipant(state: RoomState, participant: ParticipantId): readonly Effect[] {
  return tellAll(state, participant).map((effect) => ({ ...effect, except: participant }));
}

/** Tells everybody how one participant is now, itself too. */
export function tellAll(
  state: RoomState,
  participant: ParticipantId,
): readonly (Effect & { readonly type: "broadcast" })[] {
  const row = state.participants.get(participant);
  if (!row) return [];
  return [{ type: "broadcast", message: { type: "participant", participant: participantView(state, row) } }];
}

/** To the host and the co-hosts, and to nobody else but `also`. */
export function tellHosts(state: RoomState, message: ServerMessage, also?: ParticipantId): readonly Effect[] {
  return [...state.online.keys()].flatMap((to): Effect[] => {
    const row = state.participants.get(to);
    return row && (mayHost(row) || to === also) ? [{ type: "send", to, message }] : [];
  });
}
