import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import type { CallHandle } from "../gallery/living-call.ts";

type Told = CallHandle["told"];

export type Change = Parameters<CallHandle["change"]>[1];

export function button(page: Page, name: string): Locator {
  return page.getByRole("button", { name, exact: true });
}

export function tile(page: Page, name: string): Locator {
  return page.getByRole("group", { name, exact: true });
}

/** What the page told its model under this word, oldest first. */
export async function told(page: Page, what: string): Promise<Told> {
  const all = await page.evaluate(() => window.galleryCall?.told ?? []);
  return all.filter(([word]) => word === what);
}

/** Waits until the focus is there: it follows what is pressed, some frames later. */
export async function focused(there: Locator): Promise<void> {
  await expect.poll(() => there.evaluate((element) => element === document.activeElement)).toBe(true);
}

/**
 * Waits until the fonts are there and no element has moved for some frames: what a page first draws is measured, and drawn
 * again. Something that moves all the time (a meter) is given two seconds of frames.
 */
export async function still(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const places = (): string =>
      [...document.body.querySelectorAll("*")]
        .map((element) => {
          const { x, y, width, height } = element.getBoundingClientRect();
          return `${x} ${y} ${width} ${height}`;
        })
        .join();
    await document.fonts.ready;
    let before = "";
    for (let alike = 0, frame = 0; alike < 5 && frame < 120; frame++) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const now = places();
      alike = now === before ? alike + 1 : 0;
      before = now;
    }
  });
}
