import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import path from "node:path";
import type { Locator, Page } from "playwright-core";
import * as v from "valibot";
import { type DeliveryManifest, deliveryManifest } from "#protocol/delivery-manifest.ts";
import { until } from "./studio-page.ts";

/** Making the files of a minute takes seconds; a loaded machine may need longer. */
const PATIENCE_MS = 120_000;

export const TIMELINE = "timeline.fcpxml";
export const MANIFEST = "manifest.json";
export const SUMS = "SHA256SUMS";

/** What an editor has downloaded. */
export interface Delivery {
  readonly folder: string;
  /** Names of all files, as the page's links name them. */
  readonly names: readonly string[];
  readonly manifest: DeliveryManifest;
  readonly timeline: string;
  file(name: string): string;
}

/** Opens a room's exports page, waits for the newest take's files and downloads each by its link. */
export async function download(page: Page, room: string, folder: string): Promise<Delivery> {
  await page.goto(`${room}/exports`);
  const files = await untilNewest(page);
  const links = files.getByRole("link", { name: /^[\w-][\w.-]*(\.(mkv|fcpxml|json)|SHA256SUMS)$|^SHA256SUMS$/ });
  const names: string[] = [];
  for (const link of await links.all()) {
    const name = (await link.getAttribute("download")) || (await link.innerText()).trim();
    if (names.includes(name)) continue;
    const coming = page.waitForEvent("download", { timeout: PATIENCE_MS });
    await link.click();
    await (await coming).saveAs(path.join(folder, name));
    names.push(name);
  }
  const file = (name: string) => path.join(folder, name);
  const manifest = v.parse(deliveryManifest, JSON.parse(readFileSync(file(MANIFEST), "utf8")));
  return { folder, names, manifest, timeline: readFileSync(file(TIMELINE), "utf8"), file };
}

/** The list of the newest take's files, once it is there: until then an older take of the room has the only one. */
async function untilNewest(page: Page): Promise<Locator> {
  const takes = page.getByRole("heading", { name: /^Take \d+$/ });
  await takes.first().waitFor({ timeout: PATIENCE_MS });
  const numbers = (await takes.allInnerTexts()).map((text) => Number(/\d+/.exec(text)?.[0]));
  const newest = `take ${Math.max(...numbers)}`;
  const files = page.getByRole("list", { name: `Files of ${newest}`, exact: true });
  const timeline = files.getByRole("link", { name: TIMELINE, exact: true });
  await until(`the files of ${newest}`, async () => (await timeline.count()) === 1, PATIENCE_MS);
  return files;
}

/** Names whose bytes are not those that SHA256SUMS names, and files that it does not name. */
export async function sumErrors(delivery: Delivery): Promise<string[]> {
  const sums = new Map(
    readFileSync(delivery.file(SUMS), "utf8")
      .split("\n")
      .flatMap((line) => {
        const parts = /^([0-9a-f]{64}) [ *](.+)$/.exec(line);
        return parts?.[1] && parts[2] ? [[parts[2], parts[1]] as const] : [];
      }),
  );
  const errors: string[] = [];
  for (const name of delivery.names) {
    if (name === SUMS) continue;
    if (sums.get(name) !== (await sha256Of(delivery.file(name)))) errors.push(name);
  }
  return errors;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex");
}
