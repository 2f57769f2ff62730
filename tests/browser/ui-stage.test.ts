import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DESK, type GalleryBrowser, overflow, PHONE, startGalleryBrowser } from "../gallery/gallery-browser.ts";
import { button, type Change, focused, still, tile, told } from "./ui-page.ts";

let gallery: GalleryBrowser;

beforeAll(async () => {
  gallery = await startGalleryBrowser();
});

afterAll(async () => {
  await gallery?.close();
});

interface Shown {
  readonly id: string;
  readonly screen: boolean;
  readonly width: number;
}

async function lastShown(page: Page): Promise<readonly Shown[]> {
  return ((await told(page, "showing")).at(-1)?.[1] ?? []) as readonly Shown[];
}

async function change(page: Page, id: string, what: Change): Promise<void> {
  await page.evaluate(([who, to]) => window.galleryCall?.change(who, to), [id, what] as const);
}

async function mark(page: Page, name: string): Promise<void> {
  await tile(page, name).evaluate((element) => {
    element.setAttribute("data-first", "");
    element.querySelector("video")?.setAttribute("data-first", "");
  });
}

describe("a tile is one element for one participant", () => {
  it("[ST1] camera off and on, another stream, none, a screen, a reconnect, a take and a pin keep tile and video", async () => {
    const { page, complaints, close } = await gallery.open("call-living", DESK);
    await mark(page, "Joanna Okafor");
    const same = page.locator("[data-first] > video[data-first]");
    const changes: readonly Change[] = [
      "camera-off",
      "camera-on",
      "another-stream",
      "no-stream",
      "another-stream",
      "screen",
      "no-screen",
    ];
    for (const what of changes) {
      await change(page, "joanna", what);
      expect(await same.count(), what).toBe(1);
    }
    await page.evaluate(() => window.galleryCall?.again());
    await page.keyboard.press("g");
    await page.keyboard.press("Shift+R");
    await page.getByRole("timer").waitFor();
    expect(await same.count(), "after a take began").toBe(1);
    await expect.poll(() => same.evaluate((video) => (video as HTMLVideoElement).videoWidth)).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
    await close();
  });

  it("[ST1] srcObject is set only when the stream is another one", async () => {
    const { page, close } = await gallery.open("call-living", DESK);
    const video = tile(page, "Joanna Okafor").locator("video");
    await video.evaluate((element) => {
      element.addEventListener("emptied", () => element.setAttribute("data-emptied", ""));
    });
    await page.evaluate(() => window.galleryCall?.again());
    await change(page, "joanna", "camera-off");
    await change(page, "joanna", "camera-on");
    expect(await video.getAttribute("data-emptied")).toBeNull();
    await change(page, "joanna", "another-stream");
    await expect.poll(() => video.getAttribute("data-emptied")).toBe("");
    await close();
  });

  it("[ST1] with the camera off there is no picture, but the person's initials", async () => {
    const { page, close } = await gallery.open("call-living", DESK);
    await change(page, "joanna", "camera-off");
    await tile(page, "Joanna Okafor").locator("video").waitFor({ state: "hidden" });
    await tile(page, "Joanna Okafor").getByText("JO", { exact: true }).waitFor();
    await close();
  });

  it("[ST8] a level changes the style of who speaks and nothing else in the page", async () => {
    const { page, close } = await gallery.open("call-living", DESK);
    await tile(page, "Joanna Okafor").locator("video").waitFor();
    // Whatever else comes by itself, once: the pictures' places, and who knocks.
    await page.getByRole("status").filter({ hasText: "wants to come in" }).waitFor({ state: "attached" });
    await expect.poll(async () => (await lastShown(page)).length).toBe(2);
    await still(page);
    const changed = await page.evaluate(async () => {
      const seen: string[] = [];
      const watch = new MutationObserver((records) => {
        for (const record of records) {
          const { target } = record;
          const who = target instanceof HTMLElement ? (target.dataset["tile"] ?? target.textContent) : "text";
          seen.push(`${record.type} ${record.attributeName} ${who}`);
        }
      });
      watch.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
      for (const level of [0.2, 0.4, 0.6]) window.galleryCall?.level("joanna", level);
      for (let frame = 0; frame < 2; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
      watch.disconnect();
      return seen;
    });
    expect(new Set(changed)).toEqual(new Set(["attributes style joanna", "attributes style JO"]));
    await close();
  });
});

describe("what is shown is told", () => {
  it("[ST5] the widths of the others' pictures, and of a screen in the large place", async () => {
    const { page, close } = await gallery.open("call-living", DESK);
    await expect.poll(async () => (await lastShown(page)).map((each) => each.id)).toEqual(["joanna", "marek"]);
    const wrongBy = async (): Promise<number> => {
      const width = (await tile(page, "Joanna Okafor").boundingBox())?.width ?? 0;
      return Math.abs(((await lastShown(page))[0]?.width ?? 0) - width);
    };
    await expect.poll(wrongBy).toBeLessThanOrEqual(1);
    await change(page, "marek", "screen");
    await expect.poll(async () => (await lastShown(page)).find((each) => each.screen)?.id).toBe("marek");
    const timesAsWide = async (): Promise<number> => {
      const shown = await lastShown(page);
      const screen = shown.find((each) => each.screen)?.width ?? 0;
      return screen / (shown.find((each) => each.id === "joanna")?.width ?? screen);
    };
    await expect.poll(timesAsWide).toBeGreaterThan(3);
    await close();
  });

  it("[ST2] [ST3] of twenty only seven tiles stand, and a speaker from the list comes on without moving the others", async () => {
    const { page, close } = await gallery.open("call-living", DESK);
    await page.evaluate(() => window.galleryCall?.twenty());
    await expect.poll(() => page.locator(".stage [role=group][data-tile]").count()).toBe(7);
    await expect.poll(async () => (await lastShown(page)).length).toBe(6);
    await still(page);
    const before = await page
      .locator(".stage > .tile")
      .evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset["tile"]));
    await page.evaluate(() => window.galleryCall?.speak("p15"));
    await expect.poll(() => page.locator('.stage [data-tile="p15"]').count()).toBe(1);
    const after = await page
      .locator(".stage > .tile")
      .evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset["tile"]));
    expect(after.filter((id, index) => id !== before[index])).toEqual(["p15"]);
    await close();
  });
});

