import type * as v from "valibot";
import type {
  Access,
  Answer,
  BodyPace,
  SealAnswer,
  TrackAddress,
  UploadTransport,
} from "#core/ports/upload-transport.ts";
import {
  epochsMissing,
  haveList,
  joined,
  type Receipt,
  receipt,
  roomCreated,
  STUDIO_KEY_HEADER,
  takeDeclared,
  tokenRenewed,
  trackDeclared,
  trackSealed,
  UPLOAD_LENGTH_HEADER,
} from "#protocol/http-api.ts";
import type { RoomId, Sha256, TakeId } from "#protocol/ids.ts";
import type { BodyStreaming } from "./body-streaming.ts";
import { answerOf, isNetworkError, parse } from "./http-upload-reply.ts";
import { pacedBody } from "./paced-body.ts";

export interface HttpUploadPorts {
  readonly fetch: typeof fetch;
  /** Of the server: `""` for one's own. */
  readonly origin: string;
  /** The operator's key for making rooms, when this device knows one. */
  readonly studioKey: () => string | null;
  /** Without it every body goes out whole. */
  readonly streaming?: BodyStreaming;
}

interface Call {
  readonly method: "GET" | "POST" | "PUT";
  readonly path: string;
  readonly token?: string;
  readonly json?: unknown;
  readonly body?: Blob | ReadableStream;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The upload over HTTP. An epoch's body is the journal's file itself, so memory stays flat; beside a call that limits it goes out in
 * slices, where bodies can be streams. Redirects are not followed:
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
    putEpoch: async (access, at, file, sha256, signal, pace) => {
      const path = `${trackPath(access, at)}/epochs/${at.seq}`;
      const headers = { "Content-Digest": contentDigest(sha256), "Content-Type": "application/octet-stream" };
      const call: Call = { method: "PUT", path, token: access.token, headers };
      if (pace?.limits && ports.streaming?.isPossible()) {
        const answer = await putPaced(ports, ports.streaming, call, { file, pace }, signal);
        if (answer !== "refused") return answer;
      }
      pace?.whole(file.size);
      return ask(receipt, { ...call, body: file }, signal);
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

/** Length Required: what a proxy says that takes no body of unknown length. Ours takes them. */
const LENGTH_REQUIRED = 411;

interface Paced {
  readonly file: Blob;
  readonly pace: BodyPace;
}

/** `refused`: streamed bodies cannot be sent to this server at all; nothing has been stored. */
async function putPaced(
  ports: HttpUploadPorts,
  streaming: BodyStreaming,
  call: Call,
  { file, pace }: Paced,
  signal: AbortSignal,
): Promise<Answer<Receipt> | "refused"> {
  let taken = 0;
  const counted: BodyPace = {
    limits: true,
    whole: (bytes) => pace.whole(bytes),
    async slice(most, stop) {
      const bytes = await pace.slice(most, stop);
      taken += bytes;
      return bytes;
    },
  };
  // A request that is over for another reason must not go on taking of the pace.
  const over = new AbortController();
  const body = pacedBody(file, counted, AbortSignal.any([signal, over.signal]));
  const headers = { ...call.headers, [UPLOAD_LENGTH_HEADER]: String(file.size) };
  try {
    const response = await send(ports, { ...call, headers, body }, signal);
    if (!(response instanceof Response)) {
      if (taken === 0) streaming.failed();
      return response;
    }
    if (response.status === LENGTH_REQUIRED) {
      streaming.refused();
      return "refused";
    }
    streaming.worked();
    return await answerOf(response, receipt);
  } finally {
    over.abort();
  }
}

interface Unreachable {
  readonly kind: "unreachable";
  readonly detail: string;
}

async function send(ports: HttpUploadPorts, call: Call, signal: AbortSignal): Promise<Response | Unreachable> {
  const headers = new Headers(call.headers);
  if (call.json !== undefined) headers.set("Content-Type", "application/json");
  if (call.token !== undefined) headers.set("Authorization", `Bearer ${call.token}`);
  const body = call.body ?? (call.json === undefined ? null : JSON.stringify(call.json));
  const init: RequestInit & { duplex?: "half" } = {
    method: call.method,
    headers,
    body,
    ...(body instanceof ReadableStream && { duplex: "half" }),
    credentials: "omit",
    cache: "no-store",
    redirect: "manual",
    signal,
  };
  try {
    return await ports.fetch(ports.origin + call.path, init);
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
