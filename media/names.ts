/** Names of exported files: ASCII, `^[A-Za-z0-9_-][A-Za-z0-9_.-]*$`, unique whatever the letters' case. */

const PLAIN: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  Æ: "Ae",
  œ: "oe",
  Œ: "Oe",
  ø: "o",
  Ø: "O",
  ł: "l",
  Ł: "L",
  đ: "d",
  Đ: "D",
  þ: "th",
  Þ: "Th",
  ı: "i",
};

/** Names that Windows keeps for devices. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)$/i;

const MAX_LETTERS = 48;

/** The name in ASCII, words joined by `_`; empty when nothing of it can be written so. */
export function asciiName(name: string): string {
  return name
    .replace(/[^\u0000-\u007f]/gu, (letter) => PLAIN[letter] ?? letter)
    .normalize("NFKD")
    .replace(/[^\u0020-\u007e]/gu, "")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, MAX_LETTERS)
    .replace(/_+$/, "");
}

/**
 * One stem per person, in order: their name in ASCII, `Person_2` for the second person whose name has no ASCII
 * letter, `Alice_2` … for those who share one. No stem is another's with a suffix that file names use.
 */
export function fileStems(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name, index) => {
    const ascii = asciiName(name);
    const base = ascii === "" || RESERVED.test(ascii) ? `Person_${index + 1}` : ascii;
    let stem = base;
    for (let count = 2; taken.has(stem.toLowerCase()) || /_(screen|s\d+)$/i.test(stem); count++)
      stem = `${base}_${count}`;
    taken.add(stem.toLowerCase());
    return stem;
  });
}

/** `Alice.mkv`, `Alice_Screen.mkv`, and `Alice_S2.mkv` for the second segment. */
export function masterName(stem: string, kind: "main" | "screen", segment: number): string {
  return `${stem}${kind === "screen" ? "_Screen" : ""}${segment > 1 ? `_S${segment}` : ""}.mkv`;
}
