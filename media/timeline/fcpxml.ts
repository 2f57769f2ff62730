import { differs, layOut, type Piece, type TimelineMaster } from "./pieces.ts";
import { type FrameMarker, frameMarkers, markerNode, type TimelineMarker } from "./markers.ts";
import { node, writeXml, type XmlNode } from "./xml.ts";

/** One participant's camera and microphone, or one's screen: the files that follow each other. */
export interface TimelineLane {
  /** As people read it. */
  readonly name: string;
  /** ASCII, unique in the take: part of the role's name. */
  readonly stem: string;
  readonly kind: "main" | "screen";
  readonly masters: readonly TimelineMaster[];
}

export interface Timeline {
  readonly title: string;
  /** Whole frames per second: 24, 25 or 30. */
  readonly rate: number;
  readonly lanes: readonly TimelineLane[];
  readonly markers: readonly TimelineMarker[];
}

/** FCPXML 1.10: the newest that Resolve and all Final Cut versions in use read. */
const VERSION = "1.10";

interface Context {
  readonly rate: number;
  /** The timeline's first frame, counted from the take's zero. */
  readonly origin: number;
  readonly end: number;
  readonly markers: readonly FrameMarker[];
  readonly assets: ReadonlyMap<TimelineMaster, string>;
}

/** A number of frames as FCPXML writes it: a rational number of seconds over a hundred times the rate. */
export function frameTime(frames: number, rate: number): string {
  return frames === 0 ? "0s" : `${frames * 100}/${rate * 100}s`;
}

/**
 * `timeline.fcpxml`: a multicam with an angle per video source (and per microphone that has no picture, or whose gaps
 * differ from the picture's), a project that plays it, and a flat project with every track in its own lane. Every
 * time is a whole frame, every file is named as it lies beside this one (rules DM10–DM15, DM25; structure and traps after
 * public notes on what Final Cut Pro and Resolve accept).
 */
export function writeFcpxml(timeline: Timeline): string {
  const masters = timeline.lanes.flatMap((lane) => lane.masters);
  const pieces = timeline.lanes.flatMap((lane) => layOut(lane.masters, "both"));
  const origin = Math.min(0, ...pieces.map((piece) => piece.at));
  const end = Math.max(1, ...pieces.map((piece) => piece.at + piece.length));
  const context: Context = {
    rate: timeline.rate,
    origin,
    end,
    markers: frameMarkers(timeline.markers, origin, end),
    assets: new Map(masters.map((master, index) => [master, `a${index + 1}`])),
  };
  const formats = new Formats(timeline.rate, masters);
  const angles = makeAngles(timeline.lanes, context);
  const title = timeline.title.trim() || "Take";
  const resources = [
    ...formats.nodes,
    ...masters.map((master) => asset(master, context, formats)),
    node("media", { id: "m1", name: `${title} multicam` }, [
      node(
        "multicam",
        { format: formats.sequence, tcStart: "0s", tcFormat: "NDF" },
        angles.map((angle) => angle.node),
      ),
    ]),
  ];
  const root = node("fcpxml", { version: VERSION }, [
    node("resources", {}, resources),
    node("event", { name: title }, [
      project(`${title} multicam`, formats, context, [multicamClip(`${title} multicam`, angles, context)]),
      project(`${title} flat`, formats, context, [flat(timeline.lanes, context)]),
    ]),
  ]);
  return writeXml(root, "fcpxml");
}

const NAMED: Readonly<Record<string, string>> = {
  "1280x720": "720p",
  "1920x1080": "1080p",
  "3840x2160": "3840x2160p",
};

/** One format per picture size, at the timeline's rate. */
class Formats {
  readonly nodes: XmlNode[] = [];
  /** Of the largest picture. */
  readonly sequence: string;
  readonly #ids = new Map<string, string>();

  constructor(rate: number, masters: readonly TimelineMaster[]) {
    const sizes = masters.flatMap((master) => (master.video ? [master.video] : []));
    const all = sizes.length > 0 ? sizes : [{ width: 1920, height: 1080 }];
    for (const size of [...all].sort((a, b) => b.width * b.height - a.width * a.height)) this.#add(size, rate);
    this.sequence = "f1";
  }

  #add(size: { width: number; height: number }, rate: number): void {
    const key = `${size.width}x${size.height}`;
    if (this.#ids.has(key)) return;
    const id = `f${this.#ids.size + 1}`;
    this.#ids.set(key, id);
    const named = NAMED[key];
    this.nodes.push(
      node("format", {
        id,
        name: named ? `FFVideoFormat${named}${rate}` : undefined,
        frameDuration: `100/${rate * 100}s`,
        width: `${size.width}`,
        height: `${size.height}`,
        colorSpace: "1-1-1 (Rec. 709)",
      }),
    );
  }

  of(master: TimelineMaster): string | undefined {
    return master.video ? this.#ids.get(`${master.video.width}x${master.video.height}`) : undefined;
  }
}

function asset(master: TimelineMaster, context: Context, formats: Formats): XmlNode {
  const audio = master.audioChannels > 0;
  return node(
    "asset",
    {
      id: context.assets.get(master),
      name: master.file,
      start: "0s",
      duration: frameTime(master.frames, context.rate),
      hasVideo: master.video ? "1" : undefined,
      format: formats.of(master),
      hasAudio: audio ? "1" : undefined,
      videoSources: master.video ? "1" : undefined,
      audioSources: audio ? "1" : undefined,
      audioChannels: audio ? `${master.audioChannels}` : undefined,
      audioRate: audio ? "48000" : undefined,
    },
    [node("media-rep", { kind: "original-media", src: `./${master.file}` })],
  );
}

