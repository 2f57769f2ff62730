import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A folder that is gone when the scope that holds it ends (`using`). */
export interface TempFolder extends Disposable {
  readonly path: string;
}

export function tempFolder(what: string): TempFolder {
  const folder = mkdtempSync(path.join(tmpdir(), `tapesync-${what}-`));
  return { path: folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}
