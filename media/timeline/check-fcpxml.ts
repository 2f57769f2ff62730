import { readXml, walk, type XmlNode } from "./xml.ts";

/** What is known of the files beside the timeline. */
export interface KnownFile {
  readonly name: string;
  /** Media time in the file, µs. */
  readonly durationUs: number;
  /** Its own timecode at the first frame, µs; 0 without. */
  readonly startUs: number;
}

/** Rational seconds, as FCPXML writes them. */
interface Rational {
  readonly value: number;
  readonly scale: number;
}

const TIME = /^(-?\d+)(?:\/([1-9]\d*))?s$/;

function rational(text: string): Rational | null {
  const match = TIME.exec(text);
  return match ? { value: Number(match[1]), scale: Number(match[2] ?? 1) } : null;
}

/** Frames as a whole number, or `null` when the time is not on a frame. */
function framesOf(time: Rational, frame: Rational): number | null {
  const over = time.value * frame.scale;
  const under = time.scale * frame.value;
  return over % under === 0 ? over / under : null;
}

const TIMES = new Set(["offset", "start", "duration", "tcStart", "audioStart", "audioDuration"]);
const FILE_NAME = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*\.[a-z0-9]+$/;
const NAMED_FORMAT = /^FFVideoFormat(720p|1080p|3840x2160p)(24|25|30)$/;
const NAMED_SIZE: Readonly<Record<string, string>> = {
  "720p": "1280x720",
  "1080p": "1920x1080",
  "3840x2160p": "3840x2160",
};
const ITEMS = new Set(["gap", "asset-clip", "mc-clip", "clip", "ref-clip", "sync-clip", "video", "audio", "title"]);

/**
 * Everything that is known to break an import although the file is valid: one sentence per fault, none when it is
 * fine. The DTD itself is checked with xmllint by the tests.
 */
export function checkFcpxml(text: string, files: readonly KnownFile[]): string[] {
  let root: XmlNode;
  try {
    root = readXml(text);
  } catch (error) {
    return [`not well-formed: ${error instanceof Error ? error.message : String(error)}`];
  }
  return new Checker(root, files).run();
}

class Checker {
  readonly #root: XmlNode;
  readonly #files: readonly KnownFile[];
  readonly #faults: string[] = [];
  readonly #byId = new Map<string, XmlNode>();

  constructor(root: XmlNode, files: readonly KnownFile[]) {
    this.#root = root;
    this.#files = files;
  }