interface Angle {
  readonly id: string;
  readonly video: boolean;
  /** The role of its sound; `null` without. */
  readonly role: string | null;
  readonly node: XmlNode;
}

const roleOf = (lane: TimelineLane): string =>
  lane.kind === "screen" ? `effects.${lane.stem}_Screen` : `dialogue.${lane.stem}`;

function makeAngles(lanes: readonly TimelineLane[], context: Context): Angle[] {
  const angles: Angle[] = [];
  const add = (lane: TimelineLane, name: string, wanted: "both" | "video" | "audio") => {
    const pieces = layOut(lane.masters, wanted);
    const id = `angle-${angles.length + 1}`;
    const video = wanted !== "audio" && lane.masters.some((master) => master.video);
    const audio = wanted !== "video" && lane.masters.some((master) => master.audioChannels > 0);
    const role = audio ? roleOf(lane) : null;
    const children = angleItems(pieces, context, role);
    angles.push({ id, video, role, node: node("mc-angle", { name, angleID: id }, children) });
  };
  for (const lane of lanes) {
    const name = lane.kind === "screen" ? `${lane.name} Screen` : lane.name;
    if (!differs(lane.masters)) {
      add(lane, name, "both");
      continue;
    }
    add(lane, name, "video");
    add(lane, `${name} ${lane.kind === "screen" ? "audio" : "Microphone"}`, "audio");
  }
  return angles;
}

/** Clips and gaps, one after another from the timeline's first frame to its last. */
function angleItems(pieces: readonly Piece[], context: Context, role: string | null): XmlNode[] {
  const items: XmlNode[] = [];
  let at = context.origin;
  const fillTo = (frame: number) => {
    if (frame > at) items.push(gap(at - context.origin, frame - at, context));
  };
  for (const piece of pieces) {
    fillTo(piece.at);
    items.push(clip(piece, context, role));
    at = piece.at + piece.length;
  }
  fillTo(context.end);
  return items;
}

function gap(offset: number, length: number, context: Context, children: readonly XmlNode[] = []): XmlNode {
  return node(
    "gap",
    { name: "Gap", offset: frameTime(offset, context.rate), start: "0s", duration: frameTime(length, context.rate) },
    children,
  );
}

function clip(piece: Piece, context: Context, role: string | null, lane?: number): XmlNode {
  return node("asset-clip", {
    ref: context.assets.get(piece.master),
    lane: lane === undefined ? undefined : `${lane}`,
    offset: frameTime(piece.at - context.origin, context.rate),
    name: piece.master.file,
    start: frameTime(piece.source, context.rate),
    duration: frameTime(piece.length, context.rate),
    srcEnable: piece.uses === "all" ? undefined : piece.uses,
    tcFormat: "NDF",
    audioRole: piece.uses !== "video" && role !== null ? role : undefined,
  });
}

function project(name: string, formats: Formats, context: Context, spine: readonly XmlNode[]): XmlNode {
  const duration = frameTime(context.end - context.origin, context.rate);
  return node("project", { name }, [
    node(
      "sequence",
      { format: formats.sequence, duration, tcStart: "0s", tcFormat: "NDF", audioLayout: "stereo", audioRate: "48k" },
      [node("spine", {}, spine)],
    ),
  ]);
}

/** For a clip that lasts as long as the timeline, from 0 of its own time on. */
function markersOf(context: Context): XmlNode[] {
  return context.markers.map((marker) =>
    markerNode(marker, context.origin, (frames) => frameTime(frames, context.rate)),
  );
}

/** Plays the first picture and every microphone. */
function multicamClip(name: string, angles: readonly Angle[], context: Context): XmlNode {
  const picture = angles.find((angle) => angle.video);
  const sound = angles.flatMap((angle) =>
    angle.role === null
      ? []
      : [
          node("mc-source", { angleID: angle.id, srcEnable: "audio" }, [
            node("audio-role-source", { role: angle.role, active: "1" }),
          ]),
        ],
  );
  return node(
    "mc-clip",
    { ref: "m1", offset: "0s", name, start: "0s", duration: frameTime(context.end - context.origin, context.rate) },
    [
      ...(picture ? [node("mc-source", { angleID: picture.id, srcEnable: "video" })] : []),
      ...sound,
      ...markersOf(context),
    ],
  );
}

/** Every track in its own lane over one long gap: pictures above, sounds below. */
function flat(lanes: readonly TimelineLane[], context: Context): XmlNode {
  const clips: XmlNode[] = [];
  let above = 0;
  let below = 0;
  for (const lane of lanes) {
    const video = layOut(lane.masters, "video");
    const audio = layOut(lane.masters, "audio");
    if (video.length > 0) above++;
    for (const piece of video) clips.push(clip(piece, context, null, above));
    if (audio.length > 0) below--;
    for (const piece of audio) clips.push(clip(piece, context, roleOf(lane), below));
  }
  return gap(0, context.end - context.origin, context, [...clips, ...markersOf(context)]);
}
