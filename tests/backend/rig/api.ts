import { runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import * as v from "valibot";
import { errorReply } from "#protocol/errors.ts";
import { inviteCreated, type Joined, joined, receipt, roomCreated, takeList } from "#protocol/http-api.ts";
import {
  type ParticipantId,
  participantId,
  type RoomId,
  type Sha256,
  type Source,
  sha256,
  type TakeId,
  takeId,
  type TrackId,
  trackId,
} from "#protocol/ids.ts";
import { randomId } from "../../../worker-backend/auth/secrets.ts";

export const ORIGIN = "http://studio.test";

export interface Seat {
  readonly room: RoomId;
  readonly participant: ParticipantId;
  readonly token: string;
  readonly refreshSecret: string;
}

export interface HostSeat extends Seat {
  readonly hostSecret: string;
}

interface CallOptions {
  readonly method?: string;
  readonly token?: string;
  readonly json?: unknown;
  readonly body?: BodyInit;
  readonly headers?: Record<string, string>;
}

/** One request to the backend, as it would come from the network. */
export function call(path: string, options: CallOptions = {}): Promise<Response> {
  const headers = new Headers(options.headers);
  if (options.token !== undefined) headers.set("Authorization", `Bearer ${options.token}`);
  const body = options.json === undefined ? options.body : JSON.stringify(options.json);
  const method = options.method ?? (body === undefined ? "GET" : "POST");
  return exports.default.fetch(`${ORIGIN}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
}

/** The reason of an error reply. Everything that is refused says it in the same shape. */
export async function reasonOf(response: Response): Promise<string> {
  return v.parse(errorReply, await response.json()).error.reason;
}

export async function statusAndReason(response: Response): Promise<[number, string]> {
  return [response.status, await reasonOf(response)];
}

export const newTake = (): TakeId => v.parse(takeId, randomId());
export const newTrack = (): TrackId => v.parse(trackId, randomId());

export async function makeRoom(title = "A room"): Promise<{ room: RoomId; hostSecret: string }> {
  const response = await call("/api/rooms", { json: { title } });
  return v.parse(roomCreated, await response.json());
}

/** How somebody comes in: with nothing, they wait. */
interface Entry {
  readonly hostSecret?: string;
  readonly invite?: string;
}

export async function joinRoom(
  room: RoomId,
  name: string,
  entry: Entry = {},
): Promise<Seat & Pick<Joined, "admission">> {
  const response = await call(`/api/rooms/${room}/participants`, { json: { name, consent: true, ...entry } });
  const { participant, token, refreshSecret, admission } = v.parse(joined, await response.json());
  return { room, participant: v.parse(participantId, participant), token, refreshSecret, admission };
}

/** Somebody in the waiting room. */
export const waitingSeat = (room: RoomId, name: string) => joinRoom(room, name);

export async function newInvite(host: Pick<Seat, "room" | "token">): Promise<string> {
  const response = await call(`/api/rooms/${host.room}/invites`, { method: "POST", token: host.token });
  return v.parse(inviteCreated, await response.json()).invite;
}

/** A guest past the waiting room, by a one-time link. */
export async function admittedGuest(host: Pick<Seat, "room" | "token">, name: string): Promise<Seat> {
  return joinRoom(host.room, name, { invite: await newInvite(host) });
}

export async function hostedRoom(title?: string): Promise<HostSeat> {
  const { room, hostSecret } = await makeRoom(title);
  return { ...(await joinRoom(room, "Alice", { hostSecret })), hostSecret };
}

export async function declareTake(host: Seat, take = newTake()): Promise<TakeId> {
  const json = { startedMs: Date.now(), title: "A take", alone: true };
  const response = await call(`/api/rooms/${host.room}/takes/${take}`, { method: "PUT", token: host.token, json });
  if (!response.ok) throw new Error(`declare take: ${response.status}`);
  await response.body?.cancel();
  return take;
}

export const trackPath = (seat: Seat, take: string, track: string): string =>
  `/api/rooms/${seat.room}/takes/${take}/tracks/${track}`;

export async function declareTrack(seat: Seat, take: TakeId, source: Source = "camera"): Promise<TrackId> {
  const track = newTrack();
  const json = { source, label: "A device" };
  const response = await call(trackPath(seat, take, track), { method: "PUT", token: seat.token, json });
  if (!response.ok) throw new Error(`declare track: ${response.status}`);
  await response.body?.cancel();
  return track;
}

/** Bytes that differ by their seed. */
export function someBytes(seed: number, length = 1000): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + seed * 17 + (at >> 8)) % 256);
}

export async function hashOf(bytes: Uint8Array): Promise<Sha256> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return v.parse(sha256, Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(""));
}

export async function digestHeader(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `sha-256=:${btoa(String.fromCharCode(...digest))}:`;
}

interface EpochPut {
  readonly take: string;
  readonly track: string;
  readonly seq: number | string;
  readonly bytes: Uint8Array;
  readonly headers?: Record<string, string>;
  /** Header to leave out. */
  readonly without?: string;
}

export async function putEpoch(seat: Pick<Seat, "room" | "token">, put: EpochPut): Promise<Response> {
  const headers: Record<string, string> = {
    "Content-Length": String(put.bytes.byteLength),
    "Content-Digest": await digestHeader(put.bytes),
    ...put.headers,
  };
  if (put.without !== undefined) delete headers[put.without];
  // A stream has no length that the runtime could add by itself.
  const body = headers["Content-Length"] === undefined ? lengthless(put.bytes) : put.bytes;
  const path = `/api/rooms/${seat.room}/takes/${put.take}/tracks/${put.track}/epochs/${put.seq}`;
  return call(path, { method: "PUT", token: seat.token, body, headers });
}

function lengthless(bytes: Uint8Array): ReadableStream {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** A track with epochs 0 … `count` - 1. */
export async function uploadTrack(
  seat: Seat,
  take: TakeId,
  count: number,
  source: Source = "camera",
): Promise<TrackId> {
  const track = await declareTrack(seat, take, source);
  for (let seq = 0; seq < count; seq += 1) {
    const response = await putEpoch(seat, { take, track, seq, bytes: someBytes(seq) });
    v.parse(receipt, await response.json());
  }
  return track;
}

export async function sealTrack(
  seat: Seat,
  take: TakeId,
  track: TrackId,
  count: number,
  body: Record<string, unknown> = {},
): Promise<Response> {
  const chain = count === 0 ? null : await hashOf(someBytes(count - 1));
  const json = { epochs: count, chain, end: "closed", endUs: count * 2_000_000, gaps: [], ...body };
  return call(`${trackPath(seat, take, track)}/seal`, { token: seat.token, json });
}

export async function takesOf(seat: Seat): Promise<v.InferOutput<typeof takeList>["takes"]> {
  const response = await call(`/api/rooms/${seat.room}/takes`, { token: seat.token });
  return v.parse(takeList, await response.json()).takes;
}

/** Every key that the bucket holds of a room. */
export async function keysOf(room: string): Promise<string[]> {
  const listed = await env.BUCKET.list({ prefix: `rooms/${room}/` });
  return listed.objects.map((object) => object.key);
}

export const stubOf = (room: string) => env.ROOM.getByName(room);

/** The row of a seat as the room has stored it; `null`: there is none. */
export async function storedSeat(room: string, participant: string): Promise<unknown> {
  const [row] = await runInDurableObject(stubOf(room), (_, { storage }) =>
    storage.sql.exec("SELECT body FROM participants WHERE id = ?", participant).toArray(),
  );
  return row ? JSON.parse(v.parse(v.string(), row.body)) : null;
}
