import { describe, expect, it } from "vitest";
import {
  about,
  bytes,
  bytesOf,
  clock,
  initials,
  moment,
  names,
  percent,
  roughly,
  spaceTime,
  span,
} from "../../../src/ui/words/format.ts";

describe("numbers as people read them (LOOK.md, Words)", () => {
  it.each([
    [0, "0 KB"],
    [600, "1 KB"],
    [18_000, "18 KB"],
    [38_000_000, "38 MB"],
    [2_514_000_000, "2.51 GB"],
    [61_000_000_000, "61 GB"],
  ])("%i bytes are %s", (count, words) => {
    expect(bytes(count)).toBe(words);
  });

  it("a part shares its unit with the whole", () => {
    expect(bytesOf(2.47e9, 2.51e9)).toBe("2.47 of 2.51 GB");
    expect(bytesOf(38e6, 2.51e9)).toBe("38 MB of 2.51 GB");
  });

  it.each([
    [0, "0:00"],
    [3_999, "0:03"],
    [1_458_000, "24:18"],
    [4_111_000, "1:08:31"],
  ])("%i ms show as %s", (ms, words) => {
    expect(clock(ms)).toBe(words);
  });

  it.each([
    [20, "0.1 s"],
    [400, "0.4 s"],
    [3_100, "3.1 s"],
    [12_300, "12 s"],
    [72_000, "1:12"],
  ])("a gap of %i ms is %s", (ms, words) => {
    expect(span(ms)).toBe(words);
  });

  it.each([
    [400, "1 second"],
    [9_200, "10 seconds"],
    [18_000, "20 seconds"],
    [58_000, "1 minute"],
    [170_000, "3 minutes"],
    [7_300_000, "2 hours"],
  ])("an estimate of %i ms is %s", (ms, words) => {
    expect(roughly(ms)).toBe(words);
    expect(about(ms)).toBe(`about ${words}`);
  });

  it("only a whole is 100%", () => {
    expect([percent(0.999), percent(1), percent(0.614), percent(-1)]).toEqual(["99%", "100%", "61%", "0%"]);
  });

  it("space is minutes, then whole hours", () => {
    expect([spaceTime(18), spaceTime(1), spaceTime(1000)]).toEqual(["18 minutes", "1 minute", "16 hours"]);
  });

  it("days are today, yesterday, a weekday, a date", () => {
    const now = new Date(2026, 10, 20, 22, 0).getTime();
    const at = (day: number): string => moment(new Date(2026, 10, day, 21, 14).getTime(), now);
    expect([at(20), at(19), at(17), at(2)]).toEqual([
      "Today, 21:14",
      "Yesterday, 21:14",
      "Tuesday, 21:14",
      "2 November, 21:14",
    ]);
  });

  it("names keep their signs", () => {
    expect([initials("Inês Carvalho"), initials("ørjan"), initials(" ")]).toEqual(["IC", "Ø", "?"]);
    expect([names([]), names(["A"]), names(["A", "B"]), names(["A", "B", "C"])]).toEqual([
      "",
      "A",
      "A and B",
      "A, B and C",
    ]);
  });
});
