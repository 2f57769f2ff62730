import { describe, expect, it } from "vitest";
import { layerFor } from "#core/call/layer-choice.ts";
import { keyOf, MOST_CAMERAS, wantedTracks } from "#core/call/wanted-tracks.ts";
import type { Publisher, ShownPicture } from "#core/ports/live-call.ts";
import type { CallTrack, SfuSessionId } from "#protocol/call.ts";
import type { ParticipantId, Source } from "#protocol/ids.ts";

const person = (number: number) => `person${String(number).padStart(16, "0")}` as ParticipantId;
const track = (source: Source): CallTrack => ({
  source,
  session: "0123456789abcdef0123456789abcdef" as SfuSessionId,
  trackName: source,
  simulcast: source === "camera",
});
const publisher = (number: number, ...sources: Source[]): Publisher => ({
  participant: person(number),
  tracks: sources.map(track),
});
const camera = (number: number, width = 400): ShownPicture => ({
  participant: person(number),
  source: "camera",
  width,
});
const nothing = () => null;

describe("what is pulled", () => {
  const twenty = [...Array(20).keys()].map((number) => publisher(number, "microphone", "camera"));

  it("[CA10] every sound, and only the cameras that are shown", () => {
    const wanted = wantedTracks(twenty, [camera(3), camera(5)], nothing);
    const sounds = [...wanted.values()].filter(({ source }) => source === "microphone");
    expect(sounds).toHaveLength(20);
    expect([...wanted.values()].flatMap(({ source, participant }) => (source === "camera" ? participant : []))).toEqual(
      [person(3), person(5)],
    );
  });

  it("[CA10] at most six cameras, the first ones; screens beside them, with their sound", () => {
    const sharing = [...twenty, publisher(20, "screen", "screen-audio", "camera")];
    const shown = [...Array(12).keys()].map((number) => camera(number));
    const screen = { participant: person(20), source: "screen", width: 1000 } as const;
    const wanted = wantedTracks(sharing, [...shown, screen, camera(20)], nothing);
    const keys = [...wanted.keys()].filter((key) => key.endsWith("camera"));
    expect(keys).toEqual([...Array(MOST_CAMERAS).keys()].map((number) => keyOf(person(number), "camera")));
    expect(wanted.has(keyOf(person(20), "screen"))).toBe(true);
    expect(wanted.has(keyOf(person(20), "screen-audio"))).toBe(true);
  });

  it("[CA10] a picture that nobody publishes takes no place of the six", () => {
    const away = [...Array(6).keys()].map((number) => camera(number + 50));
    const wanted = wantedTracks(twenty, [...away, camera(7)], nothing);
    expect(wanted.has(keyOf(person(7), "camera"))).toBe(true);
  });

  it("[CA10] shown twice it is pulled once, for the wider place", () => {
    const wanted = wantedTracks(twenty, [camera(1, 200), camera(1, 1200)], nothing);
    expect(wanted.get(keyOf(person(1), "camera"))?.layer).toBe("h");
  });

  it("[CA11] tracks with one encoding have no layer", () => {
    const wanted = wantedTracks([publisher(1, "screen")], [{ ...camera(1), source: "screen" }], nothing);
    expect(wanted.get(keyOf(person(1), "screen"))?.layer).toBeNull();
  });
});

describe("the layer of a picture", () => {
  it("[CA11] is the smallest that is wide enough", () => {
    expect([100, 320, 480, 640, 960, 1280, 2000].map((width) => layerFor(width, null))).toEqual([
      "l",
      "l",
      "m",
      "m",
      "h",
      "h",
      "h",
    ]);
  });

  it("[CA11] grows at once, and shrinks only well below the edge", () => {
    expect(layerFor(720, "m")).toBe("h");
    expect(layerFor(690, "h")).toBe("h");
    expect(layerFor(500, "h")).toBe("m");
    expect(layerFor(330, "m")).toBe("m");
    expect(layerFor(250, "m")).toBe("l");
    expect(layerFor(100, "h")).toBe("l");
  });

  it("[CA11] never flaps while a width trembles", () => {
    for (let width = 60; width < 1600; width += 3) {
      let layer = layerFor(width, null);
      const changes = [0, 1, 2, 3, 4, 5, 6, 7].filter((at) => {
        const next = layerFor(width * (at % 2 === 0 ? 1.05 : 0.95), layer);
        const isChange = next !== layer;
        layer = next;
        return isChange;
      });
      expect(changes.length, `${width} px`).toBeLessThanOrEqual(1);
    }
  });
});
