import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { checkFcpxml, type KnownFile } from "#media/timeline/check-fcpxml.ts";
import { frameTime, type Timeline, type TimelineLane, writeFcpxml } from "#media/timeline/fcpxml.ts";
import { type FrameRange, layOut, type TimelineMaster } from "#media/timeline/pieces.ts";
import { readXml, walk, type XmlNode } from "#media/timeline/xml.ts";
import { temporaryFolder, removeFolders } from "./clips.ts";
import { dtdErrors, dtdPath } from "./probe.ts";

afterAll(removeFolders);

interface MasterOptions {
  readonly frames?: number;
  readonly zero?: number;
  readonly video?: readonly FrameRange[] | null;
  readonly audio?: readonly FrameRange[] | null;
  readonly place?: (frame: number) => number;
  readonly size?: { readonly width: number; readonly height: number };
}

function master(file: string, options: MasterOptions = {}): TimelineMaster {
  const { frames = 300, zero = 0, size = { width: 1280, height: 720 } } = options;
  const whole = [{ from: 0, to: frames }];
  const video = options.video === undefined ? whole : options.video;
  const audio = options.audio === undefined ? whole : options.audio;
  return {
    file,
    frames,
    video: video ? size : null,
    audioChannels: audio ? 1 : 0,
    presence: { video: video ?? [], audio: audio ?? [] },
    place: options.place ?? ((frame) => zero + frame),
  };
}

const lane = (stem: string, masters: readonly TimelineMaster[], rest: Partial<TimelineLane> = {}): TimelineLane => ({
  name: stem,
  stem,
  kind: "main",
  masters,
  ...rest,
});

const interview = (rate = 30): Timeline => ({
  title: "Interview",
  rate,
  markers: [
    { frame: 90, text: "Good answer", name: "Alice" },
    { frame: 12, text: "", name: "Bob" },
    { frame: 450, text: `<"Zoë"> & 'Bob' \u0007🎬`, name: "" },
  ],
  lanes: [
    lane("Alice", [master("Alice.mkv")]),
    lane("Bob", [
      master("Bob.mkv", {
        zero: 360,
        frames: 200,
        video: [
          { from: 0, to: 90 },
          { from: 120, to: 200 },
        ],
      }),
      master("Bob_S2.mkv", { zero: 600, size: { width: 640, height: 480 } }),
    ]),
    lane("Carol", [master("Carol.mkv", { video: null, zero: 12 })]),
    lane("Alice", [master("Alice_Screen.mkv", { audio: null, zero: 30, size: { width: 1920, height: 1080 } })], {
      kind: "screen",
    }),
  ],
});

const filesOf = (timeline: Timeline): KnownFile[] =>
  timeline.lanes
    .flatMap((each) => each.masters)
    .map((each) => ({ name: each.file, durationUs: ((each.frames + 0.5) / timeline.rate) * 1e6, startUs: 0 }));

const angles = (text: string): XmlNode[] => [...walk(readXml(text))].filter((item) => item.name === "mc-angle");

const dtd = dtdPath();

