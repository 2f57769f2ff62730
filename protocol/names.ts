import * as v from "valibot";

/**
 * What is not seen, or makes one name read as another: control characters, bidi controls and their deprecated kin, line and
 * paragraph separators, invisible spaces and operators, annotations, tags. Joiners stay: emoji and some scripts need them.
 */
const UNSEEN =
  /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Something to see: neither blank nor only joiners and fillers. */
const SEEN = /[^\s\u200c-\u200d\u115f\u1160\u2800\u3164\uffa0]/u;

const line = (max: number) =>
  v.pipe(
    v.string(),
    v.maxLength(1000),
    v.transform((value) => value.toWellFormed().replace(UNSEEN, "").replace(/\s+/gu, " ").trim()),
    v.maxLength(max, `longer than ${max} letters`),
  );

/** A person's name: 1 to 80 letters, control and bidi characters stripped, white space folded. */
export const personName = v.pipe(line(80), v.regex(SEEN, "a name is needed"));

/** A title of a room or take: may be empty. */
export const title = line(120);

/**
 * Text of several lines as it may be shown: stripped like a name, but its line ends stay, as `\n`; at most one empty line
 * between two others; empty when there is nothing to see.
 */
export function shownLines(text: string): string {
  const lines = text
    .toWellFormed()
    .replace(/\r\n?|[\u0085\u2028\u2029]/gu, "\n")
    .split("\n")
    .map((each) => each.replaceAll("\t", " ").replace(UNSEEN, "").trimEnd());
  const shown = lines
    .join("\n")
    .replace(/\n{3,}/gu, "\n\n")
    .trim();
  return SEEN.test(shown) ? shown : "";
}
