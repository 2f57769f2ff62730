import { describe, expect, it } from "vitest";
import { type Box, layOut, type StageLayout, type StageSpace } from "../../../src/ui/screens/studio/stage-layout.ts";

const DESK: StageSpace = { width: 872, height: 648 };
const PHONE: StageSpace = { width: 336, height: undefined };
const NARROWEST: StageSpace = { width: 296, height: undefined };
const TABLET: StageSpace = { width: 720, height: undefined };
const SHAPE = 16 / 9;

function keys(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `p${index}`);
}

function stage(
  count: number,
  space: StageSpace,
  more: { big?: string; screen?: boolean; strip?: boolean } = {},
): StageLayout {
  return layOut(
    { keys: keys(count), big: more.big, bigIsScreen: more.screen ?? false, strip: more.strip ?? false },
    space,
  );
}

function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function box(layout: StageLayout, key: string): Box {
  const found = layout.boxes.get(key);
  if (!found) throw new Error(`no box for ${key}`);
  return found;
}

const CASES = [DESK, PHONE, NARROWEST, TABLET].flatMap((space) =>
  Array.from({ length: 14 }, (_, index) => index + 1).flatMap((count) => [
    { space, count, what: {} },
    { space, count, what: { big: "p0" } },
    { space, count, what: { big: "p0", screen: true } },
    { space, count, what: { strip: true } },
  ]),
);

describe("where tiles stand", () => {
  it("[ST7] everybody has a place, within the stage, over nobody, in the picture's shape", () => {
    for (const { space, count, what } of CASES) {
      const layout = stage(count, space, what);
      const said = JSON.stringify({ space, count, what });
      const boxes = [...layout.boxes.values()];
      expect(boxes.length, said).toBe(count);
      boxes.forEach((one, index) => {
        expect(one.width, said).toBeGreaterThan(20);
        expect(one.x, said).toBeGreaterThanOrEqual(0);
        expect(one.y, said).toBeGreaterThanOrEqual(0);
        expect(one.x + one.width, said).toBeLessThanOrEqual(space.width);
        expect(one.y + one.height, said).toBeLessThanOrEqual(layout.height);
        const wholeScreen = index === 0 && "screen" in what;
        if (!one.crop && !wholeScreen) expect(Math.abs(one.width / one.height - SHAPE), said).toBeLessThan(0.06);
        expect(
          boxes.slice(index + 1).some((other) => overlaps(one, other)),
          said,
        ).toBe(false);
      });
    }
  });

  it("[ST7] on the desk the stage is as high as its place, whatever stands on it", () => {
    for (const count of [1, 2, 5, 9]) expect(stage(count, DESK).height).toBe(DESK.height);
  });

  it("[ST7] two to four people stand in two columns, five and six in three, an odd last one in the middle", () => {
    expect(box(stage(2, DESK), "p0").y).toBe(box(stage(2, DESK), "p1").y);
    const three = stage(3, DESK);
    expect(Math.abs(box(three, "p2").x + box(three, "p2").width / 2 - DESK.width / 2)).toBeLessThanOrEqual(1);
    const five = stage(5, DESK);
    expect(box(five, "p2").y).toBe(box(five, "p0").y);
    expect(box(five, "p3").y).toBeGreaterThan(box(five, "p0").y);
  });

  it("[ST6] a screen gets the whole place above a row of people", () => {
    const layout = stage(4, DESK, { big: "p0", screen: true });
    expect(box(layout, "p0").width).toBe(DESK.width);
    const rows = new Set(["p1", "p2", "p3"].map((key) => box(layout, key).y));
    expect(rows.size).toBe(1);
    expect([...rows][0]).toBeGreaterThanOrEqual(box(layout, "p0").height);
  });

  it("[ST7] on a phone one tile is full width and the others stand in pairs below it", () => {
    const layout = stage(3, PHONE, { big: "p1" });
    expect(box(layout, "p1")).toMatchObject({ x: 0, y: 0, width: PHONE.width, crop: false });
    expect(box(layout, "p0").y).toBe(box(layout, "p2").y);
    expect(box(layout, "p0").width).toBeCloseTo((PHONE.width - 8) / 2, 0);
  });

  it("[ST7] a key that is not there has no place, and an unmeasured stage has none at all", () => {
    expect(stage(3, DESK, { big: "gone" }).boxes.size).toBe(3);
    expect(stage(3, { width: 0, height: 0 }).boxes.size).toBe(0);
    expect(stage(0, PHONE)).toEqual({ boxes: new Map(), height: 0 });
  });
});
