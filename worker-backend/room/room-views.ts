import { type DemuxJob, exportFile, jobState } from "#protocol/demux-job.ts";
import type { TakeSummary, TrackSummary } from "#protocol/http-api.ts";
import type { ParticipantId } from "#protocol/ids.ts";
import type { ParticipantView, RoomView, TakeView } from "#protocol/room-messages.ts";
import { asRoom } from "#protocol/units.ts";
import * as v from "valibot";
import {
  isComplete,
  type JobRow,
  newestTake,
  type ParticipantRow,
  type RoomState,
  type Take,
  type Track,
} from "./room-state.ts";

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

export function roomView(state: RoomState, nowMs: number): RoomView {
  const shown = [...state.participants.values()].filter(
    (row) => state.online.has(row.participant) || (row.met && !row.left && nowMs - row.seenMs < SHOWN_AFTER_MS),
  );
  const newest = newestTake(state);
  return {
    room: state.meta.room,
    title: state.meta.title,
    participants: shown.map((row) => participantView(state, row)),
    take: newest && takeView(newest),
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