  run(): string[] {
    if (this.#root.name !== "fcpxml" || this.#root.attributes["version"] !== "1.10") this.#say("not FCPXML 1.10");
    for (const item of walk(this.#root)) {
      const { id } = item.attributes;
      if (id === undefined) continue;
      if (this.#byId.has(id)) this.#say(`id ${id} is used twice`);
      this.#byId.set(id, item);
    }
    for (const item of walk(this.#root)) this.#checkAny(item);
    for (const format of this.#all("format")) this.#checkFormat(format);
    for (const asset of this.#all("asset")) this.#checkAsset(asset);
    for (const multicam of this.#all("multicam")) this.#checkMulticam(multicam);
    for (const sequence of this.#all("sequence")) this.#checkSequence(sequence);
    for (const clip of this.#all("mc-clip")) this.#checkMulticamClip(clip);
    this.#checkMarkers();
    this.#checkUids();
    this.#checkCoverage();
    return this.#faults;
  }

  #say(fault: string): void {
    this.#faults.push(fault);
  }

  #all(name: string): XmlNode[] {
    return [...walk(this.#root)].filter((item) => item.name === name);
  }

  #checkAny(item: XmlNode): void {
    const what = `<${item.name}>`;
    if ("modDate" in item.attributes) this.#say(`${what} has a modDate, which depends on the locale`);
    if (item.attributes["audioLayout"] === "mono") this.#say(`${what} has audioLayout mono`);
    if (item.name === "adjust-volume" && !/^-?\d+(\.\d+)?$/.test(item.attributes["amount"] ?? ""))
      this.#say("adjust-volume is not a bare number");
    for (const [key, value] of Object.entries(item.attributes)) {
      if (TIMES.has(key) && !rational(value)) this.#say(`${key} of ${what} is no rational time: ${value}`);
      const refers = key === "ref" || (key === "format" && item.name !== "format");
      if (refers && !this.#byId.has(value)) this.#say(`${what} refers to ${value}, which is not there`);
    }
  }

  #checkFormat(format: XmlNode): void {
    const { name, frameDuration, width, height } = format.attributes;
    const frame = frameDuration === undefined ? null : rational(frameDuration);
    if (!frame) return this.#say(`format ${format.attributes["id"]} has no frameDuration`);
    if (name === undefined) return;
    const [, size, rate] = NAMED_FORMAT.exec(name) ?? [];
    if (size === undefined || NAMED_SIZE[size] !== `${width}x${height}`)
      this.#say(`format ${name} is declared as ${width}x${height}`);
    if (frame.value !== 100 || frame.scale !== Number(rate) * 100)
      this.#say(`format ${name} has a frameDuration of ${frameDuration}`);
  }

  #checkAsset(asset: XmlNode): void {
    const name = asset.attributes["name"] ?? "";
    if (!FILE_NAME.test(name)) this.#say(`asset name is no ASCII file name with its extension: ${name}`);
    const originals = asset.children.filter(
      (child) => child.name === "media-rep" && (child.attributes["kind"] ?? "original-media") === "original-media",
    );
    const src = originals[0]?.attributes["src"] ?? "";
    if (originals.length !== 1) return this.#say(`asset ${name} has ${originals.length} original media`);
    const base = src.split("/").at(-1) ?? "";
    if (!FILE_NAME.test(base) || /[^\x21-\x7e]|%/.test(src)) this.#say(`src is not plain ASCII: ${src}`);
    if (base !== name) this.#say(`asset ${name} has another file: ${src}`);
    const file = this.#files.find((each) => each.name === base);
    if (!file) return this.#say(`${base} is not shipped`);
    const start = rational(asset.attributes["start"] ?? "0s");
    if (!start || Math.abs((start.value / start.scale) * 1e6 - file.startUs) > 1)
      this.#say(`asset ${name} starts at ${asset.attributes["start"]}, its media elsewhere`);
    const duration = rational(asset.attributes["duration"] ?? "");
    if (!duration) this.#say(`asset ${name} has no duration`);
    else if ((duration.value / duration.scale) * 1e6 > file.durationUs + 1)
      this.#say(`asset ${name} is declared longer than its media`);
    if (asset.attributes["hasVideo"] === "1" && asset.attributes["format"] === undefined)
      this.#say(`asset ${name} has a picture without format`);
  }

  #frame(format: string | undefined): Rational | null {
    const duration = this.#byId.get(format ?? "")?.attributes["frameDuration"];
    return duration === undefined ? null : rational(duration);
  }

  /** A time of an item in whole frames; says so and gives `null` when it is not. */
  #frames(item: XmlNode, key: string, frame: Rational, otherwise?: string): number | null {
    const text = item.attributes[key] ?? otherwise;
    const time = text === undefined ? null : rational(text);
    if (!time) {
      if (text === undefined) this.#say(`<${item.name}> has no ${key}`);
      return null;
    }
    const frames = framesOf(time, frame);
    if (frames === null) this.#say(`${key} of <${item.name}> is not a whole number of frames: ${text}`);
    return frames;
  }

  #checkMulticam(multicam: XmlNode): void {
    const frame = this.#frame(multicam.attributes["format"]);
    if (!frame) return this.#say("multicam without a usable format");
    if (multicam.attributes["tcStart"] !== "0s") this.#say("multicam has a tcStart other than 0s");
    const ids = multicam.children.map((angle) => angle.attributes["angleID"]);
    if (new Set(ids).size !== ids.length) this.#say("two angles share an angleID");
    for (const angle of multicam.children.filter((child) => child.name === "mc-angle")) {
      this.#checkChain(angle, frame, 0, `angle ${angle.attributes["name"]}`);
    }
  }

  /** Items one after another, from `from` on, without holes. Gives where they end. */
  #checkChain(parent: XmlNode, frame: Rational, from: number, what: string): number {
    let at = from;
    for (const item of parent.children) {
      if (!ITEMS.has(item.name)) continue;
      const offset = this.#frames(item, "offset", frame);
      const duration = this.#frames(item, "duration", frame);
      if (offset === null || duration === null) continue;
      if (offset !== at) this.#say(`${what}: <${item.name}> at frame ${offset}, expected ${at}`);
      if (duration <= 0) this.#say(`${what}: <${item.name}> without length`);
      if ("lane" in item.attributes) this.#say(`${what}: <${item.name}> in a chain has a lane`);
      this.#checkClip(item, frame, what);
      at = offset + duration;
    }
    return at;
  }

  #checkClip(item: XmlNode, frame: Rational, what: string): void {
    if (item.name !== "asset-clip") return;
    const asset = this.#byId.get(item.attributes["ref"] ?? "");
    if (asset?.name !== "asset") return this.#say(`${what}: a clip of no asset`);
    if (!FILE_NAME.test(item.attributes["name"] ?? "")) this.#say(`${what}: a clip's name has no file extension`);
    const assetStart = this.#frames(asset, "start", frame, "0s");
    const length = this.#frames(asset, "duration", frame);
    const start = this.#frames(item, "start", frame, asset.attributes["start"] ?? "0s");
    const duration = this.#frames(item, "duration", frame);
    if (assetStart === null || length === null || start === null || duration === null) return;
    if (start < assetStart || start + duration > assetStart + length)
      this.#say(`${what}: frames ${start} to ${start + duration} run past ${asset.attributes["name"]}`);
    const enable = item.attributes["srcEnable"] ?? "all";
    if (enable === "video" && asset.attributes["hasVideo"] !== "1") this.#say(`${what}: picture of a file without one`);
    if (enable === "audio" && asset.attributes["hasAudio"] !== "1") this.#say(`${what}: sound of a file without any`);
  }

  #checkSequence(sequence: XmlNode): void {
    const frame = this.#frame(sequence.attributes["format"]);
    if (!frame) return this.#say("sequence without a usable format");
    const start = this.#frames(sequence, "tcStart", frame, "0s") ?? 0;
    const spine = sequence.children.find((child) => child.name === "spine");
    if (!spine) return this.#say("sequence without a spine");
    const end = this.#checkChain(spine, frame, start, "spine");
    const duration = this.#frames(sequence, "duration", frame);
    if (duration !== null && end - start !== duration)
      this.#say(`sequence says ${duration} frames, its spine has ${end - start}`);
    for (const parent of spine.children) this.#checkAnchored(parent, frame);
  }

  #checkAnchored(parent: XmlNode, frame: Rational): void {
    const from = this.#frames(parent, "start", frame, "0s");
    const length = this.#frames(parent, "duration", frame);
    if (from === null || length === null) return;
    const lanes = new Map<string, { from: number; to: number }[]>();
    for (const item of parent.children.filter((child) => ITEMS.has(child.name))) {
      const lane = item.attributes["lane"] ?? "0";
      if (lane === "0") this.#say(`an anchored <${item.name}> has no lane`);
      const offset = this.#frames(item, "offset", frame);
      const duration = this.#frames(item, "duration", frame);
      this.#checkClip(item, frame, `lane ${lane}`);
      if (offset === null || duration === null) continue;
      const range = { from: offset, to: offset + duration };
      const others = lanes.get(lane) ?? [];
      if (others.some((other) => other.from < range.to && range.from < other.to))
        this.#say(`lane ${lane}: clips overlap`);
      lanes.set(lane, [...others, range]);
      if (range.from < from || range.to > from + length) this.#say(`lane ${lane}: a clip runs past its parent`);
    }
  }

  #checkMulticamClip(clip: XmlNode): void {
    const order = clip.children.map((child) => (child.name === "mc-source" ? 0 : ITEMS.has(child.name) ? 1 : 2));
    if (order.some((rank, index) => rank < (order[index - 1] ?? 0))) this.#say("mc-clip: children in the wrong order");
    const media = this.#byId.get(clip.attributes["ref"] ?? "");
    const multicam = media?.children.find((child) => child.name === "multicam");
    if (!multicam) return this.#say("mc-clip of no multicam");
    const angles = new Set(multicam.children.map((angle) => angle.attributes["angleID"]));
    const sources = clip.children.filter((child) => child.name === "mc-source");
    for (const source of sources) {
      const { angleID } = source.attributes;
      if (!angles.has(angleID)) this.#say(`mc-source of angle ${angleID}, which is not there`);
    }
    const pictures = sources.filter((source) => ["video", "all"].includes(source.attributes["srcEnable"] ?? "all"));
    if (pictures.length > 1) this.#say(`mc-clip shows ${pictures.length} pictures at once`);
    const roles = sources.flatMap((source) => source.children.map((child) => child.attributes["role"]));
    if (new Set(roles).size !== roles.length) this.#say("two sounds share a role");
    for (const source of sources.filter((each) => each.attributes["srcEnable"] === "audio")) {
      if (!source.children.some((child) => child.name === "audio-role-source")) this.#say("a sound has no role");
    }
  }

