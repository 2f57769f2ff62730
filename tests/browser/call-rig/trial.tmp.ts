import { openNetwork } from "../../e2e/rig/network.ts";
import type { ParticipantId } from "#protocol/ids.ts";
import { CallRoom, until } from "./call-driver.ts";
const ANNA = "anna__________________" as ParticipantId;
const BEN = "ben___________________" as ParticipantId;
using net = openNetwork(77);
const room = new CallRoom({ host: net.here, launcher: net.launcher });
const what = process.argv[2] ?? "blackout";
const n = Number(process.argv[3] ?? 10);
const frames = (s: any, k: string) => s.pictures[k]?.frames ?? 0;
try {
  await room.open();
  const anna = await room.join(ANNA);
  const ben = await room.join(BEN);
  await anna.evaluate((p) => callRig.show([{ participant: p, source: "camera", width: 640 }]), BEN);
  await ben.evaluate((p) => callRig.show([{ participant: p, source: "camera", width: 640 }]), ANNA);
  await until(anna, "see", (s) => frames(s, `${BEN} camera`) > 30);
  await until(ben, "see", (s) => frames(s, `${ANNA} camera`) > 30);
  console.log("connected", await anna.evaluate(() => callRig.sent()));
  const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));
  const watch = async (page: any, key: string, t0: number) => {
    const s0 = await page.evaluate(() => callRig.state());
    const from = frames(s0, key);
    const r = await until(page, "more", (s) => frames(s, key) >= from + 5, 20000);
    return Math.round(performance.now() - t0);
  };
  if (what === "blackout") {
    const back = net.blackout();
    await sleep(n * 1000);
    console.log("before return", (await anna.evaluate(() => callRig.state()))?.state);
    const t0 = performance.now(); back();
    console.log("heals", await Promise.all([watch(anna, `${BEN} camera`, t0), watch(ben, `${ANNA} camera`, t0)]), await anna.evaluate(() => callRig.connections()));
  } else if (what === "move") {
    const t0 = performance.now(); net.moveHouse(); await sleep(300);
    console.log("heals", await Promise.all([watch(anna, `${BEN} camera`, t0), watch(ben, `${ANNA} camera`, t0)]), await anna.evaluate(() => callRig.connections()));
  } else {
    if (what === "narrow") net.narrow(n); else net.lose(n);
    for (let i = 0; i < Number(process.argv[4] ?? 20); i++) {
      await sleep(2000);
      const [s, sent] = [await anna.evaluate(() => callRig.state()), await anna.evaluate(() => callRig.sent())];
      const k = `${BEN} camera`;
      console.log(i * 2, s?.state, s?.roundTripMs?.toFixed(0), "up", s?.uploadBytesPerSecond && Math.round(s.uploadBytesPerSecond / 1000), "frames", frames(s, k), s?.pictures[k]?.width, JSON.stringify(s?.quality), JSON.stringify(sent), s?.failures.length);
    }
    if (what === "narrow") net.narrow(null); else net.lose(0);
    for (let i = 0; i < 10; i++) { await sleep(3000); const s = await anna.evaluate(() => callRig.state()); console.log("after", s?.roundTripMs?.toFixed(0), JSON.stringify(await anna.evaluate(() => callRig.sent())), frames(s, `${BEN} camera`)); }
  }
  console.log((await anna.evaluate(() => callRig.state()))?.failures, await room.empty());
} finally { await room.close(); }