describe("keys and buttons", () => {
  it("D, E, S, H and C press what they name, and not while something is written", async () => {
    const { page, complaints, close } = await gallery.open("call-living", DESK);
    for (const [key, before, after] of [
      ["d", "Mute microphone", "Unmute microphone"],
      ["e", "Turn camera off", "Turn camera on"],
      ["s", "Share screen", "Stop sharing"],
      ["h", "Raise hand", "Lower hand"],
    ] as const) {
      await button(page, before).waitFor();
      await page.keyboard.press(key);
      await button(page, after).waitFor();
      await page.keyboard.press(key);
      await button(page, before).waitFor();
    }
    await page.keyboard.press("c");
    const message = page.getByRole("textbox", { name: "Message", exact: true });
    await message.waitFor();
    await focused(message);
    await page.keyboard.type("dehm");
    await expect.poll(() => message.inputValue()).toBe("dehm");
    await page.keyboard.press("Escape");
    await message.waitFor({ state: "detached" });
    await page.keyboard.press("c");
    await expect.poll(() => message.inputValue(), { message: "what was begun is still there" }).toBe("dehm");
    expect(await button(page, "Mute microphone").count()).toBe(1);
    expect(await gallery.serious(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await message.waitFor({ state: "detached" });
    await focused(button(page, "Chat"));
    const watched = async () => (await told(page, "watchChat")).map(([, is]) => is);
    await expect.poll(watched).toEqual([true, false, true, false]);
    expect(complaints).toEqual([]);
    await close();
  });

  it("Enter sends, Shift+Enter begins a line, and what came is text and nothing else", async () => {
    const { page, close } = await gallery.open("call-living", PHONE);
    await button(page, "Chat").click();
    const message = page.getByRole("textbox", { name: "Message", exact: true });
    await message.fill("<img src=x onerror=alert(1)> first");
    await message.press("Shift+Enter");
    await message.pressSequentially("second");
    await message.press("Enter");
    const log = page.getByRole("log");
    await log.getByText("first\nsecond").waitFor();
    expect(await log.locator("img, a").count()).toBe(0);
    await expect.poll(() => message.inputValue()).toBe("");
    await message.fill("with the button");
    await button(page, "Send").click();
    await log.getByText("with the button").waitFor();
    expect(await gallery.serious(page)).toEqual([]);
    await expect.poll(() => overflow(page)).toBeLessThanOrEqual(0);
    await close();
  });

  it("G changes the layout, P pins the tile that has the focus", async () => {
    const { page, close } = await gallery.open("call-living", DESK);
    const width = async (): Promise<number> => (await tile(page, "Marek Dvořák").boundingBox())?.width ?? 0;
    await still(page);
    const grid = await width();
    await tile(page, "Marek Dvořák")
      .getByRole("button", { name: /^Connection/ })
      .focus();
    await page.keyboard.press("p");
    await expect.poll(width).toBeGreaterThan(grid);
    await button(page, "Unpin Marek Dvořák").waitFor({ state: "attached" });
    await page.keyboard.press("p");
    await expect.poll(width).toBe(grid);
    await page.keyboard.press("g");
    await expect.poll(width).toBeLessThan(grid);
    await close();
  });

  it("M sets a marker at once; a note is a marker at the moment its writing began", async () => {
    const { page, close } = await gallery.open("call-living", DESK);
    await expect.poll(() => button(page, "Add marker").getAttribute("aria-disabled")).toBe("true");
    await page.keyboard.press("m");
    expect(await told(page, "marker")).toEqual([]);
    await page.keyboard.press("Shift+R");
    await page.getByRole("timer").waitFor();
    await page.keyboard.press("m");
    // The take began 4:12 ago.
    const said = page.getByRole("status").filter({ hasText: /Marker at \d+:\d\d/ });
    const [, minutes, seconds] = /Marker at (\d+):(\d\d)/.exec((await said.textContent()) ?? "") ?? [];
    expect(Number(minutes) * 60 + Number(seconds)).toBeGreaterThanOrEqual(252);
    expect(Number(minutes)).toBeLessThan(10);
    expect((await told(page, "marker")).map(([, text, atMs]) => [text, atMs ?? "now"])).toEqual([["", "now"]]);
    const note = page.getByRole("textbox", { name: "Note for a new marker" });
    await note.fill("Dog barks");
    await note.press("Enter");
    await page.getByRole("list", { name: "Markers" }).getByText("Dog barks").waitFor();
    const [, , atMs] = (await told(page, "marker"))[1] ?? [];
    expect(atMs).toBeGreaterThanOrEqual(252_000);
    await close();
  });
});
