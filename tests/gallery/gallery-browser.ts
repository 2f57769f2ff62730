import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium, type Page } from "playwright-core";
import { serveGallery } from "./serve-gallery.ts";
import { GALLERY_STATES, type GalleryState } from "./states.ts";

export interface Viewport {
  readonly width: number;
  readonly height: number;
}

export const PHONE: Viewport = { width: 360, height: 740 };
export const TABLET: Viewport = { width: 768, height: 1024 };
export const DESK: Viewport = { width: 1280, height: 800 };
/** The narrowest window that must work (LOOK.md, "Layout"). */
export const NARROWEST: Viewport = { width: 320, height: 640 };

/** Until what is waited for is there, on a machine that is slow and busy. */
const PATIENCE_MS = 60_000;

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary?: string }[];
}

export interface OpenState {
  readonly page: Page;
  /** Errors of the console and uncaught ones. */
  readonly complaints: readonly string[];
  readonly close: () => Promise<void>;
}

export interface GalleryBrowser {
  /** Opens a state and waits until its screen stands. */
  open(state: GalleryState, viewport: Viewport): Promise<OpenState>;
  /** What axe-core finds serious or critical now. */
  serious(page: Page): Promise<string[]>;
  readonly close: () => Promise<void>;
}

/** How many px the page can be scrolled sideways. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Serves the gallery and starts a browser for it. */
export async function startGalleryBrowser(): Promise<GalleryBrowser> {
  const gallery = await serveGallery();
  const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  const browser = await chromium.launch({
    executablePath: process.env["TAPESYNC_CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--force-prefers-reduced-motion"],
  });
  return {
    async open(state, viewport) {
      const path = GALLERY_STATES.find((entry) => entry.state === state)?.path ?? "/";
      const context = await browser.newContext({ viewport, reducedMotion: "reduce" });
      context.setDefaultTimeout(PATIENCE_MS);
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(error.message));
      await page.goto(`${gallery.origin}${path}?state=${state}`);
      await page.locator("main:not([aria-busy=true])").waitFor();
      return { page, complaints, close: () => context.close() };
    },
    async serious(page) {
      await page.evaluate(axeSource);
      const found = await page.evaluate<Finding[]>(
        "axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations)",
      );
      return found
        .filter((finding) => finding.impact === "serious" || finding.impact === "critical")
        .map(
          (finding) =>
            `${finding.id}: ${finding.nodes.map((node) => `${node.target.join(" ")} (${node.failureSummary})`).join("; ")}`,
        );
    },
    async close() {
      await browser.close();
      await gallery.close();
    },
  };
}
