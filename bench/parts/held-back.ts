import type { BrowserContext, Page } from "playwright-core";
import * as v from "valibot";
import { takeList } from "#protocol/http-api.ts";
import type { RoomId, TakeId } from "#protocol/ids.ts";
import { newPreparedTake } from "./clips.ts";
import { epochRows, seatRows } from "./manifest-rows.ts";
import { layIntoJournal } from "./prepared-device.ts";
import type { PreparedClip } from "./prepared-take.ts";
import { sum } from "./statistics.ts";
import { poll } from "./wait.ts";

/** A take that was recorded without a network, and how the page's own engine uploaded it at launch. Times are wall clock, ms. */
export interface HeldBack {
  readonly take: TakeId;
  readonly access: { readonly room: RoomId; readonly token: string };
  readonly bytes: number;
  readonly epochs: number;
  readonly launchedMs: number;
  readonly firstReceiptMs: number;
  readonly lastReceiptMs: number;
  /** Bytes per second from the first receipt to the last, without the bytes of the first. */
  readonly rate: number;
}

const PATIENCE_MS = 600_000;
/** Rarely enough to cost nothing; the receipts' own times are what counts. */
const ASK_MS = 250;

export async function uploadHeldBack(
  context: BrowserContext,
  origin: string,
  clips: readonly PreparedClip[],
  seconds: number,
): Promise<HeldBack> {
  const { take } = await prepare(context, origin, clips, seconds);
  const page = await context.newPage();
  const launchedMs = Date.now();
  await page.goto("/recordings");
  const seat = await poll("a seat", () => seatFor(page, take), ASK_MS, PATIENCE_MS);
  const access = { room: seat.room, token: seat.token ?? "" };
  await poll("every epoch on the server", () => isComplete(origin, access), ASK_MS, PATIENCE_MS);
  const rows = (await epochRows(page)).sort((a, b) => (a.receiptMs ?? 0) - (b.receiptMs ?? 0));
  const [first] = rows;
  const last = rows.at(-1);
  if (!first || !last || first.receiptMs === null || last.receiptMs === null) throw new Error("not all has a receipt");
  const bytes = sum(rows.map((row) => row.bytes));
  const span = (last.receiptMs - first.receiptMs) / 1000;
  return {
    take,
    access,
    bytes,
    epochs: rows.length,
    launchedMs,
    firstReceiptMs: first.receiptMs,
    lastReceiptMs: last.receiptMs,
    rate: (bytes - first.bytes) / span,
  };
}

async function prepare(context: BrowserContext, origin: string, clips: readonly PreparedClip[], seconds: number) {
  const prepared = newPreparedTake(clips, seconds);
  await layIntoJournal(context, origin, prepared);
  return prepared;
}

async function seatFor(page: Page, take: TakeId) {
  return (await seatRows(page)).find((row) => row.forTake === take && row.token !== null);
}

async function isComplete(origin: string, { room, token }: HeldBack["access"]): Promise<true | undefined> {
  const answer = await fetch(`${origin}/api/rooms/${room}/takes`, { headers: { Authorization: `Bearer ${token}` } });
  return v.parse(takeList, await answer.json()).takes[0]?.complete === true ? true : undefined;
}
