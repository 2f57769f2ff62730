import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  DESK,
  type GalleryBrowser,
  NARROWEST,
  type OpenState,
  overflow,
  PHONE,
  startGalleryBrowser,
  type Viewport,
} from "../gallery/gallery-browser.ts";
import { GALLERY_STATES, type GalleryState } from "../gallery/states.ts";
import { focused, still } from "./ui-page.ts";

let gallery: GalleryBrowser;

beforeAll(async () => {
  gallery = await startGalleryBrowser();
});

afterAll(async () => {
  await gallery?.close();
});

const open = (state: GalleryState, viewport: Viewport): Promise<OpenState> => gallery.open(state, viewport);
const serious = (page: Page): Promise<string[]> => gallery.serious(page);

describe.each(GALLERY_STATES)("$state", ({ state }) => {
  it("[LOOK] axe finds nothing serious, the console stays silent, nothing scrolls sideways", async () => {
    const { page, complaints, close } = await open(state, DESK);
    await still(page);
    expect(await serious(page), "desk").toEqual([]);
    expect(await overflow(page), "desk").toBeLessThanOrEqual(0);
    await page.setViewportSize(PHONE);
    await still(page);
    expect(await serious(page), "phone").toEqual([]);
    expect(await overflow(page), "phone").toBeLessThanOrEqual(0);
    await page.setViewportSize(NARROWEST);
    await still(page);
    expect(await overflow(page), "320 px").toBeLessThanOrEqual(0);
    expect(complaints).toEqual([]);
    await close();
  });
});

type Role =
  | "button"
  | "group"
  | "link"
  | "textbox"
  | "checkbox"
  | "combobox"
  | "list"
  | "progressbar"
  | "meter"
  | "timer";

/** The call goes on after Stop (ST10). */
const AFTER_STOP: readonly (readonly [Role, string])[] = [
  ["button", "Mute microphone"],
  ["button", "Turn camera off"],
  ["button", "Share screen"],
  ["button", "Raise hand"],
  ["button", "Add marker"],
  ["button", "Chat"],
  ["button", "Leave"],
  ["group", "Inês Carvalho"],
  ["group", "Joanna Okafor"],
  ["group", "Marek Dvořák"],
];

