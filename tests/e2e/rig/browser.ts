import { type Browser, type BrowserContext, type CDPSession, chromium } from "playwright-core";
import { type CameraSize, fixtures } from "./camera.ts";
import type { TestNetwork } from "./network.ts";

const EXECUTABLE = process.env["TAPESYNC_CHROMIUM"] ?? "/usr/bin/chromium";

/** DESIGN.md section 3, so that nothing slows a page down which no window shows. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-component-update",
  "--disable-sync",
  "--use-fake-device-for-media-stream=fps=30",
  "--use-fake-ui-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
  "--disable-renderer-backgrounding",
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
];

/** No list of permissions: naming some would refuse all others, Background Sync too. The fake prompt says yes. */
const CONTEXT = { viewport: { width: 1280, height: 800 }, acceptDownloads: true };

/** What differs from a browser on this machine with the large camera. */
export interface BrowserWishes {
  readonly flags?: readonly string[];
  readonly camera?: CameraSize;
  /** Behind this cable; `trust`: the studio's origin there, which has no certificate. */
  readonly network?: { readonly of: TestNetwork; readonly trust: string };
}

async function options({ flags = [], camera, network }: BrowserWishes) {
  const { video, audio } = await fixtures(camera);
  const sources = [`--use-file-for-fake-video-capture=${video}`, `--use-file-for-fake-audio-capture=${audio}`];
  const trusted = network ? [`--unsafely-treat-insecure-origin-as-secure=${network.trust}`] : [];
  const executablePath = network ? network.of.launcher(EXECUTABLE) : EXECUTABLE;
  return { executablePath, headless: true, args: [...FLAGS, ...sources, ...trusted, ...flags] };
}

/** One Chromium for several people: contexts of one browser share the fake camera frame by frame. */
export async function openBrowser(wishes: BrowserWishes = {}): Promise<Browser> {
  return chromium.launch(await options(wishes));
}

/** A person with storage of their own, in memory (as a private window). */
export function openContext(browser: Browser, baseURL: string): Promise<BrowserContext> {
  return browser.newContext({ ...CONTEXT, baseURL });
}

/** A person whose storage lies in `folder` and outlives the browser; the only way to have Background Sync. */
export async function openProfile(folder: string, baseURL: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, { ...(await options({})), ...CONTEXT, baseURL });
}

/** The browser of a context, a profile's too. */
export function browserOf(context: BrowserContext): Browser {
  const browser = context.browser();
  if (!browser) throw new Error("the context has no browser");
  return browser;
}

/** Process ids of everything that runs pages or workers in this browser. */
export async function rendererPids(browser: Browser): Promise<number[]> {
  const session: CDPSession = await browser.newBrowserCDPSession();
  try {
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    return processInfo.filter((info) => info.type === "renderer").map((info) => info.id);
  } finally {
    await session.detach();
  }
}
