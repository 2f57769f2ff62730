import type * as v from "valibot";
import type { Access, Answer, SealAnswer, TrackAddress, UploadTransport } from "#core/ports/upload-transport.ts";
import {
  epochsMissing,
  haveList,
  joined,
  receipt,
  roomCreated,
  STUDIO_KEY_HEADER,
  takeDeclared,
  tokenRenewed,
  trackDeclared,
  trackSealed,
} from "#protocol/http-api.ts";
import type { RoomId, Sha256, TakeId } from "#protocol/ids.ts";
import { answerOf, isNetworkError, parse } from "./http-upload-reply.ts";

export interface HttpUploadPorts {
  readonly fetch: typeof fetch;
  /** Of the server: `""` for one's own. */
  readonly origin: string;
  /** The operator's key for making rooms, when this device knows one. */
  readonly studioKey: () => string | null;
}

interface Call {
  readonly method: "GET" | "POST" | "PUT";
  readonly path: string;
  readonly token?: string;
  readonly json?: unknown;
  readonly file?: Blob;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The upload over HTTP. An epoch's body is the journal's file itself, so memory stays flat. Redirects are not followed:
 * ours never redirects, so one is a captive portal's, and it can be told from a network that is gone.
 */
export function httpUpload(ports: HttpUploadPorts): UploadTransport {
  const ask = async <Schema extends v.GenericSchema>(
    schema: Schema,
    call: Call,
    signal: AbortSignal,
  ): Promise<Answer<v.InferOutput<Schema>>> => {
    const response = await send(ports, call, signal);
    return response instanceof Response ? answerOf(response, schema) : response;
  };
  return {
    createRoom: (json, signal) => {
      const key = ports.studioKey();
      const headers: Record<string, string> = key === null ? {} : { [STUDIO_KEY_HEADER]: key };
      return ask(roomCreated, { method: "POST", path: "/api/rooms", json, headers }, signal);
    },
    join: (room, json, signal) => ask(joined, { method: "POST", path: `${roomPath(room)}/participants`, json }, signal),
    renewToken: (room, participant, json, signal) => {
      const path = `${roomPath(room)}/participants/${participant}/token`;
      return ask(tokenRenewed, { method: "POST", path, json }, signal);
    },
    declareTake: ({ room, token }, take, json, signal) =>
      ask(takeDeclared, { method: "PUT", path: takePath(room, take), token, json }, signal),
    declareTrack: (access, at, json, signal) =>
      ask(trackDeclared, { method: "PUT", path: trackPath(access, at), token: access.token, json }, signal),
    haveList: (access, at, signal) =>
      ask(haveList, { method: "GET", path: `${trackPath(access, at)}/epochs`, token: access.token }, signal),
    putEpoch: (access, at, file, sha256, signal) => {
      const path = `${trackPath(access, at)}/epochs/${at.seq}`;
      const headers = { "Content-Digest": contentDigest(sha256), "Content-Type": "application/octet-stream" };
      return ask(receipt, { method: "PUT", path, token: access.token, file, headers }, signal);
    },
    seal: async (access, at, json, signal) => {
      const call: Call = { method: "POST", path: `${trackPath(access, at)}/seal`, token: access.token, json };
      const response = await send(ports, call, signal);
      return response instanceof Response ? sealAnswer(response) : response;
    },
  };
}

const roomPath = (room: RoomId): string => `/api/rooms/${room}`;
const takePath = (room: RoomId, take: TakeId): string => `${roomPath(room)}/takes/${take}`;
const trackPath = ({ room }: Access, { take, track }: TrackAddress): string =>
  `${takePath(room, take)}/tracks/${track}`;

async function sealAnswer(response: Response): Promise<SealAnswer> {
  // Only a 409 is read twice, and its body is small.
  const again = response.status === 409 ? response.clone() : null;
  const answer = await answerOf(response, trackSealed);
  if (!again || answer.kind !== "refused") return answer;
  const missing = parse(epochsMissing, await again.text());
  return missing.success ? { kind: "missing", ranges: missing.output.missing } : answer;
}

async function send(
  ports: HttpUploadPorts,
  call: Call,
  signal: AbortSignal,
): Promise<Response | { readonly kind: "unreachable"; readonly detail: string }> {
  const headers = new Headers(call.headers);
  if (call.json !== undefined) headers.set("Content-Type", "application/json");
  if (call.token !== undefined) headers.set("Authorization", `Bearer ${call.token}`);
  try {
    return await ports.fetch(ports.origin + call.path, {
      method: call.method,
      headers,
      body: call.file ?? (call.json === undefined ? null : JSON.stringify(call.json)),
      credentials: "omit",
      cache: "no-store",
      redirect: "manual",
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!isNetworkError(error)) throw error;
    return { kind: "unreachable", detail: error.message };
  }
}

/** RFC 9530: the digest as base64 between colons. */
function contentDigest(sha256: Sha256): string {
  const bytes = sha256.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? [];
  return `sha-256=:${btoa(String.fromCharCode(...bytes))}:`;
}
