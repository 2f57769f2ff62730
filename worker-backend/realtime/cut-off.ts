import * as v from "valibot";
import type { SfuSessionId } from "#protocol/call.ts";
import { MAX_REALTIME_TRACKS } from "#protocol/realtime-api.ts";
import type { Env } from "../env.ts";
import { ask, type Upstream, upstreamOf } from "./upstream.ts";

const lines = v.object({ tracks: v.optional(v.array(v.object({ mid: v.nullish(v.string()) })), []) });

/**
 * Closes every track of these sessions at the SFU, those that they pull too: whoever was removed hears and sees the room no
 * longer, whatever their page does. Best effort: a session that cannot be reached ends by itself without its participant's page.
 */
export async function cutOff(env: Env, sessions: readonly SfuSessionId[]): Promise<void> {
  const upstream = upstreamOf(env);
  if (!upstream) return;
  const done = await Promise.allSettled(sessions.map((session) => closeAll(upstream, session)));
  const failed = done.filter(({ status }) => status === "rejected").length;
  if (failed > 0) console.warn(`realtime: ${failed} sessions of a removed participant could not be closed`);
}

async function closeAll(upstream: Upstream, session: SfuSessionId): Promise<void> {
  const state = v.safeParse(lines, (await ask(upstream, "GET", ["sessions", session])).body);
  const mids = state.success ? state.output.tracks.flatMap(({ mid }) => (mid ? [{ mid }] : [])) : [];
  for (let at = 0; at < mids.length; at += MAX_REALTIME_TRACKS) {
    const tracks = mids.slice(at, at + MAX_REALTIME_TRACKS);
    await ask(upstream, "PUT", ["sessions", session, "tracks", "close"], { tracks, force: true });
  }
}
