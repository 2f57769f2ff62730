/** Part of a file: `length` bytes from `offset`. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * What a `Range` header asks of a file of `size` bytes (RFC 9110 14.2). `null`: the whole file, also for several ranges and
 * for units or syntax that are not understood, which may be ignored. `"none"`: there is no such part.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | "none" | null {
  const [, first = "", last = ""] = /^\s*bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(header ?? "") ?? [];
  if (first === "" && last === "") return null;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "none" : { offset: size - length, length };
  }
  if (last !== "" && Number(last) < Number(first)) return null;
  if (Number(first) >= size) return "none";
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return { offset: Number(first), length: end - Number(first) + 1 };
}
