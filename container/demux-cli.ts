import { mkdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { deliverTake } from "#media/deliver-take.ts";
import { DeliveryError } from "#media/delivery-error.ts";
import { folderSink } from "./files/folder-sink.ts";
import { isNoEntry } from "./files/file-epoch.ts";
import { type FolderScan, scanFolder, takeFolderName } from "./files/folder-takes.ts";
import { hashBytes } from "./files/hash.ts";

const USAGE = `Makes masters, timeline and checksums from a folder of epoch files.

  npm run demux -- FOLDER [--out DIR]

FOLDER   searched with all folders below it; names of files do not matter
--out    where the files go; a folder per take when there are several (default: FOLDER-export)

Exit codes: 0 everything was used; 1 files were made, but pieces are missing or damaged; 2 nothing could be made;
64 the command was not understood.`;

const EXIT = { fine: 0, withGaps: 1, nothing: 2, usage: 64 } as const;

interface Arguments {
  readonly folder: string;
  readonly out: string;
}

function readArguments(argv: readonly string[]): Arguments | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { out: { type: "string" }, help: { type: "boolean", short: "h" } },
    });
    const folder = positionals[0];
    if (values.help || !folder || positionals.length > 1) return USAGE;
    return { folder: resolve(folder), out: resolve(values.out ?? `${resolve(folder)}-export`) };
  } catch (error) {
    // parseArgs throws TypeErrors that name the option.
    return `${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`;
  }
}

async function run(argv: readonly string[]): Promise<number> {
  const args = readArguments(argv);
  if (typeof args === "string") {
    console.error(args);
    return EXIT.usage;
  }
  if (!(await isFolder(args.folder))) {
    console.error(`There is no folder ${args.folder}.`);
    return EXIT.nothing;
  }
  const scan = await scanFolder(args.folder);
  for (const { path, why } of scan.broken) console.error(`Damaged, left out: ${path} (${why})`);
  if (scan.takes.length === 0) {
    console.error(`No epochs in ${args.folder} (${scan.others} other files).`);
    return EXIT.nothing;
  }
  return deliverAll(scan, args.out);
}

async function deliverAll(scan: FolderScan, out: string): Promise<number> {
  let code: number = scan.broken.length > 0 ? EXIT.withGaps : EXIT.fine;
  for (const take of scan.takes) {
    const folder = scan.takes.length === 1 ? out : join(out, takeFolderName(take));
    await mkdir(folder, { recursive: true });
    try {
      const { files, manifest } = await deliverTake(take, folderSink(folder), {
        hash: hashBytes,
        files: "all",
        parallel: 4,
      });
      for (const file of files) console.log(`${join(folder, file.name)}  ${file.bytes} bytes`);
      const lost = manifest.participants.flatMap((person) =>
        person.tracks.flatMap((track) =>
          track.gaps
            .filter((gap) => gap.reason === "missing-epoch" || gap.reason === "corrupt-epoch")
            .map((gap) => `${person.name}, ${track.source}: ${sentence(gap)}`),
        ),
      );
      for (const line of lost) console.error(line);
      if (lost.length > 0) code = EXIT.withGaps;
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      console.error(`Take ${take.take}: ${error.message}`);
      code = EXIT.nothing;
    }
  }
  return code;
}

function sentence(gap: { fromUs: number; toUs: number; reason: string }): string {
  const what = gap.reason === "missing-epoch" ? "missing" : "damaged";
  return `${(gap.fromUs / 1e6).toFixed(2)} s to ${(gap.toUs / 1e6).toFixed(2)} s is ${what}.`;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isNoEntry(error)) return false;
    throw error;
  }
}

process.exitCode = await run(process.argv.slice(2));
