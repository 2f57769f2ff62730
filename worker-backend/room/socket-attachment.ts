import * as v from "valibot";
import { type CallState, callTrack } from "#protocol/call.ts";
import { participantId, role } from "#protocol/ids.ts";
import { deviceStatus } from "#protocol/room-messages.ts";
import { count, wallMillis } from "#protocol/units.ts";
import type { Online } from "./room-state.ts";
import type { Member } from "./seats.ts";

const { source, session, trackName, simulcast } = callTrack.entries;

/** Without the names of its fields, four times over. */
const packedCall = v.strictTuple([
  v.boolean(),
  v.boolean(),
  v.array(v.strictTuple([source, session, trackName, simulcast])),
]);

/** What a socket carries through hibernation. */
const attachment = v.object({
  sinceMs: wallMillis,
  member: v.nullable(v.object({ participant: participantId, role, version: count })),
  online: v.nullable(
    v.object({
      seenMs: wallMillis,
      status: v.nullable(deviceStatus),
      call: v.optional(v.nullable(packedCall), null),
      handMs: v.optional(v.nullable(wallMillis), null),
    }),
  ),
});

export interface Attached {
  readonly sinceMs: number;
  readonly member: Member | null;
  readonly online: Online | null;
}

/** As it is serialized: without the list of gaps. An attachment may hold 2 KiB; the longest of these is 1.8. */
export function pack({ sinceMs, member, online }: Attached): unknown {
  if (!online) return { sinceMs, member, online };
  const { seenMs, status, call, handMs } = online;
  return {
    sinceMs,
    member,
    online: {
      seenMs,
      status: status && { ...status, newestGaps: [] },
      call: call && packCall(call),
      handMs,
    },
  };
}

const packCall = ({ muted, cameraOff, tracks }: CallState): v.InferOutput<typeof packedCall> => [
  muted,
  cameraOff,
  tracks.map((track) => [track.source, track.session, track.trackName, track.simulcast]),
];

/** `null`: not one of ours. */
export function unpack(value: unknown): Attached | null {
  const known = v.safeParse(attachment, value);
  if (!known.success) return null;
  const { online, ...rest } = known.output;
  return { ...rest, online: online && { ...online, call: online.call && unpackCall(online.call) } };
}

const unpackCall = ([muted, cameraOff, tracks]: v.InferOutput<typeof packedCall>): CallState => ({
  muted,
  cameraOff,
  tracks: tracks.map(([from, sfuSession, name, layers]) => ({
    source: from,
    session: sfuSession,
    trackName: name,
    simulcast: layers,
  })),
});
