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

/** What differs from a browser on this machine with Chromium's own camera and microphone. */
export interface PlainWishes {
  readonly flags?: readonly string[];
  /** Where the browser is started, and the origin that it trusts there without a certificate. */
  readonly place?: { launcher(program: string): string; readonly trust: string };
}

function plain({ flags = [], place }: PlainWishes) {
  const trusted = place ? [`--unsafely-treat-insecure-origin-as-secure=${place.trust}`] : [];
  const executablePath = place ? place.launcher(EXECUTABLE) : EXECUTABLE;
  return { executablePath, headless: true, args: [...FLAGS, ...trusted, ...flags] };
}

async function options({ flags = [], camera, network }: BrowserWishes) {
  const { video, audio } = await fixtures(camera);
  const sources = [`--use-file-for-fake-video-capture=${video}`, `--use-file-for-fake-audio-capture=${audio}`];
  const launcher = (program: string): string => network?.of.launcher(program) ?? program;
  const place = network ? { place: { launcher, trust: network.trust } } : {};
  return plain({ flags: [...sources, ...flags], ...place });
}

/** A browser for a page that is not the studio. Its camera is a moving disc, its microphone beeps every second. */
export function openPlainBrowser(wishes: PlainWishes = {}): Promise<Browser> {
  return chromium.launch(plain({ ...wishes, flags: ["--disable-background-networking", ...(wishes.flags ?? [])] }));
}

/** As {@link openPlainBrowser}, with its storage in `folder`; the only way to have Background Sync. */
export function openPlainProfile(folder: string, baseURL: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, { ...plain({}), baseURL });
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