/** The contract of names: [role, exact name], and how many there are when it is not one. */
const NAMES: readonly (readonly [state: GalleryState, names: readonly (readonly [Role, string, number?])[]])[] = [
  [
    "home",
    [
      ["button", "New room"],
      ["button", "Record alone"],
      ["link", "Recordings"],
    ],
  ],
  [
    "home-first",
    [
      ["button", "New room"],
      ["button", "Record alone"],
      ["link", "Recordings"],
    ],
  ],
  [
    "home-found",
    [
      ["button", "New room"],
      ["button", "Record alone"],
      ["link", "Recordings"],
    ],
  ],
  [
    "lobby-guest",
    [
      ["textbox", "Your name"],
      ["checkbox", "I agree to be recorded"],
      ["combobox", "Camera"],
      ["combobox", "Microphone"],
      ["button", "Join"],
      ["meter", "Microphone level"],
    ],
  ],
  [
    "studio-idle",
    [
      ["button", "Record"],
      ["button", "Stop", 0],
      ["button", "Mute microphone"],
      ["button", "Turn camera off"],
      ["button", "Share screen"],
      ["button", "Raise hand"],
      ["button", "Add marker"],
      ["button", "Chat"],
      ["button", "Leave"],
      ["button", "Invite"],
      ["group", "Joanna Okafor"],
      ["button", "Copy guest link"],
      ["link", "Exports"],
      ["list", "Participants"],
    ],
  ],
  [
    "studio-recording",
    [
      ["button", "Stop"],
      ["button", "Record", 0],
      ["button", "Share screen"],
      ["button", "Copy guest link"],
      ["link", "Exports"],
      ["list", "Participants"],
      ["timer", "Length of the take"],
    ],
  ],
  [
    "studio-guest",
    [
      ["button", "Record", 0],
      ["button", "Stop", 0],
      ["button", "Invite", 0],
      ["button", "Mute microphone"],
      ["button", "Share screen"],
      ["link", "Exports"],
      ["list", "Participants"],
    ],
  ],
  [
    "call-knocking",
    [
      ["button", "Admit", 2],
      ["button", "Deny", 2],
      ["list", "Waiting to come in"],
    ],
  ],
  [
    "call-muted",
    [
      ["button", "Unmute microphone"],
      ["button", "Turn camera on"],
      ["button", "Lower hand"],
      ["button", "Turn sound on"],
    ],
  ],
  ["guest-draining", AFTER_STOP],
  ["guest-safe", AFTER_STOP],
  ["studio-safe", [...AFTER_STOP, ["button", "Record"]]],
  [
    "waiting",
    [
      ["meter", "Microphone level"],
      ["button", "Leave"],
      ["button", "Change devices"],
    ],
  ],
  [
    "alone-ready",
    [
      ["button", "Record"],
      ["combobox", "Camera"],
      ["combobox", "Microphone"],
    ],
  ],
  [
    "recordings",
    [
      ["button", "Export", 5],
      ["button", "Delete", 5],
    ],
  ],
  [
    "exports",
    [
      ["link", "Ines_Carvalho.mkv"],
      ["link", "timeline.fcpxml"],
      ["link", "manifest.json"],
      ["link", "SHA256SUMS"],
      ["link", "Download all"],
      ["button", "Copy editor link"],
      ["progressbar", "Master files"],
    ],
  ],
  [
    "exports-editor",
    [
      ["button", "Copy editor link", 0],
      ["link", "Studio", 0],
      ["link", "Download all", 2],
    ],
  ],
];

describe("accessible names are a contract", () => {
  it.each(NAMES)("%s", async (state, names) => {
    const { page, close } = await open(state, DESK);
    for (const [role, name, times = 1] of names) {
      const found = page.getByRole(role, { name, exact: true });
      await expect.poll(() => found.count(), { message: `${role} ${name}` }).toBe(times);
    }
    await close();
  });

  it.each(["studio-safe", "studio-safe-loss", "guest-safe"] as const)(
    "%s: one status says Safe to leave",
    async (state) => {
      const { page, close } = await open(state, DESK);
      await expect.poll(() => page.getByRole("status").filter({ hasText: "Safe to leave" }).count()).toBe(1);
      await close();
    },
  );

  it.each(["studio-draining", "studio-waiting", "studio-recording", "guest-draining"] as const)(
    "%s: nothing says Safe to leave",
    async (state) => {
      const { page, close } = await open(state, DESK);
      await still(page);
      expect(await page.getByText("Safe to leave").count()).toBe(0);
      await close();
    },
  );

  it("each take is a list item with its state and buttons", async () => {
    const { page, close } = await open("recordings", DESK);
    const items = page
      .getByRole("main")
      .getByRole("listitem")
      .filter({ has: page.getByRole("button") });
    await expect.poll(() => items.count()).toBe(5);
    await items.nth(1).getByText("Only on this device").waitFor();
    await close();
  });
});

