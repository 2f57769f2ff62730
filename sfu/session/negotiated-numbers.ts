import type { SdpCodec, SdpExtension, SdpLine } from "../sdp/read-sdp.ts";

/** Dynamic payload types; below lie fixed ones, and 64…95 collide with RTCP. */
const FIRST_PAYLOAD_TYPE = 96;
const LAST_PAYLOAD_TYPE = 127;
/** One-byte header extensions have no more ids. */
const LAST_EXTENSION_ID = 14;

/**
 * One table of payload types and one of header extension ids per session: sound and picture share a transport, and
 * browsers refuse a bundle in which a number means two things.
 */
export class NegotiatedNumbers {
  readonly #payloadTypes = new Map<string, number>();
  readonly #extensionIds = new Map<string, number>();

  /** The client's own choices come first. */
  learn(lines: readonly SdpLine[]): void {
    for (const line of lines) {
      for (const codec of line.codecs) {
        const key = codecKey(codec);
        if (!this.#payloadTypes.has(key)) this.#payloadTypes.set(key, codec.payloadType);
      }
      for (const { id, uri } of line.extensions) this.#extensionIds.set(uri, id);
    }
  }

  /** @returns undefined when all are in use */
  payloadType(codec: SdpCodec): number | undefined {
    const key = codecKey(codec);
    const known = this.#payloadTypes.get(key);
    if (known !== undefined) return known;
    const used = new Set(this.#payloadTypes.values());
    const chosen = free(codec.payloadType, used, FIRST_PAYLOAD_TYPE, LAST_PAYLOAD_TYPE);
    if (chosen !== undefined) this.#payloadTypes.set(key, chosen);
    return chosen;
  }

  /** @returns the extensions that still have an id; the others are left out */
  extensions(uris: readonly string[]): SdpExtension[] {
    return uris.flatMap((uri) => {
      const known = this.#extensionIds.get(uri);
      const id = known ?? free(1, new Set(this.#extensionIds.values()), 1, LAST_EXTENSION_ID);
      if (id === undefined || id > LAST_EXTENSION_ID) return [];
      this.#extensionIds.set(uri, id);
      return [{ id, uri }];
    });
  }

  uriOf(id: number): string | undefined {
    for (const [uri, known] of this.#extensionIds) if (known === id) return uri;
    return undefined;
  }
}

/** Names what a decoder must know: two lines with the same key may share a payload type. */
export function codecKey({ name, clock, fmtp }: SdpCodec): string {
  const parameters = (fmtp ?? "").split(";").map((parameter) => parameter.trim().toLowerCase());
  const telling = parameters.filter((parameter) => /^(profile|packetization-mode|apt|tier)/.test(parameter)).sort();
  return [name.toLowerCase(), clock, ...telling].join("/");
}

function free(wanted: number, used: ReadonlySet<number>, first: number, last: number): number | undefined {
  if (wanted >= first && wanted <= last && !used.has(wanted)) return wanted;
  for (let number = first; number <= last; number++) if (!used.has(number)) return number;
  return undefined;
}
