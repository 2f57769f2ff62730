import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { errorCode, PlainError } from "./plain-error.ts";
import { processBirth } from "./process-table.ts";

/**
 * Two studios on the same data would each believe to be the only writer of its databases.
 * @returns function that gives the folder free again
 * @throws {PlainError} when another studio runs on it
 */
export function lockData(dataDir: string): () => void {
  const file = path.join(dataDir, "studio.lock");
  mkdirSync(dataDir, { recursive: true });
  const mine = `${process.pid} ${processBirth(process.pid)}`;
  const owner = readOwner(file);
  if (owner && owner.pid !== process.pid && owner.birth !== "" && processBirth(owner.pid) === owner.birth) {
    throw new PlainError(
      `A studio already runs on ${dataDir} (process ${owner.pid}). Stop it, or choose another TAPESYNC_DATA.`,
    );
  }
  writeFileSync(file, mine);
  return () => rmSync(file, { force: true });
}

function readOwner(file: string): { pid: number; birth: string } | undefined {
  try {
    const [pid, ...birth] = readFileSync(file, "utf8").split(" ");
    return { pid: Number(pid), birth: birth.join(" ") };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
