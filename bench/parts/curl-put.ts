import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { Access } from "#core/ports/upload-transport.ts";
import type { Sha256, TakeId, TrackId } from "#protocol/ids.ts";

const run = promisify(execFile);

/** Bytes for one PUT, in a file. */
export interface Piece {
  readonly file: string;
  readonly sha256: Sha256;
}

/**
 * One curl process puts the pieces one after the other over one connection, as epochs of one track.
 * @returns ms, the process's start included
 */
export async function curlPut(
  origin: string,
  { room, token }: Access,
  { take, track }: { readonly take: TakeId; readonly track: TrackId },
  pieces: readonly Piece[],
): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), "tapesync-bench-curl-"));
  try {
    const config = path.join(folder, "config");
    const transfers = pieces.map(({ file, sha256 }, seq) =>
      [
        `url = "${origin}/api/rooms/${room}/takes/${take}/tracks/${track}/epochs/${seq}"`,
        `upload-file = "${file}"`,
        `header = "Authorization: Bearer ${token}"`,
        `header = "Content-Digest: sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:"`,
        'header = "Content-Type: application/octet-stream"',
        // It would ask for leave before each piece, and wait for the answer.
        'header = "Expect:"',
        'output = "/dev/null"',
        'write-out = "%{http_code}\\n"',
        "silent",
        "show-error",
      ].join("\n"),
    );
    await writeFile(config, transfers.join("\nnext\n"));
    const startedMs = performance.now();
    const { stdout } = await run("curl", ["--config", config]);
    const ms = performance.now() - startedMs;
    const codes = stdout.trim().split("\n");
    if (codes.length !== pieces.length || codes.some((code) => code !== "201"))
      throw new Error(`curl was answered ${[...new Set(codes)].join(", ")}`);
    return ms;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
