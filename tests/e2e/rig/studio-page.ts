import type { Locator, Page } from "playwright-core";
import { listJournal } from "./journal.ts";

/** Drives the studio as a person does: by the accessible names that the product promises. */

/** A busy machine opens a camera, warms an encoder and starts a page in this time. */
const PATIENCE_MS = 60_000;

/** A page in a call uploads at the pace that the call leaves it: a take of half a minute in about one. */
export const UPLOAD_PATIENCE_MS = 180_000;

/** How often a page is asked again. */
const LOOK_MS = 100;

/** Presses New room on `/` and waits for the lobby. @returns the room's path, `/r/ROOM` */
export async function newRoom(page: Page): Promise<string> {
  await page.goto("/");
  await page.getByRole("button", { name: "New room" }).click();
  await page.waitForURL(/\/r\/[\w-]{22}$/, { timeout: PATIENCE_MS });
  return new URL(page.url()).pathname;
}

export interface JoinOptions {
  /** The page of a host or co-host, who lets them in; without one nobody need: the host, a seat that was let in, an invite. */
  readonly admittedBy?: Page;
}

/** Opens a room's lobby, writes the name, agrees, joins and is let in; resolves in the studio. @param room its path, or a link */
export async function joinRoom(page: Page, room: string, name: string, options: JoinOptions = {}): Promise<void> {
  await knock(page, room, name);
  if (options.admittedBy !== undefined) {
    await untilWaiting(page);
    await admit(options.admittedBy, name);
  }
  await untilInStudio(page);
}

/** As `joinRoom`, up to the press on Join. */
export async function knock(page: Page, room: string, name: string): Promise<void> {
  if (new URL(page.url(), "http://nowhere").pathname !== room) await page.goto(room);
  const lobby = page.getByRole("textbox", { name: "Your name" });
  await lobby.waitFor({ timeout: PATIENCE_MS });
  await untilEnabled(page.getByRole("combobox", { name: "Camera" }), "option", CAMERA_CHOICES);
  await lobby.fill(name);
  await page.getByRole("checkbox", { name: "I agree to be recorded" }).check();
  await page.getByRole("button", { name: "Join", exact: true }).click();
}

export async function untilWaiting(page: Page): Promise<void> {
  await page.getByRole("status").filter({ hasText: "Waiting for the host" }).waitFor({ timeout: PATIENCE_MS });
}

export async function untilInStudio(page: Page): Promise<void> {
  await page.getByRole("list", { name: "Participants" }).waitFor({ timeout: PATIENCE_MS });
}

/** Presses Admit beside a knocking name. */
export async function admit(host: Page, name: string): Promise<void> {
  const knocker = host.getByRole("listitem").filter({ hasText: name });
  const button = knocker.getByRole("button", { name: "Admit", exact: true });
  await button.click({ timeout: PATIENCE_MS });
  await button.waitFor({ state: "detached", timeout: PATIENCE_MS });
}

/** The fake camera, and no camera. */
const CAMERA_CHOICES = 2;

async function untilEnabled(select: Locator, child: string, count: number): Promise<void> {
  await select
    .locator(child)
    .nth(count - 1)
    .waitFor({ state: "attached", timeout: PATIENCE_MS });
}

export async function record(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Record", exact: true }).click();
}

export async function stop(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Stop", exact: true }).click();
}

/**
 * So many people are in the room and each of their devices could record at once. Record waits 4 s for that and no longer: who is late
 * then has a gap, which is right, and not what most tests are about. Before the first take.
 */
export async function untilReady(host: Page, people: number): Promise<void> {
  const entries = host.getByRole("list", { name: "Participants" }).getByRole("listitem");
  await entries.nth(people - 1).waitFor({ timeout: PATIENCE_MS });
  await host.getByText("Everyone is ready").waitFor({ state: "attached", timeout: PATIENCE_MS });
}

/** The page says that it records. */
export async function untilRecording(page: Page): Promise<void> {
  await page.getByRole("timer").waitFor({ timeout: PATIENCE_MS });
}

/** The clock of the running take shows at least this many seconds. */
export async function untilClock(page: Page, seconds: number): Promise<void> {
  await page.getByRole("timer").waitFor({ timeout: PATIENCE_MS });
  await page.waitForFunction(
    (wanted) => {
      const text = document.querySelector('[role="timer"]')?.textContent ?? "";
      return text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0) >= wanted;
    },
    seconds,
    { polling: LOOK_MS, timeout: seconds * 1000 + PATIENCE_MS },
  );
}

