import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DESK, type GalleryBrowser, overflow, PHONE, startGalleryBrowser, TABLET } from "../gallery/gallery-browser.ts";
import { button, still, tile, told } from "./ui-page.ts";

let gallery: GalleryBrowser;

beforeAll(async () => {
  gallery = await startGalleryBrowser();
});

afterAll(async () => {
  await gallery?.close();
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
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("data-region"))).toBe("list");
    await close();
  });

  it("an invite that the browser does not copy is shown", async () => {
    const { page, close } = await gallery.open("call-living", DESK);
    await button(page, "Invite").click();
    const link = page.getByRole("dialog", { name: "Invite link" }).getByRole("textbox", { name: "Invite link" });
    await expect.poll(() => link.inputValue()).toContain("invite=one");
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
      await expect.poll(async () => (await told(page, "act")).at(-1)).toEqual(["act", "marek", action]);
    }
    await button(page, "More about Inês Carvalho").click();
    await expect.poll(() => page.getByRole("menuitem").allTextContents()).toEqual(["Pin"]);
    await close();
  });

  it("Leave offers the host to end it for all", async () => {
    const { page, close } = await gallery.open("call-living", DESK);
    await button(page, "Leave").click();
    const dialog = page.getByRole("alertdialog", { name: "Leave the room?" });
    await dialog.getByRole("button", { name: "End for all", exact: true }).waitFor();
    expect(await gallery.serious(page)).toEqual([]);
    await dialog.getByRole("button", { name: "End for all", exact: true }).click();
    await expect.poll(() => told(page, "endForAll")).toEqual([["endForAll"]]);
    await close();
  });
});

describe("a phone of 360 px", () => {
  it("the dock has Mute, Camera, Record, Chat and More; Share, Hand, Marker and Leave are in More", async () => {
    const { page, complaints, close } = await gallery.open("call-living", PHONE);
    for (const name of ["Mute microphone", "Turn camera off", "Record", "Chat", "More controls"]) {
      await button(page, name).waitFor();
    }
    await still(page);
    const inMore = ["Share screen", "Raise hand", "Add marker", "Leave", "Applause"];
    for (const name of inMore) expect(await button(page, name).count(), name).toBe(0);
    await button(page, "More controls").click();
    for (const name of inMore) await button(page, name).waitFor();
    expect(await gallery.serious(page)).toEqual([]);
    await button(page, "Raise hand").click();
    await button(page, "More controls").click();
    await button(page, "Lower hand").waitFor();
    await button(page, "Applause").click();
    await expect.poll(() => told(page, "react")).toEqual([["react", "clap"]]);
    expect(complaints).toEqual([]);
    await close();
  });
});

describe("after Stop", () => {
  it("[ST10] on a phone the lit guest sees the others and has every control, the rest in More", async () => {
    const { page, complaints, close } = await gallery.open("guest-safe", PHONE);
    for (const name of ["Mute microphone", "Turn camera off", "Raise hand", "Chat", "Leave", "Stay in the room"]) {
      await button(page, name).waitFor();
    }
    for (const name of ["Inês Carvalho", "Marek Dvořák", "Joanna Okafor"]) {
      await tile(page, name).locator("video").waitFor();
    }
    const aboveDock = async (): Promise<number> => {
      const dock = await page.locator(".dock").boundingBox();
      const stay = await button(page, "Stay in the room").boundingBox();
      return (dock?.y ?? 0) - (stay?.y ?? 0) - (stay?.height ?? 0);
    };
    await expect.poll(aboveDock, { message: "nothing lies under the dock" }).toBeGreaterThan(0);
    await button(page, "More controls").click();
    for (const name of ["Share screen", "Add marker", "Applause"]) {
      await button(page, name).waitFor();
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
      await still(page);
      const strip = await width();
      await button(page, "Stay in the room").click();
      await expect.poll(width).toBeGreaterThan(strip * 1.3);
      await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("stage-heading");
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
    await expect.poll(() => overflow(page)).toBeLessThanOrEqual(0);
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
    await expect.poll(() => status.textContent()).toContain(words);
    await close();
  });

  it("a status says Waiting for the host, and the meter goes on", async () => {
    const { page, close } = await gallery.open("waiting", PHONE);
    await page.getByRole("status").filter({ hasText: "Waiting for the host" }).waitFor();
    await expect.poll(() => page.getByRole("meter", { name: "Microphone level", exact: true }).count()).toBe(1);
    await button(page, "Change devices").click();
    await page.getByRole("dialog", { name: "Devices" }).getByRole("combobox", { name: "Microphone" }).waitFor();
    expect(await gallery.serious(page)).toEqual([]);
    await close();
  });
});
