import type { RoomState } from "./room-state.ts";

/** A track that somebody wants to pull. */
export interface PulledTrack {
  readonly session: string;
  readonly trackName: string;
}

/** Whether somebody who is in the room now publishes this track, and says so. */
export function isPublished(state: RoomState, { session, trackName }: PulledTrack): boolean {
  return [...state.online.values()].some(({ call }) =>
    call?.tracks.some((track) => track.session === session && track.trackName === trackName),
  );
}
