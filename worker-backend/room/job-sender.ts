import type { JobId } from "#protocol/ids.ts";
import { signToken } from "../auth/tokens.ts";
import { backendUrl, type Env } from "../env.ts";
import { dispatchJob } from "../render.ts";
import type { RoomState, Take, Track } from "./room-state.ts";
import type { RoomStore } from "./room-store.ts";
import { demuxJobOf } from "./room-views.ts";

/** A job ends with its lease; the token's own end is only the outer limit. */
const JOB_TOKEN_S = 24 * 3600;

/**
 * Sends a take's job to the render service with a token that opens this job only.
 * @returns why it was not accepted; `null` when it was
 */
export async function sendJob(
  env: Env,
  state: RoomState,
  take: Take,
  job: JobId,
  store: RoomStore,
): Promise<string | null> {
  const { room, origin } = state.meta;
  const epochsOf = ({ row }: Track) => store.epochs(row.take, row.track);
  const api = `${backendUrl(env, origin)}/api/rooms/${room}/takes/${take.row.take}/jobs/${job}`;
  // The ledger is read before anything is awaited: the job's input is what the take held when it was dispatched.
  const request = demuxJobOf(state, take, { job, api, token: "" }, epochsOf);
  const exp = Math.floor(Date.now() / 1000) + JOB_TOKEN_S;
  const token = await signToken(env.SIGNING_SECRET, { aud: "job", room, take: take.row.take, job, exp });
  return dispatchJob(env, { ...request, token });
}
