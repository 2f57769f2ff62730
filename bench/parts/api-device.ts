import { httpUpload } from "#platform/http-upload.ts";
import type { Access, Answer, SealAnswer, UploadTransport } from "#core/ports/upload-transport.ts";
import { type SealTrack, takeList, type TakeSummary } from "#protocol/http-api.ts";
import type { RoomId, TakeId } from "#protocol/ids.ts";
import * as v from "valibot";
import { hashOf } from "./clips.ts";
import { endUsOf, type PreparedEpoch, type PreparedTake, preparedEpochs } from "./prepared-take.ts";
import { poll } from "./wait.ts";

const never = new AbortController().signal;

/** A host without a browser, over the HTTP API. */
export interface ApiDevice {
  readonly access: Access;
  readonly transport: UploadTransport;
}

export async function joinAsHost(origin: string): Promise<ApiDevice> {
  const transport = httpUpload({ fetch, origin, studioKey: () => null });
  const made = must(await transport.createRoom({}, never));
  const seat = { name: "Bench", consent: true, hostSecret: made.hostSecret } as const;
  const { token } = must(await transport.join(made.room, seat, never));
  return { access: { room: made.room, token }, transport };
}

export async function declare({ access, transport }: ApiDevice, prepared: PreparedTake): Promise<void> {
  const { take, startedMs, tracks } = prepared;
  must(await transport.declareTake(access, take, { startedMs, alone: true }, never));
  for (const { track, clip } of tracks) {
    must(await transport.declareTrack(access, { take, track }, { source: clip.source, label: "" }, never));
  }
}

/**
 * Puts everything but each track's last epoch.
 * @returns what is left to do at Stop: those last epochs, and the seals
 */
export async function putAllButLast(device: ApiDevice, prepared: PreparedTake): Promise<() => Promise<void>> {
  const last: PreparedEpoch[] = [];
  for (const track of prepared.tracks) {
    for await (const epoch of preparedEpochs(prepared, track, async (bytes) => hashOf(bytes))) {
      if (epoch.row.seq === prepared.epochs - 1) last.push(epoch);
      else await put(device, epoch);
    }
  }
  return async () => {
    await Promise.all(last.map((epoch) => finish(device, prepared, epoch)));
  };
}

async function put({ access, transport }: ApiDevice, { row, bytes }: PreparedEpoch): Promise<void> {
  must(await transport.putEpoch(access, row, new Blob([bytes]), row.sha256, never));
}

async function finish(device: ApiDevice, prepared: PreparedTake, epoch: PreparedEpoch): Promise<void> {
  await put(device, epoch);
  const { row } = epoch;
  const seal: SealTrack = { epochs: row.seq + 1, chain: row.sha256, end: "closed", endUs: endUsOf(prepared), gaps: [] };
  const answer: SealAnswer = await device.transport.seal(device.access, row, seal, never);
  if (answer.kind === "missing") throw new Error("the server misses epochs");
  must(answer);
}

function must<Value>(answer: Answer<Value>): Value {
  if (answer.kind !== "ok") throw new Error(`the server did not take it: ${JSON.stringify(answer)}`);
  return answer.value;
}

/** How often the server is asked: the error of what is measured. */
const ASK_MS = 25;

/** Waits until the first byte of a take's (newest take's) MKV can be had. @returns when: ms of `performance.now()`, and its size */
export async function untilDownloadable(
  origin: string,
  access: { readonly room: RoomId; readonly token: string },
  take: TakeId | undefined,
  patienceMs: number,
): Promise<{ readonly atMs: number; readonly bytes: number }> {
  const master = await poll("an MKV", () => findMaster(origin, access, take), ASK_MS, patienceMs);
  const answer = await fetch(master.url, {
    headers: { Authorization: `Bearer ${access.token}`, Range: "bytes=0-0" },
  });
  await answer.arrayBuffer();
  if (answer.status !== 206) throw new Error(`the MKV answers ${answer.status}`);
  return { atMs: performance.now(), bytes: master.bytes };
}

async function findMaster(
  origin: string,
  { room, token }: { readonly room: RoomId; readonly token: string },
  take: TakeId | undefined,
): Promise<{ readonly url: string; readonly bytes: number } | undefined> {
  const takes = `${origin}/api/rooms/${room}/takes`;
  const answer = await fetch(takes, { headers: { Authorization: `Bearer ${token}` } });
  const list = v.parse(takeList, await answer.json());
  const found: TakeSummary | undefined =
    take === undefined ? list.takes[0] : list.takes.find((each) => each.take === take);
  if (found?.job?.state === "failed") throw new Error(`the job failed: ${JSON.stringify(found.job)}`);
  const file = found?.exports.find((each) => each.name.endsWith(".mkv"));
  return file && found ? { url: `${takes}/${found.take}/exports/${file.name}`, bytes: file.bytes } : undefined;
}
