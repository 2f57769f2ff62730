import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A folder that is gone when the scope that holds it ends (`using`). */
export interface TempFolder extends Disposable {
  readonly path: string;
}

/** `TAPESYNC_E2E_KEEP=folder` puts all of them there and leaves them, to look into a run afterwards. */
export function tempFolder(what: string): TempFolder {
  const keep = process.env["TAPESYNC_E2E_KEEP"];
  const folder = mkdtempSync(path.join(keep ?? tmpdir(), `tapesync-${what}-`));
  return {
    path: folder,
    [Symbol.dispose]: () => {
      if (keep === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}
