import { type DemuxJob, exportFile, jobState } from "#protocol/demux-job.ts";
import type { TakeSummary, TrackSummary } from "#protocol/http-api.ts";
import type { ParticipantId } from "#protocol/ids.ts";
import type { Marker } from "#protocol/markers.ts";
import type { Knocker, ParticipantView, RoomView, TakeView } from "#protocol/room-messages.ts";
import { asRoom } from "#protocol/units.ts";
import * as v from "valibot";
import {
  isComplete,
  type JobRow,
  type MarkerRow,
  newestTake,
  type ParticipantRow,
  type RoomState,
  type Take,
  type Track,
} from "./room-state.ts";
import { isWaiting, mayHost } from "./seats.ts";

/** Somebody who went away stays in the list this long, so that the host sees what is still to come from them. */
export const SHOWN_AFTER_MS = 12 * 3_600_000;

export function participantView(state: RoomState, row: ParticipantRow): ParticipantView {
  const online = state.online.get(row.participant);
  return {
    participant: row.participant,
    name: row.name,
    role: row.role,
    connected: online !== undefined,
    seenMs: online?.seenMs ?? row.seenMs,
    status: online ? online.status : row.status,
    call: online?.call ?? null,
    handMs: online?.handMs ?? null,
  };
}

export function takeView(take: Take): TakeView {
  const { row } = take;
  return {
    take: row.take,
    number: row.number,
    title: row.title,
    state: row.state,
    zeroRoomUs: asRoom(row.zeroRoomUs ?? row.startedMs * 1000),
    stopRoomUs: row.stopRoomUs === null ? null : asRoom(row.stopRoomUs),
  };
}

/** Everybody who knocks, the longest waiting first. */
export function knocking(state: RoomState): Knocker[] {
  return [...state.participants.values()].flatMap((row) => knockerOf(row) ?? []).sort((a, b) => a.sinceMs - b.sinceMs);
}

export function knockerOf(row: ParticipantRow): Knocker | null {
  const { participant, name, knock } = row;
  return isWaiting(row) && knock ? { participant, name, sinceMs: knock.sinceMs } : null;
}

/** A marker as it is told: who may hear of it is the room's own. */
export function markerView({ marker, take, by, atUs, text }: MarkerRow): Marker {
  return { marker, take, by, atUs, text };
}

/** Private markers are for the host, the co-hosts, and who has set them. */
export const maySeeMarker = (row: MarkerRow, viewer: ParticipantRow): boolean =>
  !row.private || mayHost(viewer) || row.by === viewer.participant;

/** The room as this participant may see it. */
export function roomView(state: RoomState, viewer: ParticipantRow, nowMs: number): RoomView {
  const shown = [...state.participants.values()].filter(
    (row) =>
      !isWaiting(row) &&
      (state.online.has(row.participant) || (row.met && !row.left && nowMs - row.seenMs < SHOWN_AFTER_MS)),
  );
  const newest = newestTake(state);
  const markers = [...(newest?.markers.values() ?? [])].filter((row) => maySeeMarker(row, viewer));
  return {
    room: state.meta.room,
    title: state.meta.title,
    participants: shown.map((row) => participantView(state, row)),
    take: newest && takeView(newest),
    knocking: mayHost(viewer) ? knocking(state) : [],
    markers: markers.map(markerView),
  };
}

function trackSummary({ row, epochs, bytes }: Track): TrackSummary {
  return {
    track: row.track,
    participant: row.participant,
    source: row.source,
    label: row.label,
    epochs,
    bytes,
    sealed: row.seal !== null,
    expected: row.seal?.epochs ?? null,
    end: row.seal?.end ?? null,
  };
}

/** Everybody who takes part in a take: with tracks, or awaited. */
function participantsOf(state: RoomState, take: Take): readonly ParticipantRow[] {
  const ids = new Set<ParticipantId>(take.row.expected);
  for (const track of take.tracks.values()) ids.add(track.row.participant);
  return [...ids].flatMap((id) => state.participants.get(id) ?? []);
}

export function takeSummary(state: RoomState, take: Take, retentionMs: number, nowMs: number): TakeSummary {
  const { row } = take;
  return {
    take: row.take,
    title: row.title,
    state: row.state,
    ...(row.number > 0 ? { number: row.number } : {}),
    startedMs: row.startedMs,
    stoppedMs: row.stopRoomUs === null ? null : Math.round(row.stopRoomUs / 1000),
    expiresMs: Math.round(row.touchedMs + retentionMs),
    complete: isComplete(take),
    participants: participantsOf(state, take).map(({ participant, name, role }) => ({
      participant,
      name,
      role,
      connected: state.online.has(participant),
    })),
    tracks: [...take.tracks.values()].map(trackSummary),
    job: row.job && jobView(row.job, nowMs),
    exports: (row.delivered?.files ?? []).map((file) => v.parse(exportFile, file)),
  };
}

function jobView(job: JobRow, nowMs: number): NonNullable<TakeSummary["job"]> {
  const tried = job.state === "waiting" && job.tries > 0;
  return { ...v.parse(jobState, job), nextTryInMs: tried ? Math.max(0, job.dueMs - nowMs) : null };
}

type JobEpochs = DemuxJob["participants"][number]["tracks"][number]["epochs"];

/** What the render service is given. `epochsOf` reads the ledger, ascending by seq. */
export function demuxJobOf(
  state: RoomState,
  take: Take,
  job: Pick<DemuxJob, "job" | "api" | "token">,
  epochsOf: (track: Track) => JobEpochs,
): DemuxJob {
  const tracks = [...take.tracks.values()];
  const owners = new Set(tracks.map((track) => track.row.participant));
  return {
    ...job,
    room: state.meta.room,
    take: take.row.take,
    title: take.row.title,
    startedMs: take.row.startedMs,
    zeroRoomUs: take.row.zeroRoomUs,
    markers: [...take.markers.values()]
      .sort((a, b) => a.atUs - b.atUs)
      .map((row) => ({ ...markerView(row), name: state.participants.get(row.by)?.name ?? "" })),
    participants: [...owners].map((participant) => ({
      participant,
      name: state.participants.get(participant)?.name ?? "",
      tracks: tracks
        .filter((track) => track.row.participant === participant)
        .map((track) => ({
          track: track.row.track,
          source: track.row.source,
          label: track.row.label,
          epochs: epochsOf(track),
          expected: track.row.seal?.epochs ?? null,
          end: track.row.seal?.end ?? null,
          endUs: track.row.seal?.endUs ?? null,
          gaps: track.row.seal?.gaps ?? [],
        })),
    })),
  };
}
