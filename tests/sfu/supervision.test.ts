import { expect, it, vi } from "vitest";
import { startSfuService } from "../../scripts/studio/sfu-service.ts";

const said = { log: vi.spyOn(console, "log"), error: vi.spyOn(console, "error") };

/** @returns the status, or undefined while nobody listens */
async function ask(url: string, secret: string): Promise<number | undefined> {
  const options = { method: "POST", headers: { authorization: `Bearer ${secret}` } };
  try {
    return (await fetch(`${url}/apps/embedded/sessions/new`, options)).status;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

it("[SF52] an SFU that dies is started again on the same ports, with the same secret", {
  timeout: 60_000,
}, async () => {
  said.log.mockImplementation(() => undefined);
  said.error.mockImplementation(() => undefined);
  const pids: (number | undefined)[] = [];
  const service = await startSfuService({ mediaPort: "", watch: false, onProcess: (pid) => pids.push(pid) });
  const { REALTIME_API, REALTIME_APP_ID, REALTIME_APP_SECRET } = service.bindings;
  try {
    expect(REALTIME_APP_ID).toBe("embedded");
    expect(await ask(REALTIME_API, REALTIME_APP_SECRET)).toBe(201);
    const pid = pids.at(-1);
    if (pid === undefined) throw new Error("no process was started");
    process.kill(pid, "SIGKILL");
    await expect.poll(() => pids.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(3);
    expect(pids[1]).toBeUndefined();
    expect(pids[2]).not.toBe(pids[0]);
    await expect.poll(() => ask(REALTIME_API, REALTIME_APP_SECRET), { timeout: 20_000 }).toBe(201);
    expect(said.error).toHaveBeenCalledWith(expect.stringContaining("SFU ended (SIGKILL)"));
  } finally {
    await service.stop();
  }
  expect(await ask(REALTIME_API, REALTIME_APP_SECRET)).toBeUndefined();
  expect(pids.at(-1)).toBeUndefined();
});

it("[SF52] a media port that makes no sense is said at start", async () => {
  const asked = startSfuService({ mediaPort: "many", watch: false, onProcess: () => undefined });
  await expect(asked).rejects.toThrow(/SFU_MEDIA_PORT must be a number/);
});
