/** `npm run bench [-- a b c …] [--quick]`: measures, prints tables, writes bench/results/. No number passes or fails. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { benchCapture } from "./capture-cpu.ts";
import { benchFirstFrame } from "./first-frame.ts";
import { benchGlass } from "./glass-to-glass.ts";
import { benchHeal } from "./heal.ts";
import { benchLobby } from "./lobby-bytes.ts";
import { describeMachine, isQuiet } from "./parts/machine.ts";
import { type BenchRun, startStudio } from "./parts/studio.ts";
import { printReport, type Report } from "./parts/table.ts";
import { benchForwarding } from "./sfu-forwarding.ts";
import { benchSignalling } from "./signalling.ts";
import { benchStop } from "./stop-to-files.ts";
import { benchStitch } from "./stitch.ts";
import { benchThree } from "./three-recorded.ts";
import { benchTiles } from "./tile-cpu.ts";
import { benchUpload } from "./upload-rate.ts";

const MEASURES: Readonly<Record<string, (run: BenchRun) => Promise<Report>>> = {
  a: benchCapture,
  b: benchStop,
  c: benchUpload,
  d: benchStitch,
  e: benchLobby,
  f: benchSignalling,
  g: benchFirstFrame,
  h: benchGlass,
  i: benchForwarding,
  j: benchTiles,
  k: benchHeal,
  l: benchThree,
};

const RESULTS = path.join(import.meta.dirname, "results");

async function main(args: readonly string[]): Promise<void> {
  const quick = args.includes("--quick");
  const wanted = args.filter((arg) => !arg.startsWith("--"));
  const unknown = [...wanted.filter((key) => !(key in MEASURES)), ...args.filter((arg) => /^--(?!quick$)/.test(arg))];
  if (unknown.length > 0) throw new Error(`Usage: npm run bench [-- ${Object.keys(MEASURES).join(" ")}] [--quick]`);
  const machine = describeMachine();
  const chosen = Object.entries(MEASURES).filter(([key]) => wanted.length === 0 || wanted.includes(key));

  console.log(
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB; ${machine.chromium}; Node ${machine.node}`,
  );
  if (!isQuiet(machine)) console.log(`The load is ${machine.load}: other programs run, so these numbers are rough.`);
  if (quick) console.log("Quick: these numbers show that the benchmark works, and little more.");

  const server = await startStudio();
  try {
    const reports: Report[] = [];
    for (const [key, measure] of chosen) {
      const report = await measure({ server, quick, say: (what) => console.error(`(${key}) ${what}`) });
      console.log(printReport(report));
      reports.push(report);
    }
    const file = path.join(RESULTS, `${new Date().toISOString().replaceAll(":", "-").slice(0, 19)}.json`);
    mkdirSync(RESULTS, { recursive: true });
    writeFileSync(file, `${JSON.stringify({ machine, quick, reports }, null, 2)}\n`);
    console.log(`\nWritten to ${path.relative(process.cwd(), file)}`);
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

await main(process.argv.slice(2));
