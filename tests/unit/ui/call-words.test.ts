import { describe, expect, it } from "vitest";
import type { ParticipantView } from "#controllers/view-models.ts";
import { chatTime, qualitySentence, qualityWord, tileSentence } from "../../../src/ui/screens/studio/call-words.ts";
import { problemWords } from "../../../src/ui/words/problem-words.ts";

const quality = { bars: 3, why: "good", loss: 0, jitterMs: 3, roundTripMs: 40 } as const;

const person: ParticipantView = {
  id: "p",
  name: "Joanna Okafor",
  role: "guest",
  self: false,
  state: "recording",
  safe: false,
  sources: [],
  muted: true,
  cameraOff: false,
  spokeAtMs: 0,
  actions: [],
};

describe("the words of the call", () => {
  it("[ST9] a tile's signs are said in words", () => {
    expect(tileSentence({ ...person, handPlace: 2, reaction: "clap", quality })).toBe(
      "Muted. Recording. Hand raised, place 2. Applause. Connection: good. Little is lost, nothing is late.",
    );
    expect(tileSentence({ ...person, muted: false, cameraOff: true, state: "idle" })).toBe("Camera off.");
  });

  it("[ST9] a bad connection is named with its figure, and the recording is said to be untouched", () => {
    const weak = { bars: 1, why: "loss", loss: 0.081, jitterMs: 9 } as const;
    expect(qualityWord(weak)).toBe("Weak");
    expect(qualitySentence(weak)).toBe("8% of the packets are lost. The recording is not affected.");
    expect(qualitySentence({ ...weak, why: "jitter", jitterMs: 61.7 })).toContain("62 ms");
    expect(qualitySentence({ ...weak, why: "delay", roundTripMs: 412 })).toContain("412 ms");
    expect(qualityWord({ ...weak, bars: 0, why: "nothing" })).toBe("Nothing arrives");
  });

  it("a line of the chat says its day once it is another one", () => {
    const now = new Date(2026, 4, 9, 0, 5).getTime();
    expect(chatTime(now - 60_000, now)).toBe("00:04");
    expect(chatTime(now - 10 * 60_000, now)).toBe("Yesterday, 23:55");
  });

  it("whoever can't come in, or no longer, is told why and that nothing is lost", () => {
    for (const reason of ["invite-used", "denied"] as const) {
      expect(problemWords({ reason }).title).toBe("You can’t come in with this link");
      expect(problemWords({ reason }).text).toContain("Ask for a new one.");
    }
    expect(problemWords({ reason: "ended-by-host" }).text).toContain("is kept on this device and uploaded");
    expect(problemWords({ reason: "call-lost" }).text).toContain("Your take is not affected");
    expect(problemWords({ reason: "call-off" }).text).toContain("Recording works as always");
  });

  it("[ST12] nobody who was removed is told that the rest uploads", () => {
    const { text } = problemWords({ reason: "removed" });
    expect(text).toContain("stays on this device: export it in Recordings");
    expect(text).not.toMatch(/upload/i);
  });
});
