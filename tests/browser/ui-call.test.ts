import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DESK, type GalleryBrowser, overflow, PHONE, startGalleryBrowser, TABLET } from "../gallery/gallery-browser.ts";
import type { CallHandle } from "../gallery/living-call.ts";

let gallery: GalleryBrowser;

beforeAll(async () => {
  gallery = await startGalleryBrowser();
});

afterAll(async () => {
  await gallery?.close();
});

type Told = CallHandle["told"];

function button(page: Page, name: string): Locator {
  return page.getByRole("button", { name, exact: true });
}

function tile(page: Page, name: string): Locator {
  return page.getByRole("group", { name, exact: true });
}

/** What the page told its model under this word, oldest first. */
async function told(page: Page, what: string): Promise<Told> {
  const all = await page.evaluate(() => window.galleryCall?.told ?? []);
  return all.filter(([word]) => word === what);
}

interface Shown {
  readonly id: string;
  readonly screen: boolean;
  readonly width: number;
}

async function lastShown(page: Page): Promise<readonly Shown[]> {
  return ((await told(page, "showing")).at(-1)?.[1] ?? []) as readonly Shown[];
}

type Change = Parameters<CallHandle["change"]>[1];

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
    expect(await tile(page, "Joanna Okafor").locator("video").isVisible()).toBe(false);
    expect(await tile(page, "Joanna Okafor").getByText("JO", { exact: true }).isVisible()).toBe(true);
    await close();
  });

  it("[ST8] a level changes the style of who speaks and nothing else in the page", async () => {
    const { page, close } = await gallery.open("call-living", DESK);
    await tile(page, "Joanna Okafor").locator("video").waitFor();
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
      await new Promise((resolve) => requestAnimationFrame(resolve));
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
    const width = (await tile(page, "Joanna Okafor").boundingBox())?.width ?? 0;
    expect(Math.abs(((await lastShown(page))[0]?.width ?? 0) - width)).toBeLessThanOrEqual(1);
    await change(page, "marek", "screen");
    await expect.poll(async () => (await lastShown(page)).find((each) => each.screen)?.id).toBe("marek");
    const shown = await lastShown(page);
    const screen = shown.find((each) => each.screen)?.width ?? 0;
    expect(screen).toBeGreaterThan(3 * (shown.find((each) => each.id === "joanna")?.width ?? screen));
    await close();
  });

  it("[ST2] [ST3] of twenty only seven tiles stand, and a speaker from the list comes on without moving the others", async () => {
    const { page, close } = await gallery.open("call-living", DESK);
    await page.evaluate(() => window.galleryCall?.twenty());
    await expect.poll(() => page.locator(".stage [role=group][data-tile]").count()).toBe(7);
    await expect.poll(async () => (await lastShown(page)).length).toBe(6);
    const before = await page
      .locator(".stage > .tile")
      .evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset["tile"]));
    await page.evaluate(() => window.galleryCall?.speak("p15"));
    await expect.poll(() => page.locator('.stage [data-tile="p15"]').count(), { timeout: 10_000 }).toBe(1);
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
    expect(await message.evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.type("dehm");
    expect(await message.inputValue()).toBe("dehm");
    await page.keyboard.press("Escape");
    await message.waitFor({ state: "detached" });
    await page.keyboard.press("c");
    expect(await message.inputValue(), "what was begun is still there").toBe("dehm");
    expect(await button(page, "Mute microphone").count()).toBe(1);
    expect(await gallery.serious(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await message.waitFor({ state: "detached" });
    expect(await button(page, "Chat").evaluate((element) => element === document.activeElement)).toBe(true);
    expect((await told(page, "watchChat")).map(([, is]) => is)).toEqual([true, false, true, false]);
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
    expect(await message.inputValue()).toBe("");
    await message.fill("with the button");
    await button(page, "Send").click();
    await log.getByText("with the button").waitFor();
    expect(await gallery.serious(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await close();
  });

  it("G changes the layout, P pins the tile that has the focus", async () => {
    const { page, close } = await gallery.open("call-living", DESK);
    const width = async (): Promise<number> => (await tile(page, "Marek Dvořák").boundingBox())?.width ?? 0;
    const grid = await width();
    await tile(page, "Marek Dvořák")
      .getByRole("button", { name: /^Connection/ })
      .focus();
    await page.keyboard.press("p");
    await expect.poll(width).toBeGreaterThan(grid);
    expect(await button(page, "Unpin Marek Dvořák").count()).toBe(1);
    await page.keyboard.press("p");
    await expect.poll(width).toBe(grid);
    await page.keyboard.press("g");
    await expect.poll(width).toBeLessThan(grid);
    await close();
  });

  it("M sets a marker at once; a note is a marker at the moment its writing began", async () => {
    const { page, close } = await gallery.open("call-living", DESK);
    expect(await button(page, "Add marker").getAttribute("aria-disabled")).toBe("true");
    await page.keyboard.press("m");
    expect(await told(page, "marker")).toEqual([]);
    await page.keyboard.press("Shift+R");
    await page.getByRole("timer").waitFor();
    await page.keyboard.press("m");
    await page
      .getByRole("status")
      .filter({ hasText: /Marker at 4:1\d/ })
      .waitFor();
    expect((await told(page, "marker")).map(([, text, atMs]) => [text, atMs ?? "now"])).toEqual([["", "now"]]);
    const note = page.getByRole("textbox", { name: "Note for a new marker" });
    await note.fill("Dog barks");
    await note.press("Enter");
    const [, , atMs] = (await told(page, "marker"))[1] ?? [];
    expect(atMs).toBeGreaterThanOrEqual(252_000);
    await page.getByRole("list", { name: "Markers" }).getByText("Dog barks").waitFor();
    await close();
  });
});

describe("the host's doors", () => {
  it.each([PHONE, TABLET, DESK])("Admit lets one in (%o)", async (size) => {
    const { page, close } = await gallery.open("call-living", size);
    await page.getByRole("status").filter({ hasText: "Teo Lindqvist wants to come in" }).waitFor({ state: "attached" });
    await page
      .getByRole("listitem")
      .filter({ hasText: "Teo Lindqvist" })
      .getByRole("button", { name: "Admit", exact: true })
      .click();
    await button(page, "Admit").waitFor({ state: "detached" });
    expect(await told(page, "admit")).toEqual([["admit", "teo"]]);
    expect(await page.evaluate(() => document.activeElement?.getAttribute("data-region"))).toBe("list");
    await close();
  });

  it("an invite that the browser does not copy is shown", async () => {
    const { page, close } = await gallery.open("call-living", DESK);
    await button(page, "Invite").click();
    const link = page.getByRole("dialog", { name: "Invite link" }).getByRole("textbox", { name: "Invite link" });
    expect(await link.inputValue()).toContain("invite=one");
    expect(await gallery.serious(page)).toEqual([]);
    await close();
  });

  it.each([PHONE, DESK])("the menu beside a name mutes, removes, makes a co-host (%o)", async (size) => {
    const { page, close } = await gallery.open("call-living", size);
    await page
      .getByRole("listitem")
      .filter({ hasText: "Teo Lindqvist" })
      .getByRole("button", { name: "Admit", exact: true })
      .click();
    for (const [name, action] of [
      ["Mute", "mute"],
      ["Make co-host", "make-cohost"],
      ["Remove", "remove"],
    ] as const) {
      await button(page, "More about Marek Dvořák").click();
      await page.getByRole("menuitem", { name, exact: true }).click();
      expect((await told(page, "act")).at(-1)).toEqual(["act", "marek", action]);
    }
    await button(page, "More about Inês Carvalho").click();
    expect(await page.getByRole("menuitem").allTextContents()).toEqual(["Pin"]);
    await close();
  });

  it("Leave offers the host to end it for all", async () => {
    const { page, close } = await gallery.open("call-living", DESK);
    await button(page, "Leave").click();
    const dialog = page.getByRole("alertdialog", { name: "Leave the room?" });
    await dialog.getByRole("button", { name: "End for all", exact: true }).waitFor();
    expect(await gallery.serious(page)).toEqual([]);
    await dialog.getByRole("button", { name: "End for all", exact: true }).click();
    expect(await told(page, "endForAll")).toEqual([["endForAll"]]);
    await close();
  });
});

describe("a phone of 360 px", () => {
  it("the dock has Mute, Camera, Record, Chat and More; Share, Hand, Marker and Leave are in More", async () => {
    const { page, complaints, close } = await gallery.open("call-living", PHONE);
    for (const name of ["Mute microphone", "Turn camera off", "Record", "Chat", "More controls"]) {
      expect(await button(page, name).isVisible(), name).toBe(true);
    }
    const inMore = ["Share screen", "Raise hand", "Add marker", "Leave", "Applause"];
    for (const name of inMore) expect(await button(page, name).count(), name).toBe(0);
    await button(page, "More controls").click();
    for (const name of inMore) expect(await button(page, name).isVisible(), name).toBe(true);
    expect(await gallery.serious(page)).toEqual([]);
    await button(page, "Raise hand").click();
    await button(page, "More controls").click();
    await button(page, "Lower hand").waitFor();
    await button(page, "Applause").click();
    expect(await told(page, "react")).toEqual([["react", "clap"]]);
    expect(complaints).toEqual([]);
    await close();
  });
});

describe("after Stop", () => {
  it("[ST10] on a phone the lit guest sees the others and has every control, the rest in More", async () => {
    const { page, complaints, close } = await gallery.open("guest-safe", PHONE);
    for (const name of ["Mute microphone", "Turn camera off", "Raise hand", "Chat", "Leave", "Stay in the room"]) {
      expect(await button(page, name).isVisible(), name).toBe(true);
    }
    for (const name of ["Inês Carvalho", "Marek Dvořák", "Joanna Okafor"]) {
      expect(await tile(page, name).locator("video").isVisible(), name).toBe(true);
    }
    const dock = await page.locator(".dock").boundingBox();
    const stay = await button(page, "Stay in the room").boundingBox();
    expect((stay?.y ?? 0) + (stay?.height ?? 0), "nothing lies under the dock").toBeLessThan(dock?.y ?? 0);
    await button(page, "More controls").click();
    for (const name of ["Share screen", "Add marker", "Applause"]) {
      expect(await button(page, name).isVisible(), name).toBe(true);
    }
    expect(await button(page, "Leave").count()).toBe(1);
    expect(await gallery.serious(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  });

  it.each(["guest-safe", "studio-safe"] as const)(
    "[ST10] %s: Stay in the room brings the pictures back at their size, and the focus to them",
    async (state) => {
      const { page, close } = await gallery.open(state, DESK);
      const width = async (): Promise<number> => (await tile(page, "Marek Dvořák").boundingBox())?.width ?? 0;
      const strip = await width();
      await button(page, "Stay in the room").click();
      await expect.poll(width).toBeGreaterThan(strip * 1.3);
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("stage-heading");
      await page.getByRole("status").filter({ hasText: "Safe to leave" }).waitFor();
      expect(await button(page, "Leave").count()).toBe(1);
      await close();
    },
  );

  it.each([PHONE, DESK])("[ST10] the lit guest can write in the chat (%o)", async (size) => {
    const { page, close } = await gallery.open("guest-safe", size);
    await button(page, "Chat").click();
    await page.getByRole("textbox", { name: "Message", exact: true }).waitFor();
    expect(await gallery.serious(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await page.keyboard.press("Escape");
    await page.getByRole("textbox", { name: "Message", exact: true }).waitFor({ state: "detached" });
    await close();
  });
});

describe("who may end it", () => {
  it("[ST11] a co-host is asked before leaving a take, and is not offered End for all", async () => {
    const { page, close } = await gallery.open("call-cohost", DESK);
    await button(page, "Leave").click();
    const dialog = page.getByRole("alertdialog", { name: "Leave while the take runs?" });
    await dialog.getByRole("button", { name: "Leave now", exact: true }).waitFor();
    expect(await button(page, "End for all").count()).toBe(0);
    await close();
  });
});

describe("removed", () => {
  it("[ST12] says what is left here, and leads to Recordings", async () => {
    const { page, close } = await gallery.open("room-removed", PHONE);
    await page.getByText("300 MB are still only on this device").waitFor();
    expect(await page.getByText(/upload/i).count()).toBe(0);
    await page.getByRole("link", { name: "Open Recordings", exact: true }).click();
    await page.getByRole("heading", { name: "Recordings", exact: true }).waitFor();
    await close();
  });
});

describe("waiting", () => {
  it.each([
    ["waiting-connecting", "Connecting…"],
    ["waiting-trouble", "The room can’t be reached now"],
  ] as const)("%s: the same status says Waiting for the host, and %s", async (state, words) => {
    const { page, close } = await gallery.open(state, PHONE);
    const status = page.getByRole("status").filter({ hasText: "Waiting for the host" });
    expect(await status.textContent()).toContain(words);
    await close();
  });

  it("a status says Waiting for the host, and the meter goes on", async () => {
    const { page, close } = await gallery.open("waiting", PHONE);
    await page.getByRole("status").filter({ hasText: "Waiting for the host" }).waitFor();
    expect(await page.getByRole("meter", { name: "Microphone level", exact: true }).count()).toBe(1);
    await button(page, "Change devices").click();
    await page.getByRole("dialog", { name: "Devices" }).getByRole("combobox", { name: "Microphone" }).waitFor();
    expect(await gallery.serious(page)).toEqual([]);
    await close();
  });
});
