import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { ROOT } from "./server.ts";
import { everyElement, parseXml, type XmlElement } from "./xml.ts";

const run = promisify(execFile);
const DTD = path.resolve(ROOT, "../shared/reference/FCPXMLv1_10.dtd");

/** A stretch of a file on the multicam's own time line; all times in seconds. */
export interface AngleClip {
  readonly angle: string;
  /** Name of the file, without a path. */
  readonly file: string;
  readonly offset: number;
  readonly duration: number;
  /** The clip's first moment in the file's own time. */
  readonly start: number;
  /** The file's own time at its first sample, as the asset declares it. */
  readonly assetStart: number;
}

export interface AngleGap {
  readonly angle: string;
  readonly offset: number;
  readonly duration: number;
}

/** A marker on the clip that a project plays. */
export interface TimelineMarker {
  readonly project: string;
  /** Seconds from the timeline's beginning. */
  readonly seconds: number;
  readonly duration: number;
  readonly value: string;
  /** Who set it, in words; empty when the file does not say. */
  readonly note: string;
}

export interface Timeline {
  /** Frames per second. */
  readonly rate: number;
  readonly clips: readonly AngleClip[];
  readonly gaps: readonly AngleGap[];
  readonly markers: readonly TimelineMarker[];
  /** Every time in the file, as written. */
  readonly times: readonly string[];
}

/** Seconds of a rational as FCPXML writes it: `37200/3000s`, `5s`. */
export function seconds(text: string): number {
  const parts = /^(-?\d+)(?:\/(\d+))?s$/.exec(text);
  if (!parts) throw new Error(`not a rational time: ${text}`);
  return Number(parts[1]) / Number(parts[2] ?? 1);
}

/** Where the multicam of a timeline puts which part of which file. */
export function readTimeline(xml: string): Timeline {
  const all = [...everyElement(parseXml(xml))];
  const multicam = required(
    all.find((element) => element.name === "multicam"),
    "multicam",
  );
  const byId = new Map(
    all.flatMap((element) => (element.attributes.has("id") ? [[attribute(element, "id"), element]] : [])),
  );
  const format = required(byId.get(attribute(multicam, "format")), "format");
  const clips: AngleClip[] = [];
  const gaps: AngleGap[] = [];
  for (const angle of multicam.children.filter((child) => child.name === "mc-angle")) {
    const name = attribute(angle, "name");
    for (const item of angle.children) {
      if (item.name === "gap") gaps.push({ angle: name, ...extent(item) });
      else if (item.name === "asset-clip") {
        clips.push(readClip(name, item, required(byId.get(attribute(item, "ref")), "asset")));
      } else throw new Error(`${item.name} in an angle`);
    }
  }
  const times = all.flatMap((element) => TIMES.flatMap((key) => element.attributes.get(key) ?? []));
  return { rate: 1 / seconds(attribute(format, "frameDuration")), clips, gaps, markers: readMarkers(all), times };
}

/** A clip's markers are in its own time: it plays `start` at `offset`. */
function readMarkers(all: readonly XmlElement[]): TimelineMarker[] {
  return all
    .filter((element) => element.name === "project")
    .flatMap((project) =>
      [...everyElement(project)].flatMap((clip) =>
        clip.children
          .filter((child) => child.name === "marker")
          .map((marker) => ({
            project: attribute(project, "name"),
            seconds:
              seconds(clip.attributes.get("offset") ?? "0s") +
              seconds(attribute(marker, "start")) -
              seconds(clip.attributes.get("start") ?? "0s"),
            duration: seconds(attribute(marker, "duration")),
            value: attribute(marker, "value"),
            note: marker.attributes.get("note") ?? "",
          })),
      ),
    );
}

const TIMES = ["offset", "start", "duration", "tcStart", "frameDuration"];

function readClip(angle: string, clip: XmlElement, asset: XmlElement): AngleClip {
  const rep = required(
    asset.children.find((child) => child.name === "media-rep"),
    "media-rep",
  );
  const assetStart = seconds(asset.attributes.get("start") ?? "0s");
  const start = clip.attributes.get("start");
  const file = path.posix.basename(attribute(rep, "src"));
  return { angle, file, ...extent(clip), start: start === undefined ? assetStart : seconds(start), assetStart };
}

function extent(item: XmlElement): { offset: number; duration: number } {
  return { offset: seconds(item.attributes.get("offset") ?? "0s"), duration: seconds(attribute(item, "duration")) };
}

function attribute(element: XmlElement, name: string): string {
  return required(element.attributes.get(name), `${name} of ${element.name}`);
}

function required<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`the timeline has no ${what}`);
  return value;
}

/**
 * Where a moment of a file lies on the timeline, seconds; `undefined` where no clip shows it. `fileSeconds` counts from
 * the file's own zero, as packet times do.
 */
export function onTimeline(timeline: Timeline, file: string, fileSeconds: number): number | undefined {
  for (const clip of timeline.clips) {
    const within = clip.assetStart + fileSeconds - clip.start;
    if (clip.file === file && within >= -1e-9 && within < clip.duration) return clip.offset + within;
  }
  return undefined;
}

/** What xmllint says against Apple's DTD: empty when valid; `undefined` when the DTD or xmllint is not there. */
export async function dtdErrors(file: string): Promise<string | undefined> {
  if (!existsSync(DTD)) return undefined;
  try {
    await run("xmllint", ["--noout", "--nonet", "--dtdvalid", DTD, file]);
    return "";
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if ("code" in error && error.code === "ENOENT") return undefined;
    return "stderr" in error ? String(error.stderr) : error.message;
  }
}