describe("timeline.fcpxml", () => {
  for (const rate of [24, 25, 30]) {
    it(`[DM10] is valid, and free of the traps, at ${rate} frames a second`, (context) => {
      const timeline = interview(rate);
      const text = writeFcpxml(timeline);
      expect(checkFcpxml(text, filesOf(timeline))).toEqual([]);
      if (!dtd) return context.skip("the reference DTD is not beside this repository");
      const folder = temporaryFolder();
      writeFileSync(join(folder, "timeline.fcpxml"), text);
      expect(dtdErrors(folder, "timeline.fcpxml", dtd)).toBe("");
    });
  }

  it("[DM11] has an angle per picture, and one for a sound whose gaps are others or that has no picture", () => {
    const found = angles(writeFcpxml(interview())).map((angle) => [
      angle.attributes["name"],
      angle.children.map((item) => (item.name === "gap" ? "gap" : (item.attributes["srcEnable"] ?? "all"))).join(" "),
    ]);
    expect(found).toEqual([
      ["Alice", "all gap"],
      ["Bob", "gap video gap video gap video"],
      ["Bob Microphone", "gap audio gap audio"],
      ["Carol", "gap all gap"],
      ["Alice Screen", "gap all gap"],
    ]);
  });

  it("[DM11] a camera and microphone with the same gaps are one angle", () => {
    const both = [
      { from: 0, to: 100 },
      { from: 150, to: 300 },
    ];
    const almost = [
      { from: 1, to: 101 },
      { from: 149, to: 299 },
    ];
    const text = writeFcpxml({
      title: "",
      rate: 30,
      markers: [],
      lanes: [lane("A", [master("A.mkv", { video: both, audio: almost })])],
    });
    expect(angles(text).map((angle) => angle.children.map((item) => item.name))).toEqual([
      ["asset-clip", "gap", "asset-clip"],
    ]);
  });

  it("[DM11] a camera that warms up a little longer than the microphone needs no angle more", () => {
    const late = [{ from: 8, to: 295 }];
    const text = writeFcpxml({
      title: "",
      rate: 30,
      markers: [],
      lanes: [lane("A", [master("A.mkv", { video: late })])],
    });
    expect(angles(text).map((angle) => angle.children.map((item) => item.name))).toEqual([["asset-clip"]]);
  });

  it("[DM12] a clock that runs fast or slow is followed by whole frames, half a frame off at most, without a hole", () => {
    for (const ppm of [-90, 90]) {
      const exact = (frame: number) => 7 + frame * (1 + ppm * 1e-6);
      const drifting = master("A.mkv", { frames: 216_000, place: (frame) => Math.round(exact(frame)) });
      const pieces = layOut([drifting], "both");
      expect(pieces).toHaveLength(20);
      let at = 7;
      for (const piece of pieces) {
        expect(piece.at).toBe(at);
        expect(piece.source + piece.length).toBeLessThanOrEqual(216_000);
        for (const frame of [0, piece.length - 2]) {
          expect(Math.abs(piece.at + frame - exact(piece.source + frame))).toBeLessThanOrEqual(0.5);
        }
        at += piece.length;
      }
    }
  });

  it("[DM13] media before the take's zero moves the timeline's beginning, not the media", () => {
    const text = writeFcpxml({
      title: "T",
      rate: 30,
      markers: [],
      lanes: [lane("A", [master("A.mkv", { zero: -2 })]), lane("B", [master("B.mkv", { zero: 1 })])],
    });
    const clips = angles(text).map(
      (angle) => angle.children.find((item) => item.name === "asset-clip")?.attributes["offset"],
    );
    expect(clips).toEqual(["0s", frameTime(3, 30)]);
  });

  describe("markers", () => {
    const markersOf = (text: string) =>
      [...walk(readXml(text))].flatMap((parent) =>
        parent.children
          .filter((child) => child.name === "marker")
          .map(({ attributes }) => [
            parent.name,
            attributes["start"],
            attributes["duration"],
            attributes["value"],
            attributes["note"],
          ]),
      );
    const marked = (markers: Timeline["markers"], zero = 0, frames = 300): Timeline => ({
      title: "T",
      rate: 30,
      lanes: [lane("A", [master("A.mkv", { zero, frames })])],
      markers,
    });

    it("[DM25] stand on the multicam's clip and on the flat one, in order, a frame long, with who set them", () => {
      const expected = [
        [frameTime(12, 25), "Marker", "Set by Bob"],
        [frameTime(90, 25), "Good answer", "Set by Alice"],
        [frameTime(450, 25), `<"Zoë"> & 'Bob' 🎬`, undefined],
      ];
      const found = markersOf(writeFcpxml(interview(25)));
      for (const [index, parent] of ["mc-clip", "gap"].entries()) {
        expect(found.slice(index * 3, index * 3 + 3)).toEqual(
          expected.map(([start, value, note]) => [parent, start, frameTime(1, 25), value, note]),
        );
      }
      expect(found).toHaveLength(6);
    });

    it("[DM25] come behind the clip's other children, so that the file stays valid", () => {
      const clips = [...walk(readXml(writeFcpxml(interview())))].filter((item) =>
        item.children.some((child) => child.name === "marker"),
      );
      expect(clips.map((clip) => clip.name)).toEqual(["mc-clip", "gap"]);
      for (const clip of clips) {
        const first = clip.children.findIndex((child) => child.name === "marker");
        expect(clip.children.slice(first).every((child) => child.name === "marker")).toBe(true);
        expect(first).toBeGreaterThan(0);
      }
    });

    it("[DM25] before and after the media are brought to the timeline's first and last frame", () => {
      const timeline = marked(
        [
          { frame: -40, text: "early", name: "" },
          { frame: 300, text: "late", name: "" },
          { frame: 100_000, text: "much later", name: "" },
        ],
        -5,
      );
      const text = writeFcpxml(timeline);
      expect(markersOf(text).filter(([parent]) => parent === "gap")).toEqual([
        ["gap", "0s", frameTime(1, 30), "early", undefined],
        ["gap", frameTime(299, 30), frameTime(1, 30), "late / much later", undefined],
      ]);
      expect(checkFcpxml(text, filesOf(timeline))).toEqual([]);
    });

    it("[DM25] are counted from where the timeline begins, as the clips are", () => {
      const text = writeFcpxml(marked([{ frame: 10, text: "x", name: "" }], -5));
      expect(markersOf(text)[0]?.slice(0, 2)).toEqual(["mc-clip", frameTime(15, 30)]);
    });

    it("[DM25] of one frame become one, with all texts and names", () => {
      const at = (text: string, name: string) => ({ frame: 7, text, name });
      const timeline = marked([at("one", "Alice"), at("", "Bob"), at("two", "Alice"), at("one", "")]);
      const text = writeFcpxml(timeline);
      expect(markersOf(text)[0]?.slice(3)).toEqual(["one / two", "Set by Alice, Bob"]);
      expect(checkFcpxml(text, filesOf(timeline))).toEqual([]);
    });
  });

  it("[DM14] names that XML cannot take as they are come out whole", () => {
    const name = `<"Zoë" & 'Bob'> 🎬 \u0007`;
    const text = writeFcpxml({
      title: name,
      rate: 30,
      markers: [],
      lanes: [lane("Zoe", [master("Zoe.mkv")], { name })],
    });
    expect(angles(text)[0]?.attributes["name"]).toBe(`<"Zoë" & 'Bob'> 🎬 `);
  });
});

