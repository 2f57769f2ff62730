import type { Problem, TallyView, TapeView } from "#controllers/view-models.ts";
import { describe, expect, it } from "vitest";
import { rulerMarks, wavePath } from "../../../src/ui/parts/lanes.tsx";
import { parseRoute } from "../../../src/ui/router.ts";
import { light, safeSentence, studioTitle, tallyWords } from "../../../src/ui/screens/studio/studio-words.ts";
import { copyPlain } from "../../../src/ui/view-store.ts";
import { problemWords, worstFirst } from "../../../src/ui/words/problem-words.ts";
import { tapeSentence } from "../../../src/ui/words/tape-words.ts";

const tape: TapeView = { lengthMs: 60_000, keptMs: 60_000, arrivedMs: 60_000, gaps: [], live: false, local: false };

describe("a tape as one sentence", () => {
  it.each<[Partial<TapeView>, string]>([
    [{}, "All on the server"],
    [{ arrivedMs: 30_000 }, "0:30 of 1:00 on the server"],
    [{ local: true, arrivedMs: 0 }, "1:00, only on this device"],
    [{ gaps: [{ atMs: 11_000, lengthMs: 3100 }] }, "All on the server, one gap of 3.1 s at 0:11"],
    [{ keptMs: 48_000, arrivedMs: 48_000 }, "All on the server, 12 s lost at the end"],
    [{ keptMs: 48_000, arrivedMs: 48_000, live: true }, "All on the server"],
    [{ off: [{ atMs: 11_000, lengthMs: 3100 }] }, "All on the server, camera or microphone switched off for 3.1 s"],
  ])("%o", (more, words) => {
    expect(tapeSentence({ ...tape, ...more })).toBe(words);
  });
});

describe("problems in plain words", () => {
  const problems: Problem[] = [
    { reason: "network-gone" },
    { reason: "mic-unplugged", atMs: 662_000, missingMs: 3100, goesOnWith: "the iPad microphone" },
    { reason: "not-recording", who: "Marek Dvořák", sinceMs: 962_000 },
  ];

  it("a loss stands before what is degraded, and that before what is only said", () => {
    expect(worstFirst(problems).map((problem) => problem.reason)).toEqual([
      "not-recording",
      "mic-unplugged",
      "network-gone",
    ]);
  });

  it("says what is, then what the person can do; no blame, no exclamation", () => {
    for (const problem of problems) {
      const { title, text } = problemWords(problem);
      expect(`${title} ${text}`).not.toMatch(/!|oops|sorry|successfully/i);
    }
    expect(problemWords({ reason: "disk-full", atMs: 0 }).severity).toBe("lost");
    const unplugged: Problem = { reason: "mic-unplugged", atMs: 662_000, missingMs: 3100, goesOnWith: "the iPad" };
    expect(problemWords(unplugged).title).toBe("Microphone unplugged at 11:02");
  });
});

describe("the tally", () => {
  const recording: TallyView = {
    phase: "recording",
    startedAtMs: 0,
    recording: 2,
    total: 3,
    notRecording: [],
    outOfReach: ["Marek Dvořák"],
  };

  it("never counts a device out of reach as recording", () => {
    expect(tallyWords(recording).state).toBe("Recording 2 of 3, Marek out of reach");
  });

  it("says Safe to leave in the phase safe and in no other", () => {
    const phases: TallyView[] = [
      { phase: "idle", ready: true },
      { phase: "starting", ready: 0, total: 1 },
      recording,
      { phase: "stopping" },
      { phase: "draining", bytesLeft: 0, bytesTotal: 1 },
      { phase: "waiting", bytesLeft: 1, bytesTotal: 1 },
    ];
    for (const tally of phases) {
      expect(tallyWords(tally).state).not.toContain("Safe to leave");
      expect(light(tally)).not.toBe("safe");
    }
    expect(tallyWords({ phase: "safe", lostMs: 72_000 }).state).toBe("Safe to leave");
  });

  it("stands in the window's title", () => {
    expect(studioTitle("Ferries", recording, 1_458_000)).toBe("● 24:18 Ferries");
    expect(studioTitle("Ferries", { phase: "safe", lostMs: 0 }, 0)).toBe("Safe to leave · Ferries");
  });

  it("tells the host who still uploads", () => {
    const after = {
      takeNumber: 1,
      lengthMs: 0,
      bytesArrived: 0,
      bytesTotal: 0,
      missing: [],
      lostMs: 0,
      othersLeft: [{ name: "Marek Dvořák", etaMs: 22 * 60_000 }],
      otherTakes: 0,
    };
    expect(safeSentence(after, true, "Inês")).toBe(
      "Your take has arrived. Marek needs about 22 minutes more, and need not stay in the call.",
    );
  });
});

describe("paths", () => {
  it.each([
    ["/", { name: "home" }],
    ["/recordings/", { name: "recordings" }],
    ["/alone", { name: "alone" }],
    ["/r/abc_-9", { name: "room", room: "abc_-9" }],
    ["/r/abc/exports", { name: "exports", room: "abc" }],
    ["/r/abc/other", { name: "not-found" }],
    ["/r/..%2fabc", { name: "not-found" }],
    ["/api/rooms", { name: "not-found" }],
  ])("%s", (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });
});

describe("snapshots", () => {
  it("are copied before the store writes into them; streams and peaks stay the same object", () => {
    const peaks = new Uint8Array([1, 2]);
    const snapshot = { list: [{ id: "a", peaks }] };
    const copy = copyPlain(snapshot);
    expect(copy).toEqual(snapshot);
    expect(copy.list[0]).not.toBe(snapshot.list[0]);
    expect(copy.list[0]?.peaks).toBe(peaks);
  });
});

describe("the timeline strip", () => {
  it("draws at most 300 bars and never loses a peak between them", () => {
    const peaks = new Uint8Array(3000);
    peaks[1234] = 255;
    const { bars, path } = wavePath(peaks);
    expect(bars).toBe(300);
    expect(path).toContain("M123.5 2.0V98.0");
  });

  it("marks at most five places, from the start", () => {
    expect(rulerMarks(41 * 60_000)).toEqual([0, 600_000, 1_200_000, 1_800_000, 2_400_000]);
    expect(rulerMarks(0)).toEqual([]);
  });
});
