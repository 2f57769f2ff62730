/** What the SFU reads of a browser's session description (RFC 8866, 8829, 8853). Never throws. */

/** One codec of a line. */
export interface SdpCodec {
  readonly payloadType: number;
  readonly name: string;
  readonly clock: number;
  /** `2` of `opus/48000/2`. */
  readonly channels: string | undefined;
  readonly fmtp: string | undefined;
  readonly feedback: readonly string[];
}

export interface SdpExtension {
  readonly id: number;
  readonly uri: string;
}

export type SdpDirection = "sendrecv" | "sendonly" | "recvonly" | "inactive";

/** One `m=` line with what belongs to it. */
export interface SdpLine {
  readonly kind: string;
  /** 0: stopped. */
  readonly port: number;
  readonly protocol: string;
  readonly mid: string;
  readonly direction: SdpDirection;
  readonly ice: IceCredentials | undefined;
  readonly setup: string;
  readonly codecs: readonly SdpCodec[];
  readonly extensions: readonly SdpExtension[];
  /** Simulcast layers that it sends, in the order of the description. */
  readonly rids: readonly string[];
  readonly ssrcs: readonly number[];
  /** SSRCs of retransmissions and repairs, which carry no stream of their own. */
  readonly repairSsrcs: readonly number[];
}

/** Who is at the other end, and how it proves that. */
export interface IceCredentials {
  readonly ufrag: string;
  readonly password: string;
  readonly fingerprint: string;
}

const DIRECTIONS: readonly SdpDirection[] = ["sendrecv", "sendonly", "recvonly", "inactive"];

const LINE_START = "m=";
/** A session has 64 tracks at most; stopped lines are used again. */
const MAX_LINES = 128;

/** @returns undefined when it is no session description at all */
export function readSdp(text: string): readonly SdpLine[] | undefined {
  const rows = text.split(/\r\n|\n|\r/);
  if (rows[0] !== "v=0") return undefined;
  const sections: string[][] = [[]];
  for (const row of rows) {
    if (row.startsWith(LINE_START)) sections.push([]);
    sections.at(-1)?.push(row);
  }
  const [session = [], ...lines] = sections;
  if (lines.length > MAX_LINES) return undefined;
  return lines.map((rowsOfLine) => readLine(rowsOfLine, session));
}

function readLine(rows: readonly string[], session: readonly string[]): SdpLine {
  const [kind = "", port = "", protocol = "", ...payloadTypes] = (rows[0] ?? "").slice(LINE_START.length).split(" ");
  const either = (name: string) => attribute(rows, name) ?? attribute(session, name);
  return {
    kind,
    port: Number(port) || 0,
    protocol,
    mid: attribute(rows, "mid") ?? "",
    direction: DIRECTIONS.find((direction) => rows.includes(`a=${direction}`)) ?? "sendrecv",
    ice: readIce(either),
    setup: either("setup") ?? "actpass",
    codecs: readCodecs(rows, payloadTypes),
    extensions: attributes(rows, "extmap").flatMap(readExtension),
    rids: attributes(rows, "rid").flatMap((value) => {
      const [rid = "", direction] = value.split(" ");
      return direction === "send" && /^[A-Za-z0-9_-]{1,16}$/.test(rid) ? [rid] : [];
    }),
    ssrcs: [...new Set(attributes(rows, "ssrc").flatMap((value) => readNumber(value.split(" ")[0])))],
    repairSsrcs: attributes(rows, "ssrc-group").flatMap((value) => {
      const [semantics, , ...repairs] = value.split(" ");
      return semantics === "FID" || semantics === "FEC-FR" ? repairs.flatMap(readNumber) : [];
    }),
  };
}

function readIce(either: (name: string) => string | undefined): IceCredentials | undefined {
  const ufrag = either("ice-ufrag");
  const password = either("ice-pwd");
  const fingerprint = either("fingerprint");
  const plausible =
    /^[A-Za-z0-9+/]{4,256}$/.test(ufrag ?? "") &&
    /^[A-Za-z0-9+/]{22,256}$/.test(password ?? "") &&
    /^sha-(256|384|512) [0-9A-Fa-f:]{95,191}$/.test(fingerprint ?? "");
  return plausible && ufrag && password && fingerprint ? { ufrag, password, fingerprint } : undefined;
}

function readCodecs(rows: readonly string[], payloadTypes: readonly string[]): SdpCodec[] {
  const names = keyed(attributes(rows, "rtpmap"));
  const parameters = keyed(attributes(rows, "fmtp"));
  const feedback = attributes(rows, "rtcp-fb").map(splitOnce);
  return payloadTypes.flatMap((text) => {
    const [name, clock, channels] = (names.get(text) ?? "").split("/");
    const payloadType = Number(text);
    if (!name || !Number.isInteger(payloadType) || payloadType < 0 || payloadType > 127) return [];
    const own = feedback.filter(([key]) => key === text || key === "*").map(([, value]) => value);
    return { payloadType, name, clock: Number(clock) || 0, channels, fmtp: parameters.get(text), feedback: own };
  });
}

function readExtension(value: string): SdpExtension[] {
  const [id = "", uri = ""] = value.split(" ");
  const number = Number.parseInt(id, 10);
  return number >= 1 && number <= 255 && uri !== "" ? [{ id: number, uri }] : [];
}

function readNumber(text: string | undefined): number[] {
  return text !== undefined && /^\d{1,10}$/.test(text) ? [Number(text) >>> 0] : [];
}

function keyed(values: readonly string[]): Map<string, string> {
  return new Map(values.map(splitOnce));
}

function splitOnce(value: string): [string, string] {
  const space = value.indexOf(" ");
  return space < 0 ? [value, ""] : [value.slice(0, space), value.slice(space + 1)];
}

function attribute(rows: readonly string[], name: string): string | undefined {
  const prefix = `a=${name}:`;
  return rows.find((row) => row.startsWith(prefix))?.slice(prefix.length);
}

function attributes(rows: readonly string[], name: string): string[] {
  const prefix = `a=${name}:`;
  return rows.filter((row) => row.startsWith(prefix)).map((row) => row.slice(prefix.length));
}
