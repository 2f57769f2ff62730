import type { DemuxJob } from "#protocol/demux-job.ts";
import type { Env } from "./env.ts";

/** The service answers 202 at once, so this long without an answer is a failure; a container may have to start first. */
const PATIENCE_MS = 20_000;

/**
 * Hands a job to the render service: the one at `RENDER_URL`, else a container of the `RENDER` binding. The binding is not
 * touched when there is a URL: on one machine there are no containers.
 * @returns why it was not accepted; `null` when it was
 */
export async function dispatchJob(env: Env, job: DemuxJob): Promise<string | null> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(new Error(`no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  try {
    const headers = { "Content-Type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(job), signal: patience.signal };
    const reply = await post(env, job, init);
    if (!reply) return "No render service is configured: set RENDER_URL or bind a container as RENDER.";
    await reply.body?.cancel();
    return reply.ok ? null : `The render service refused the job with status ${reply.status}.`;
  } catch (error) {
    // Whatever the network or the container throws, the job is tried again.
    console.warn(`render service: ${error instanceof Error ? error.message : String(error)}`);
    return "The render service cannot be reached.";
  } finally {
    // A timer that is left keeps the room's object from sleeping.
    clearTimeout(timer);
  }
}

async function post(env: Env, job: DemuxJob, init: RequestInit): Promise<Response | null> {
  if (env.RENDER_URL) return fetch(`${env.RENDER_URL.replace(/\/+$/, "")}/jobs`, init);
  if (!env.RENDER) return null;
  return env.RENDER.getByName(job.take).fetch("http://render/jobs", init);
}
