import { type CableCall, type CableFault, losing, narrowed, openCableCall } from "../tests/e2e/rig/cable-call.ts";
import type { Stretch } from "../tests/e2e/rig/call-stats.ts";
import { whyNoNetwork } from "../tests/e2e/rig/network.ts";
import { median, rounded, sum } from "./parts/statistics.ts";
import type { BenchRun } from "./parts/studio.ts";
import type { Report } from "./parts/table.ts";
import { letRun } from "./parts/wait.ts";

const KEY = "k";
const TITLE = "Time to heal";
/** Of all networks on the machine; the tests have the low ones. */
const NETWORK = 100;
const SETTLE_S = 10;
const QUICK_SETTLE_S = 3;
const WATCHED_S = 10;
/** A healed call is left alone for so long. */
const BETWEEN_S = 5;
const QUICK_WATCHED_S = 4;

/** Something that both people's call must get over. */
interface Blow {
  readonly what: string;
  readonly times: number;
  readonly goalMs: number | undefined;
  /** Resolves when the clock begins. */
  readonly deal: (call: CableCall) => Promise<void>;
}

const BLOWS: readonly Blow[] = [
  { what: "10 s without a network", times: 5, goalMs: 2_000, deal: (call) => call.darken(10) },
  { what: "45 s without a network", times: 3, goalMs: 5_000, deal: (call) => call.darken(45) },
  { what: "SFU killed and started again", times: 5, goalMs: 5_000, deal: (call) => call.replaceSfu() },
  { what: "another address", times: 5, goalMs: undefined, deal: async (call) => call.network.moveHouse() },
];

const NO_FAULT: CableFault = { what: "a good cable", begin: () => undefined, end: () => undefined };
const FAULTS = [NO_FAULT, ...[2, 5, 10].map(losing), ...[1_000, 300].map(narrowed)];

interface Healing extends Omit<Blow, "deal"> {
  /** Until the host and the guest saw new frames of the other, each time. */
  readonly tookMs: readonly (readonly [host: number, guest: number])[];
}

interface Watched extends Stretch {
  readonly what: string;
}

/** Measure (k): how soon two people see each other again, and what they see while the network is bad. */
export async function benchHeal({ quick, say }: BenchRun): Promise<Report> {
  const why = whyNoNetwork();
  if (why !== undefined) return notMeasured(why);
  await using call = await openCableCall(NETWORK);
  const settleS = quick ? QUICK_SETTLE_S : SETTLE_S;
  const watched: Watched[] = [];
  for (const fault of FAULTS) {
    say(fault.what);
    watched.push({ what: fault.what, ...(await call.watchWith(fault, settleS, quick ? QUICK_WATCHED_S : WATCHED_S)) });
  }
  const healings: Healing[] = [];
  for (const { deal, ...blow } of BLOWS) {
    const times = quick ? 1 : blow.times;
    const tookMs: [number, number][] = [];
    while (tookMs.length < times) {
      await call.untilBothSeen();
      await letRun(BETWEEN_S);
      await deal(call);
      const took = await call.healed();
      say(`${blow.what}: ${took.map((ms) => ms.toFixed(0)).join(" and ")} ms`);
      tookMs.push(took);
    }
    healings.push({ ...blow, times, tookMs });
  }
  return report(healings, watched);
}

const notMeasured = (why: string): Report => ({
  key: KEY,
  title: TITLE,
  columns: [],
  rows: [],
  notes: [`Not measured, since the network cannot be made bad on this machine: ${why}.`],
  details: { why },
});

function report(healings: readonly Healing[], watched: readonly Watched[]): Report {
  const healed = healings.map(({ what, times, goalMs, tookMs }) => {
    const both = tookMs.map((each) => Math.max(...each));
    const figures = [rounded(median(both), 0), rounded(Math.max(...both), 0), goalMs ?? "–"];
    return [what, times, ...figures, "–", "–", "–"];
  });
  const seen = watched.map(({ what, fps, freezes, concealed }) => {
    const madeUp = `${rounded(concealed * 100, 1)} %`;
    return [what, 1, "–", "–", "–", rounded(sum(fps), 1), freezes, madeUp];
  });
  return {
    key: KEY,
    title: TITLE,
    columns: ["", "times", "median ms", "worst ms", "goal ms", "frames/s", "freezes", "sound made up"],
    rows: [...healed, ...seen],
    notes: [
      "ms: until the later of both has been shown five new frames of the other; from the network's return, the start of the new SFU's process (looked for every 100 ms) or the change of address. Infinity: not within a minute.",
      "Frames/s, freezes, sound: of the host's camera and microphone, as they come to the guest over the bad cable.",
      "Two browsers on the server's machine with cameras of 640 × 360; the guest's is in a network namespace, at the end of a cable that is made bad both ways.",
    ],
    details: { healings, watched },
  };
}