describe("what a press does", () => {
  it("Join says why it waits, then joins with the trimmed name", async () => {
    const { page, close } = await open("lobby-host", PHONE);
    const join = page.getByRole("button", { name: "Join", exact: true });
    await expect.poll(() => join.getAttribute("aria-disabled")).toBe("true");
    await page.getByRole("textbox", { name: "Your name" }).press("Enter");
    await page.getByText("Write the name that editors should see.").waitFor();
    await page.getByRole("textbox", { name: "Your name" }).fill("  Joanna Okafor ");
    await page.getByRole("checkbox", { name: "I agree to be recorded" }).check();
    await page.locator("button:not([aria-disabled])", { hasText: "Join" }).waitFor();
    await close();
  });

  it("one element stays through Join, Record, Stop and Safe: the picture, the button with the focus, the status", async () => {
    const { page, complaints, close } = await open("room-living", DESK);
    await page.getByRole("textbox", { name: "Your name" }).fill("Inês Carvalho");
    await page.getByRole("checkbox", { name: "I agree to be recorded" }).check();
    await page.getByRole("button", { name: "Join", exact: true }).click();
    await page.getByRole("button", { name: "Record", exact: true }).waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("stage-heading");

    await page.locator(".stage video").evaluate((video) => video.setAttribute("data-first", ""));
    await page.locator(".tally [role=status]").evaluate((status) => status.setAttribute("data-first", ""));
    await page.keyboard.press("Shift+R");
    await page.getByRole("button", { name: "Stop", exact: true }).waitFor();
    expect(await page.locator(".stage video[data-first]").count()).toBe(1);
    const status = page.locator(".tally [role=status][data-first]");
    await expect.poll(() => status.textContent()).toContain("Recording 1 of 1");

    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await page.getByRole("status").filter({ hasText: "Safe to leave" }).waitFor();
    const record = page.getByRole("button", { name: "Record", exact: true });
    await focused(record);
    expect(await page.locator(".tally [role=status][data-first]").count()).toBe(1);
    expect(complaints).toEqual([]);
    await close();
  });

  it("Delete asks when it is the only copy, and keeping has the focus", async () => {
    const { page, close } = await open("recordings", DESK);
    await page.getByRole("button", { name: "Delete", exact: true }).nth(1).click();
    const dialog = page.getByRole("alertdialog", { name: "Delete the only copy?" });
    await dialog.waitFor();
    expect(await serious(page)).toEqual([]);
    const keep = dialog.getByRole("button", { name: "Keep it", exact: true });
    await focused(keep);
    await keep.click();
    await dialog.waitFor({ state: "detached" });
    await close();
  });

  it("Leave asks while bytes are left; Escape stays", async () => {
    const { page, close } = await open("studio-draining", DESK);
    await page.getByRole("button", { name: "Leave", exact: true }).click();
    const dialog = page.getByRole("alertdialog", { name: "Leave before all has arrived?" });
    await dialog.waitFor();
    expect(await serious(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await close();
  });

  it.each([PHONE, DESK])("the figures open by key and by menu (%o)", async (size) => {
    const { page, complaints, close } = await open("studio-recording", size);
    await page.keyboard.press("Shift+D");
    const dialog = page.getByRole("dialog", { name: "Figures" });
    await dialog.waitFor();
    await dialog.getByText("43,740").waitFor();
    expect(await serious(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "More controls" }).click();
    await page.getByRole("button", { name: "Keys", exact: true }).click();
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    expect(await serious(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  });

  it("a link of ours opens its screen without loading the page again, and the heading has the focus", async () => {
    const { page, close } = await open("home", DESK);
    await page.evaluate(() => document.documentElement.setAttribute("data-same-page", ""));
    await page.getByRole("link", { name: "Recordings", exact: true }).click();
    const heading = page.getByRole("heading", { name: "Recordings", exact: true });
    await heading.waitFor();
    expect(await page.locator("html[data-same-page]").count()).toBe(1);
    await focused(heading);
    await close();
  });

  it("title, theme colour and favicon follow the tally", async () => {
    const { page, close } = await open("studio-recording", DESK);
    await expect.poll(() => page.title()).toMatch(/^● 2\d:\d\d Ferries of the Douro$/);
    const colour = page.locator('meta[name="theme-color"]');
    await expect.poll(() => colour.getAttribute("content")).toBe("#a81120");
    const icon = page.locator('link[rel="icon"]');
    await expect.poll(() => icon.getAttribute("href")).toBe("/icons/favicon-recording.svg");
    await close();
  });
});
