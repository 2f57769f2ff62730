import type { ParticipantId, Role } from "#protocol/ids.ts";
import { CLOSE } from "#protocol/room-messages.ts";
import { newestTake, type ParticipantRow, type RoomState, type Take } from "./room-state.ts";
import { knocking, markerView } from "./room-views.ts";
import { isWaiting, mayHost } from "./seats.ts";
import { gone } from "./step-members.ts";
import {
  changeTake,
  type Effect,
  refuse,
  type Step,
  type StepContext,
  setParticipant,
  stay,
  TAKES_CHANGED,
  tellAll,
} from "./step-parts.ts";
import { endTake } from "./step-takes.ts";

/** The seat of somebody who is in the room, or was. Those who wait are admitted or denied. */
function seatOf(state: RoomState, participant: ParticipantId): ParticipantRow | null {
  const row = state.participants.get(participant);
  return row && !row.removed && !isWaiting(row) ? row : null;
}

/** Host only. The host stays the host, and nobody becomes one. */
export function stepSetRole(
  state: RoomState,
  by: ParticipantRow,
  { participant, role }: { readonly participant: ParticipantId; readonly role: Role & ("cohost" | "guest") },
): Step {
  if (by.role !== "host") return refuse(state, "not-host");
  const row = seatOf(state, participant);
  if (!row) return refuse(state, "not-there");
  if (row.role === "host" || row.role === "viewer") return refuse(state, "not-host");
  if (row.role === role) return stay(state);
  const next = setParticipant(state, { ...row, role });
  const told: readonly Effect[] = role === "cohost" ? hostsKnowledge(next, participant) : [];
  return stay(next, [
    ...tellAll(next, participant),
    { type: "send", to: participant, message: { type: "role", role } },
    ...told,
  ]);
}

/** What somebody who becomes a co-host has not heard yet. */
function hostsKnowledge(state: RoomState, to: ParticipantId): readonly Effect[] {
  const notes = [...(newestTake(state)?.markers.values() ?? [])].filter((row) => row.private && row.by !== to);
  return [
    ...knocking(state).map((knocker): Effect => ({ type: "send", to, message: { type: "knock", knocker } })),
    ...notes.map((row): Effect => ({ type: "send", to, message: { type: "marker", marker: markerView(row) } })),
  ];
}

/** Takes a seat away: its tokens are refused from now on, and no take waits for it. */
export function stepRemove(
  state: RoomState,
  by: ParticipantRow,
  participant: ParticipantId,
  context: StepContext,
): Step {
  if (!mayHost(by)) return refuse(state, "not-host");
  const row = seatOf(state, participant);
  if (!row) return refuse(state, "not-there");
  if (row.role === "host" || (row.role === "cohost" && by.role !== "host")) return refuse(state, "not-host");
  const change = { version: row.version + 1, removed: true, left: true, sessions: [], handMs: null };
  const without = gone(state, row, state.online.get(participant), context, change);
  return stay(dropFromTakes(without, participant), [
    { type: "close", participant, code: CLOSE.removed, why: "removed" },
    { type: "cut-off", sessions: row.sessions },
    { type: "broadcast", message: { type: "participant-left", participant } },
    TAKES_CHANGED,
  ]);
}

function dropFromTakes(state: RoomState, participant: ParticipantId): RoomState {
  const concerned = [...state.takes.values()].filter(
    ({ row, tracks }) =>
      row.expected.includes(participant) || [...tracks.values()].some((track) => track.row.participant === participant),
  );
  return concerned.reduce(
    (next, take: Take) =>
      changeTake(next, take, {
        excused: [...new Set([...take.row.excused, participant])],
        dropped: [...new Set([...take.row.dropped, participant])],
      }),
    state,
  );
}

/** Asks a page to switch its microphone off; whether it does is up to the person. */
export function stepAskMute(state: RoomState, by: ParticipantRow, participant: ParticipantId): Step {
  if (!mayHost(by)) return refuse(state, "not-host");
  if (!state.online.has(participant)) return refuse(state, "not-there");
  return stay(state, [{ type: "send", to: participant, message: { type: "mute-asked", by: by.name } }]);
}

/** Stops a rolling take, then ends everybody's stay. Tokens hold, so that uploads go on. */
export function stepEndForAll(state: RoomState, by: ParticipantRow, context: StepContext): Step {
  if (by.role !== "host") return refuse(state, "not-host");
  const newest = newestTake(state);
  const stopped = newest?.row.state === "rolling" ? endTake(state, newest, context.nowMs) : stay(state);
  // To those who are here now: after this step nobody is.
  const told = stopped.effects.flatMap((effect): readonly Effect[] =>
    effect.type === "broadcast"
      ? [...state.online.keys()].map((to) => ({ type: "send", to, message: effect.message }))
      : [effect],
  );
  let next = stopped.state;
  for (const [participant, online] of next.online) {
    const row = next.participants.get(participant);
    if (row) next = gone(next, row, online, context, { left: true, sessions: [], handMs: null });
  }
  for (const row of next.participants.values()) {
    if (isWaiting(row) && row.knock) next = setParticipant(next, { ...row, knock: null });
  }
  return stay(next, [...told, { type: "close-all", code: CLOSE.ended, why: "ended for all" }]);
}