describe("the check itself", () => {
  const timeline = interview();
  const good = writeFcpxml(timeline);
  const planted: readonly [string, (text: string) => string, RegExp][] = [
    ["another version", (text) => text.replace('version="1.10"', 'version="1.12"'), /1\.10/],
    ["a time in decimals", (text) => text.replace('duration="30000/3000s"', 'duration="10.0s"'), /no rational/],
    [
      "a time off the frames",
      (text) => text.replace('duration="30000/3000s"', 'duration="30001/3000s"'),
      /whole number/,
    ],
    [
      "an asset longer than its media",
      (text) => text.replace('start="0s" duration="30000/3000s"', 'start="0s" duration="30100/3000s"'),
      /longer than/,
    ],
    [
      "an asset that starts elsewhere",
      (text) => text.replace('name="Alice.mkv" start="0s"', 'name="Alice.mkv" start="100/3000s"'),
      /elsewhere/,
    ],
    [
      "a clip past its asset",
      (text) =>
        text.replace(
          'name="Alice.mkv" start="0s" duration="30000/3000s" tcFormat',
          'name="Alice.mkv" start="100/3000s" duration="30000/3000s" tcFormat',
        ),
      /run past/,
    ],
    [
      "a hole in an angle",
      (text) => text.replace('offset="30000/3000s" start="0s"', 'offset="30100/3000s" start="0s"'),
      /expected 300/,
    ],
    ["modDate", (text) => text.replace("<project ", '<project modDate="2026-11-01 10:00:00 +0100" '), /modDate/],
    ["mono", (text) => text.replace('audioLayout="stereo"', 'audioLayout="mono"'), /mono/],
    ["no frameDuration", (text) => text.replace(/ frameDuration="[^"]*"/, ""), /frameDuration/],
    [
      "the wrong frameDuration",
      (text) => text.replace('frameDuration="100/3000s"', 'frameDuration="1001/30000s"'),
      /frameDuration/,
    ],
    ["the wrong size", (text) => text.replace('width="1920"', 'width="3840"'), /3840x1080/],
    [
      "a name without extension",
      (text) => text.replace('name="Alice.mkv" start', 'name="Alice" start'),
      /extension|ASCII/,
    ],
    ["a percent-encoded src", (text) => text.replace("./Alice.mkv", "./Zo%C3%AB.mkv"), /ASCII/],
    ["a file that is not shipped", (text) => text.replaceAll("Carol.mkv", "Dora.mkv"), /not shipped/],
    ["no media-rep", (text) => text.replace(/<media-rep [^>]*Alice.mkv"\/>/, ""), /original media/],
    [
      "a reused uid",
      (text) => text.replaceAll("<event ", '<event uid="X" ').replaceAll("<project ", '<project uid="X" '),
      /uid/,
    ],
    ["a reused id", (text) => text.replace('id="a2"', 'id="a1"'), /used twice/],
    ["a missing resource", (text) => text.replace('ref="m1"', 'ref="m9"'), /not there/],
    [
      "a missing angle",
      (text) => text.replace('<mc-source angleID="angle-1"', '<mc-source angleID="angle-9"'),
      /not there/,
    ],
    [
      "a shared role",
      (text) => text.replace('source role="dialogue.Bob"', 'source role="dialogue.Alice"'),
      /share a role/,
    ],
    [
      "a volume in dB",
      (text) =>
        text.replace('<mc-source angleID="angle-1"', '<adjust-volume amount="3dB"/><mc-source angleID="angle-1"'),
      /bare number/,
    ],
    [
      "two pictures",
      (text) =>
        text
          .replace('angleID="angle-2" srcEnable="audio"', 'angleID="angle-2" srcEnable="all"')
          .replace('angleID="angle-3" srcEnable="audio"', 'angleID="angle-3" srcEnable="video"'),
      /pictures/,
    ],
    ["overlapping lanes", (text) => text.replaceAll('lane="3"', 'lane="1"'), /overlap/],
    [
      "a marker off the frames",
      (text) => text.replace('<marker start="9000/3000s"', '<marker start="9001/3000s"'),
      /whole number/,
    ],
    [
      "a marker after its clip",
      (text) => text.replaceAll('<marker start="9000/3000s"', '<marker start="900000/3000s"'),
      /outside its clip/,
    ],
    [
      "a marker without length",
      (text) =>
        text.replace('<marker start="9000/3000s" duration="100/3000s"', '<marker start="9000/3000s" duration="0s"'),
      /without length/,
    ],
    [
      "two markers on a frame",
      (text) => text.replaceAll('<marker start="9000/3000s"', '<marker start="1200/3000s"'),
      /two markers/,
    ],
    ["a marker that says nothing", (text) => text.replaceAll('value="Good answer"', 'value=" "'), /says nothing/],
    [
      "a marker that one project lacks",
      (text) => text.replace(/<marker [^>]*Good answer[^>]*>/, ""),
      /different markers/,
    ],
    [
      "a marker outside the projects",
      (text) => text.replace(/(<gap [^>]*)\/>/, '$1><marker start="0s" duration="100/3000s" value="x"/></gap>'),
      /in no project/,
    ],
    ["text", (text) => text.replace("</event>", "x</event>"), /well-formed/],
    ["an open element", (text) => text.replace("</event>", ""), /well-formed/],
  ];

  it("[DM15] finds nothing in a good file", () => expect(checkFcpxml(good, filesOf(timeline))).toEqual([]));

  for (const [name, plant, fault] of planted) {
    it(`[DM15] finds ${name}`, () => {
      const text = plant(good);
      expect(text).not.toBe(good);
      expect(checkFcpxml(text, filesOf(timeline)).join("\n")).toMatch(fault);
    });
  }
});
