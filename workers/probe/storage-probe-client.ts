/** A worker that does not answer by then is not going to. */
const ANSWER_MS = 5_000;

/** Whether recordings can be kept in this browser, found by writing a file in a worker. */
export async function probeStorage(): Promise<boolean> {
  const worker = new Worker(new URL("./storage-probe.worker.ts", import.meta.url), { type: "module" });
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise<boolean>((resolve) => {
      worker.addEventListener("message", (event: MessageEvent<unknown>) => resolve(event.data === true));
      worker.addEventListener("error", () => resolve(false));
      timer = setTimeout(() => resolve(false), ANSWER_MS);
      worker.postMessage(null);
    });
  } finally {
    clearTimeout(timer);
    worker.terminate();
  }
}
