import * as v from "valibot";
import { APP_ID, APP_SECRET, type SfuProcess, startSfuProcess } from "../tests/sfu/sfu-process.ts";
import { cpuSeconds } from "../tests/e2e/rig/renderer.ts";
import type { Counts } from "./people/orders.ts";
import { type People, startPeople } from "./people/people.ts";
import { rounded } from "./parts/statistics.ts";
import type { BenchRun } from "./parts/studio.ts";
import type { Report } from "./parts/table.ts";
import { letRun, poll } from "./parts/wait.ts";

const SIZES = [4, 6, 10, 20];
const QUICK_SIZES = [3, 4];
const SECONDS = 15;
const QUICK_SECONDS = 4;
const SETTLE_S = 5;
const QUICK_SETTLE_S = 2;
/** The product's stage pulls no more cameras: `MOST_CAMERAS` of `src/core/call/wanted-tracks.ts`. */
const MOST_PICTURES = 6;
const PATIENCE_MS = 30_000;
const ASK_MS = 500;
/** Above this share of lost packets a figure says nothing: less was forwarded than was asked for. */
const MOST_LOST = 0.001;
/** Of the 720p layer's 1,200 kbit/s: below it the SFU has gone down to a smaller layer for somebody. */
const LEAST_BITS = 1_100_000;

/** One stretch with everything flowing. */
interface Stretch {
  readonly seconds: number;
  readonly sfuCpuSeconds: number;
  readonly pictures: number;
  readonly sounds: number;
  readonly packetsIn: number;
  readonly packetsOut: number;
  /** Bits/s of one picture, as they arrived. */
  readonly bitsPerPicture: number;
  /** Share of the packets that were expected and have not arrived, 0…1. */
  readonly lost: number;
  readonly missedBySfu: number;
  readonly peopleCpuSeconds: number;
  /** How late the synthetic people were at the worst, ms. */
  readonly latestMs: number;
}

interface CallOfSize {
  readonly people: number;
  readonly soundsOnly: Stretch;
  readonly all: Stretch;
  /** Resident memory of the SFU at the end, MB. */
  readonly sfuMb: number;
}

/** Measure (i): what the embedded SFU uses for forwarding, by the number of people. */
export async function benchForwarding({ quick, say }: BenchRun): Promise<Report> {
  const calls: CallOfSize[] = [];
  for (const people of quick ? QUICK_SIZES : SIZES) {
    say(`${people} synthetic people`);
    calls.push(await callOf(people, quick, say));
  }
  return report(calls);
}

async function callOf(count: number, quick: boolean, say: BenchRun["say"]): Promise<CallOfSize> {
  await using sfu = await startSfuProcess();
  await using people = await startPeople();
  const seconds = quick ? QUICK_SECONDS : SECONDS;
  const settle = (): Promise<void> => letRun(quick ? QUICK_SETTLE_S : SETTLE_S);
  await people.ask({ do: "call", base: `${sfu.url}/apps/${APP_ID}`, bearer: APP_SECRET, people: count });
  await people.ask({ do: "pull-sounds" });
  await untilFlowing(people, count * (count - 1), 0);
  await settle();
  say(`${count}: sound only, ${seconds} s`);
  const soundsOnly = await measure(sfu, people, seconds);
  const each = Math.min(MOST_PICTURES, count - 1);
  await people.ask({ do: "pull-pictures", each });
  await untilFlowing(people, count * (count - 1), count * each);
  await settle();
  say(`${count}: sound and picture, ${seconds} s`);
  const all = await measure(sfu, people, seconds);
  const { memory } = await statsOf(sfu);
  return { people: count, soundsOnly, all, sfuMb: memory.rss / 1e6 };
}

/** Every stream that was asked for has brought something since the last look. */
async function untilFlowing(people: People, sounds: number, pictures: number): Promise<void> {
  const look = async (): Promise<true | undefined> => {
    const { sound, picture } = await people.ask({ do: "count" });
    return sound.flowing === sounds && picture.flowing === pictures ? true : undefined;
  };
  await poll(`${sounds} sounds and ${pictures} pictures flow`, look, ASK_MS, PATIENCE_MS);
}