  /** Each lies on a frame of its clip, alone there, and every project has the same. */
  #checkMarkers(): void {
    const perProject = this.#all("sequence").map((sequence) => {
      const frame = this.#frame(sequence.attributes["format"]);
      if (!frame) return "";
      return [...walk(sequence)].flatMap((parent) => this.#markersOf(parent, frame)).join("\n");
    });
    if (new Set(perProject).size > 1) this.#say("the projects have different markers");
    const inProjects = this.#all("project").flatMap((project) => [...walk(project)]);
    const everywhere = this.#all("marker");
    if (everywhere.some((marker) => !inProjects.includes(marker))) this.#say("a marker in no project");
  }

  #markersOf(parent: XmlNode, frame: Rational): string[] {
    const markers = parent.children.filter((child) => child.name === "marker");
    if (markers.length === 0) return [];
    const from = this.#frames(parent, "start", frame, "0s");
    const length = this.#frames(parent, "duration", frame);
    const offset = this.#frames(parent, "offset", frame, "0s");
    const taken = new Set<number>();
    return markers.map((marker) => {
      const start = this.#frames(marker, "start", frame);
      const duration = this.#frames(marker, "duration", frame);
      const value = marker.attributes["value"] ?? "";
      if (value.trim() === "") this.#say("a marker says nothing");
      if (start === null || duration === null || from === null || length === null || offset === null) return value;
      if (duration < 1) this.#say("a marker without length");
      if (start < from || start + duration > from + length) this.#say(`marker ${value} lies outside its clip`);
      if (taken.has(start)) this.#say(`two markers on frame ${start}`);
      taken.add(start);
      return `${offset + start - from} ${value}`;
    });
  }

  #checkUids(): void {
    const uids = [...walk(this.#root)].flatMap((item) => item.attributes["uid"] ?? []);
    if (new Set(uids).size !== uids.length) this.#say("a uid is used twice");
  }

  /** Every master is on the timeline, and the flat project shows what the multicam shows. */
  #checkCoverage(): void {
    const used = new Set(this.#all("asset-clip").map((clip) => clip.attributes["ref"]));
    for (const asset of this.#all("asset")) {
      if (!used.has(asset.attributes["id"])) this.#say(`${asset.attributes["name"]} is on no timeline`);
    }
    const projects = this.#all("project");
    if (!projects.some((project) => [...walk(project)].some((item) => item.name === "mc-clip")))
      this.#say("no project plays the multicam");
    if (!projects.some((project) => [...walk(project)].some((item) => item.name === "asset-clip")))
      this.#say("no flat project");
  }
}
