import { describe, expect, it } from "vitest";
import type { BodyPace } from "#core/ports/upload-transport.ts";
import { pacedBody } from "#platform/paced-body.ts";

const { signal } = new AbortController();

/** Slices of the sizes that are given, the last one again and again. */
function paceOf(...sizes: number[]): BodyPace & { readonly asked: number[] } {
  const asked: number[] = [];
  return {
    limits: true,
    asked,
    whole: () => undefined,
    slice: async (most) => {
      asked.push(most);
      return Math.min(most, (sizes.length > 1 ? sizes.shift() : sizes[0]) ?? 1);
    },
  };
}

const bytesOf = (length: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length }, (_, at) => (at * 7) % 251);

async function partsOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer>[]> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of body) parts.push(part);
  return parts;
}

describe("a body in slices", () => {
  it("[UP52] is the file's bytes, in the slices that the pace allows, over the parts that are read at once", async () => {
    const bytes = bytesOf(600_000);
    const parts = await partsOf(pacedBody(new Blob([bytes]), paceOf(1_200, 5_000, 64_000), signal));
    expect(parts.slice(0, 2).map((part) => part.byteLength)).toEqual([1_200, 5_000]);
    expect(Math.max(...parts.map((part) => part.byteLength))).toBe(64_000);
    expect(new Uint8Array(await new Blob(parts).arrayBuffer())).toEqual(bytes);
  });

  it("[UP52] asks for nothing before the network does, and of a file without bytes for none", async () => {
    const pace = paceOf(1_000);
    const reader = pacedBody(new Blob([bytesOf(10_000)]), pace, signal).getReader();
    await Promise.resolve();
    expect(pace.asked).toEqual([]);
    await reader.read();
    expect(pace.asked).toEqual([10_000]);
    const none = paceOf(1_000);
    expect(await partsOf(pacedBody(new Blob([]), none, signal))).toEqual([]);
    expect(none.asked).toEqual([]);
  });

  it("[UT9] breaks with the reason for which it was stopped", async () => {
    const reason = new Error("the page goes");
    const pace: BodyPace = { limits: true, whole: () => undefined, slice: () => Promise.reject(reason) };
    await expect(partsOf(pacedBody(new Blob([bytesOf(10)]), pace, signal))).rejects.toBe(reason);
  });
});