async function measure(sfu: SfuProcess, people: People, seconds: number): Promise<Stretch> {
  const before = await readings(sfu, people);
  await letRun(seconds);
  const after = await readings(sfu, people);
  const elapsed = (after.atMs - before.atMs) / 1000;
  const { sound, picture } = after.counts;
  const arrived = packets(after.counts) - packets(before.counts);
  const expected = expectedOf(after.counts) - expectedOf(before.counts);
  const pictureBytes = picture.bytes - before.counts.picture.bytes;
  return {
    seconds: elapsed,
    sfuCpuSeconds: after.cpu - before.cpu,
    pictures: picture.flowing,
    sounds: sound.flowing,
    packetsIn: after.stats.packets.received - before.stats.packets.received,
    packetsOut: after.stats.packets.forwarded - before.stats.packets.forwarded,
    bitsPerPicture: picture.flowing === 0 ? 0 : (pictureBytes * 8) / elapsed / picture.flowing,
    lost: expected === 0 ? 0 : Math.max(0, expected - arrived) / expected,
    missedBySfu: after.counts.missed - before.counts.missed,
    peopleCpuSeconds: after.counts.cpuSeconds - before.counts.cpuSeconds,
    latestMs: after.counts.latestMs,
  };
}

const packets = ({ sound, picture }: Counts): number => sound.packets + picture.packets;
const expectedOf = ({ sound, picture }: Counts): number => sound.expected + picture.expected;

async function readings(sfu: SfuProcess, people: People) {
  const counts = await people.ask({ do: "count" });
  const stats = await statsOf(sfu);
  const cpu = cpuSeconds(sfu.pid);
  if (cpu === undefined) throw new Error("the SFU is gone");
  return { counts, stats, cpu, atMs: performance.now() };
}

const sfuStats = v.object({
  packets: v.object({ received: v.number(), forwarded: v.number() }),
  memory: v.object({ rss: v.number() }),
});

async function statsOf(sfu: SfuProcess): Promise<v.InferOutput<typeof sfuStats>> {
  const answer = await fetch(`http://127.0.0.1:${sfu.port}/stats`, {
    headers: { Authorization: `Bearer ${APP_SECRET}` },
  });
  return v.parse(sfuStats, await answer.json());
}

/** % of a core. */
const load = ({ sfuCpuSeconds, seconds }: Stretch): number => (sfuCpuSeconds / seconds) * 100;

function report(calls: readonly CallOfSize[]): Report {
  const rows = calls.map(({ people, soundsOnly, all }) => {
    const isVoid = Math.max(all.lost, soundsOnly.lost) > MOST_LOST || all.bitsPerPicture < LEAST_BITS;
    const perPicture = (cpu: number): string => (isVoid ? "void" : `${rounded(cpu / all.pictures, 2)} %`);
    return [
      people,
      all.pictures,
      all.sounds,
      `${rounded(load(all), 1)} %`,
      perPicture(load(all)),
      `${rounded(load(soundsOnly), 1)} %`,
      perPicture(load(all) - load(soundsOnly)),
      Math.round((all.packetsIn + all.packetsOut) / all.seconds),
      rounded(all.bitsPerPicture / 1e6, 2),
      `${rounded(Math.max(all.lost, soundsOnly.lost) * 100, 3)} %`,
    ];
  });
  const latest = Math.max(...calls.flatMap(({ soundsOnly, all }) => [soundsOnly.latestMs, all.latestMs]));
  const missed = calls.reduce((sum, { soundsOnly, all }) => sum + soundsOnly.missedBySfu + all.missedBySfu, 0);
  const perSecond = calls.map(({ all }) => `${rounded((all.peopleCpuSeconds / all.seconds) * 100, 0)} %`);
  return {
    key: "i",
    title: "The embedded SFU, CPU per forwarded 720p stream",
    columns: [
      "people",
      "720p streams",
      "sounds",
      "of a core",
      "all ÷ streams",
      "sound only",
      "per added stream",
      "packets/s",
      "Mbit/s a stream",
      "lost",
    ],
    rows,
    notes: [
      "Target: 0.6 % of a core per forwarded 720p stream.",
      "The people are synthetic: prepared VP8 and Opus, sent over real ICE, DTLS-SRTP, RTP and RTCP by one Node process; nothing is encoded or decoded.",
      "Sound only: every camera is published in three layers and none is pulled. Per added stream: what the pictures add to that, divided by their number.",
      `A row in which more than ${MOST_LOST * 100} % of the packets were lost, or less than ${LEAST_BITS / 1e6} Mbit/s a stream arrived, is void. The SFU asked for ${missed} packets again; the people were at most ${rounded(latest, 0)} ms late and used ${perSecond.join(", ")} of a core themselves.`,
    ],
    details: { calls },
  };
}
