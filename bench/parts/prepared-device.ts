import type { BrowserContext } from "playwright-core";
import type { Prepared } from "../pages/prepare.worker.ts";
import { openBlank, pageCode } from "./page-code.ts";
import type { PreparedTake } from "./prepared-take.ts";

/**
 * Lays a prepared take into the journal of a context that has opened no page yet, as if it had been recorded there without a
 * server. The studio uploads it at its next launch. @returns its bytes
 */
export async function layIntoJournal(context: BrowserContext, origin: string, take: PreparedTake): Promise<number> {
  const page = await openBlank(context, origin);
  const code = await pageCode("prepare.worker.ts");
  const prepared = await page.evaluate(
    ([script, wanted]) =>
      new Promise<unknown>((resolve, reject) => {
        const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
        worker.addEventListener("error", (event) => reject(new Error(event.message)));
        worker.addEventListener("message", (event) => {
          worker.terminate();
          resolve(event.data);
        });
        worker.postMessage(wanted);
      }) as Promise<Prepared>,
    [code, take] as const,
  );
  await page.close();
  if (!prepared.ok) throw new Error(prepared.message);
  return prepared.bytes;
}
