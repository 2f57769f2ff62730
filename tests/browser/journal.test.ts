import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { epochStoreContract } from "../contracts/epoch-store.contract.ts";
import { takeRepoContract } from "../contracts/take-repo.contract.ts";
import { type RigBrowser, startRig } from "./capture-rig/rig-driver.ts";

let rigBrowser: RigBrowser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  rigBrowser = await startRig();
  context = await rigBrowser.newContext();
  page = await rigBrowser.open(context);
});

afterAll(async () => {
  await rigBrowser?.close();
});

describe.each([
  ["epoch-store", epochStoreContract.map((one) => one.rule)],
  ["take-repo", takeRepoContract.map((one) => one.rule)],
] as const)("%s in Chromium", (name, rules) => {
  let outcome: readonly { readonly rule: string; readonly error: string | null }[] = [];

  beforeAll(async () => {
    outcome = await page.evaluate((contract) => rig.contract(contract), name);
  });

  it.each(rules)("%s", (rule) => {
    expect(outcome.find((one) => one.rule === rule)).toEqual({ rule, error: null });
  });
});

it("[ES9] a full disk is said to be full, and nothing of the write is left behind", async () => {
  const session = await context.newCDPSession(page);
  const origin = new URL(page.url()).origin;
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 8 * 1024 * 1024 });
  const { refused, written, left } = await page.evaluate(() => rig.fillDisk());
  await session.send("Storage.overrideQuotaForOrigin", { origin });
  expect(refused).toBe("full");
  expect(written).toBeGreaterThan(2);
  expect(left).toBe(written);
});
