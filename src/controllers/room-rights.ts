import type { Role } from "#protocol/ids.ts";
import type { ParticipantView as RoomParticipant } from "#protocol/room-messages.ts";
import type { ParticipantAction } from "./studio-view.ts";

/** Record, Stop, Admit, Invite. */
export function mayHost(role: Role): boolean {
  return role === "host" || role === "cohost";
}

/** What somebody of `role` may do to another. The room decides in the end; this is what is offered. */
export function actionsOn(
  other: Pick<RoomParticipant, "role" | "connected" | "call">,
  role: Role,
): ParticipantAction[] {
  if (!mayHost(role) || other.role === "host") return [];
  const mute: ParticipantAction[] = other.connected && other.call?.muted !== true ? ["mute"] : [];
  if (role === "cohost") return other.role === "cohost" ? mute : [...mute, "remove"];
  return [...mute, other.role === "cohost" ? "make-guest" : "make-cohost", "remove"];
}
