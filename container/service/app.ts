import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import * as v from "valibot";
import { demuxJob } from "#protocol/demux-job.ts";
import type { JobQueue } from "./job-queue.ts";

/** 20 people with 4 tracks of 23 days would be more; 2 h are 20 × 4 × 3,600 epochs × 120 bytes = 35 MB. */
const MAX_JOB_BYTES = 64 * 1024 * 1024;

const problem = (reason: string, message: string) => ({ error: { reason, message } });

/** The render service's own HTTP interface. It holds no secrets: a job carries the token that it needs. */
export function renderApp(queue: JobQueue): Hono {
  const app = new Hono();
  app.get("/health", (c) => c.json({ ok: true, busy: queue.busy }));
  const limit = bodyLimit({
    maxSize: MAX_JOB_BYTES,
    onError: (c) => c.json(problem("too-large", "The job is too large."), 413),
  });
  app.post("/jobs", limit, async (c) => {
    const parsed = v.safeParse(demuxJob, await readJson(await c.req.text()));
    if (!parsed.success) {
      const issue = parsed.issues[0];
      return c.json(problem("bad-job", `${v.getDotPath(issue) ?? "body"}: ${issue.message}`), 400);
    }
    queue.submit(parsed.output);
    return c.json(queue.view(parsed.output.job) ?? { job: parsed.output.job }, 202);
  });
  app.get("/jobs/:id", (c) => {
    const view = queue.view(c.req.param("id"));
    return view ? c.json(view) : c.json(problem("not-found", "There is no such job."), 404);
  });
  app.notFound((c) => c.json(problem("not-found", "There is nothing here."), 404));
  app.onError((error, c) => {
    console.error(error);
    return c.json(problem("unexpected", "Something went wrong here."), 500);
  });
  return app;
}

async function readJson(text: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
