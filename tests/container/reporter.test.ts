import { describe, expect, it } from "vitest";
import type { JobProgress } from "#protocol/demux-job.ts";
import { Reporter } from "../../container/service/reporter.ts";

/** A backend that answers each report when the test says so. */
function slowBackend() {
  const told: JobProgress[] = [];
  const answers: PromiseWithResolvers<void>[] = [];
  const errors: unknown[] = [];
  const reporter = new Reporter(
    (progress) => {
      told.push(progress);
      const answer = Promise.withResolvers<void>();
      answers.push(answer);
      return answer.promise;
    },
    (error) => errors.push(error),
  );
  return { reporter, told, answers, errors };
}

describe("what a job reports", () => {
  it("[DM18] each stage is told in order, also one that was over before the report before it was answered", async () => {
    const { reporter, told, answers } = slowBackend();
    for (const fraction of [0.1, 0.4]) reporter.update({ stage: "reading", fraction });
    reporter.update({ stage: "stitching", fraction: 0.4 });
    reporter.update({ stage: "stitching", fraction: 0.8 });
    reporter.update({ stage: "storing", fraction: 0.8 });
    const stopped = reporter.stop();
    for (let at = 0; at < 3; at++) {
      expect(told).toHaveLength(at + 1);
      answers[at]?.resolve();
      await answers[at]?.promise;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await stopped;
    expect(told).toEqual([
      { stage: "reading", fraction: 0 },
      { stage: "stitching", fraction: 0.4 },
      { stage: "storing", fraction: 0.8 },
    ]);
  });

  it("[DM20] after one that failed the others are not sent", async () => {
    const { reporter, told, answers, errors } = slowBackend();
    reporter.update({ stage: "stitching", fraction: 0.4 });
    const stopped = reporter.stop();
    answers[0]?.reject(new Error("gone"));
    await stopped;
    expect([told.length, errors.length]).toEqual([1, 1]);
  });
});