/** So many more seconds than the clock of the running take shows now. */
export async function forSeconds(page: Page, seconds: number): Promise<void> {
  const text = (await page.getByRole("timer").textContent()) ?? "";
  // One more: of the second that it shows now an unknown part is over.
  await untilClock(page, text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0) + seconds + 1);
}

/** Asks again and again, without a page that could be offline or closed having to answer at once. */
export async function until(what: string, fits: () => Promise<boolean>, patienceMs = PATIENCE_MS): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await fits())) {
    if (Date.now() > deadline) throw new Error(`not within ${patienceMs / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Every track in the journal has at least this many epochs, and there are `tracks` tracks. */
export async function untilEpochs(page: Page, tracks: number, epochs: number): Promise<void> {
  await until(`${epochs} epochs in each of ${tracks} tracks`, async () => {
    const counts = new Map<string, number>();
    for (const { path } of await listJournal(page)) {
      const track = path.slice(0, path.lastIndexOf("/"));
      counts.set(track, (counts.get(track) ?? 0) + 1);
    }
    return counts.size >= tracks && [...counts.values()].every((count) => count >= epochs);
  });
}

/** The page says that everything of this device has a receipt. */
export async function untilSafe(page: Page, patienceMs = UPLOAD_PATIENCE_MS): Promise<void> {
  await page.getByRole("status").filter({ hasText: "Safe to leave" }).waitFor({ timeout: patienceMs });
}

/** How many times the page says so now: 0 while it is not safe. */
export function saysSafe(page: Page): Promise<number> {
  return page.getByRole("status").filter({ hasText: "Safe to leave" }).count();
}

/** What the debug panel counts for one track: frames of picture, samples of sound at 48 kHz. */
export interface Figures {
  readonly source: string;
  readonly captured: number;
  readonly dropped: number;
  readonly encoded: number;
  readonly sealed: number;
  readonly epochs: number;
}

/** Opens the debug panel, reads it and closes it again. */
export async function readFigures(page: Page): Promise<Figures[]> {
  await page.keyboard.press("Shift+D");
  const panel = page.getByTestId("figures");
  // The panel opens at once and asks the workers then.
  const captured = panel.locator("section dt").filter({ hasText: "Captured" }).first();
  try {
    await captured.waitFor({ timeout: PATIENCE_MS });
  } catch (error) {
    // An open panel hides the studio from everything that is looked for by its role.
    await page.keyboard.press("Escape");
    throw error;
  }
  const sections = await panel.locator("section").evaluateAll((all) =>
    all.map((section) => ({
      title: section.querySelector("h3")?.textContent ?? "",
      facts: [...section.querySelectorAll("dl > div")].map((fact) => ({
        name: fact.querySelector("dt")?.textContent ?? "",
        value: fact.querySelector("dd")?.textContent ?? "",
      })),
    })),
  );
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });
  return sections.flatMap(({ title, facts }) => {
    const value = (name: string) => firstNumber(facts.find((fact) => fact.name === name)?.value);
    const dropped = facts.find((fact) => fact.name.startsWith("Dropped"))?.name;
    if (dropped === undefined) return [];
    return {
      source: title,
      captured: value("Captured"),
      dropped: firstNumber(dropped),
      encoded: value("Encoded"),
      sealed: value("Sealed"),
      epochs: value("Epochs"),
    };
  });
}

/** "1,800, 2 in the queue" is 1800: figures have commas between thousands. */
function firstNumber(text: string | undefined): number {
  const digits = /\d{1,3}(?:[,\u202f\u00a0 ]\d{3})+|\d+/.exec(text ?? "")?.[0];
  if (digits === undefined) throw new Error(`no number in "${text}"`);
  return Number(digits.replace(/\D/g, ""));
}

/** The take has ended on this device and its last epoch is sealed; whether it has arrived is another question. */
export async function untilStopped(page: Page): Promise<void> {
  const said = /Keep this page open|Kept on this device|Safe to leave/;
  await page.getByRole("status").filter({ hasText: said }).first().waitFor({ timeout: PATIENCE_MS });
}
