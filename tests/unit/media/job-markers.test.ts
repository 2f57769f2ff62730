import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { afterAll, describe, expect, it } from "vitest";
import { deliverTake } from "#media/deliver-take.ts";
import { demuxJob } from "#protocol/demux-job.ts";
import { folderSink } from "../../../container/files/folder-sink.ts";
import { hashBytes } from "../../../container/files/hash.ts";
import { BackendClient, PATIENCE } from "../../../container/service/backend-client.ts";
import { jobSources } from "../../../container/service/job-sources.ts";
import { readTimeline } from "../../e2e/rig/fcpxml.ts";
import { makeClip, removeFolders, temporaryFolder } from "./clips.ts";
import { idOf, makePage, record, TAKE, takeOf, trackSources } from "./tapes.ts";

afterAll(removeFolders);

const marker = (id: string, by: string, rest: object) => ({
  marker: idOf(id),
  take: TAKE,
  by: idOf(by),
  atUs: 1_000_000,
  text: "x",
  ...rest,
});

/** As the backend sends it: JSON, read by the schema. */
const jobWith = (markers: readonly object[] | undefined) =>
  v.parse(
    demuxJob,
    JSON.parse(
      JSON.stringify({
        job: idOf("job"),
        room: idOf("room"),
        take: TAKE,
        title: "Interview",
        startedMs: 1,
        zeroRoomUs: null,
        markers,
        api: "http://127.0.0.1:9/job",
        token: "job-token",
        participants: [{ participant: idOf("Alice"), name: "Alice", tracks: [] }],
      }),
    ),
  );

const sourcesOf = (job: ReturnType<typeof jobWith>) =>
  jobSources(job, new BackendClient(job, PATIENCE, new AbortController().signal), "/nowhere");

describe("a job's markers", () => {
  it("[DM25] carry the name of who set them: the job's word, else the participant's, else none", () => {
    const { markers } = sourcesOf(
      jobWith([
        marker("one", "Host", { name: "Hanna" }),
        marker("two", "Alice", {}),
        marker("three", "Somebody", { text: "" }),
      ]),
    );
    expect(markers.map(({ name, text }) => [name, text])).toEqual([
      ["Hanna", "x"],
      ["Alice", "x"],
      ["", ""],
    ]);
  });

  it("[DM25] are none where the backend does not know of markers", () => {
    expect(sourcesOf(jobWith(undefined)).markers).toEqual([]);
  });

  it("[DM25] reach both projects of the timeline, read by another reader, without control and bidi characters", async () => {
    const { markers } = sourcesOf(
      jobWith([marker("one", "Host", { atUs: 2_000_000, text: 'Cut\u0007 \u202e<here> & "now"', name: "Hanna" })]),
    );
    const picture = await record({
      page: makePage(),
      clip: await makeClip("avc", { seconds: 2 }),
      source: "camera",
      fromUs: 0,
      seconds: 4,
    });
    const folder = temporaryFolder();
    const take = takeOf({ Alice: [trackSources(picture)] }, "Interview", markers);
    await deliverTake(take, folderSink(folder), { hash: hashBytes, files: "all", parallel: 1 });
    const timeline = readTimeline(readFileSync(join(folder, "timeline.fcpxml"), "utf8"));
    const expected = { seconds: 2, value: 'Cut <here> & "now"', note: "Set by Hanna" };
    expect(timeline.markers).toMatchObject([
      { project: "Interview multicam", ...expected },
      { project: "Interview flat", ...expected },
    ]);
  });
});
