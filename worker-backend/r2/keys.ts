import { type JobId, type RoomId, seqName, type TakeId, type TrackId } from "#protocol/ids.ts";

/** Keys in the bucket. Built from parsed ids only, which hold no slash or dot. */
export const roomPrefix = (room: RoomId): string => `rooms/${room}/`;
export const takePrefix = (room: RoomId, take: TakeId): string => `${roomPrefix(room)}takes/${take}/`;
export const epochKey = (room: RoomId, take: TakeId, track: TrackId, seq: number): string =>
  `${takePrefix(room, take)}tracks/${track}/epochs/${seqName(seq)}.mp4`;
export const jobPrefix = (room: RoomId, take: TakeId, job: JobId): string => `${takePrefix(room, take)}exports/${job}/`;
export const exportKey = (room: RoomId, take: TakeId, job: JobId, name: string): string =>
  `${jobPrefix(room, take, job)}${name}`;
