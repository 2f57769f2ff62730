import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { httpUpload } from "#platform/http-upload.ts";
import { bundleBackend } from "../../scripts/studio/backend-bundle.ts";
import { type BackendServer, startBackend } from "../../scripts/studio/backend-server.ts";
import { listen } from "../unit/upload/rig/http-server.ts";
import { hashOf } from "../unit/upload/rig/memory-device.ts";
import { inSlices } from "../contracts/sliced-transport.ts";
import { uploadTransportContract } from "../contracts/upload-transport.contract.ts";

let folder: string;
let backend: BackendServer;

/** A port that is free now. */
async function freePort(): Promise<number> {
  const taken = await listen(() => undefined);
  await taken.close();
  return Number(new URL(taken.origin).port);
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "tapesync-contract-"));
  const pageDir = path.join(folder, "page");
  await mkdir(pageDir);
  await writeFile(path.join(pageDir, "index.html"), "<!doctype html>");
  backend = await startBackend(
    {
      host: "127.0.0.1",
      port: await freePort(),
      dataDir: path.join(folder, "data"),
      pageDir,
      vars: { SIGNING_SECRET: randomBytes(32).toString("base64url"), RENDER_URL: "http://127.0.0.1:9" },
      onRestart: () => undefined,
    },
    await bundleBackend(),
  );
});

afterAll(async () => {
  await backend?.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

const WAYS = [
  { way: "whole", of: httpUpload },
  { way: "in slices", of: inSlices },
];

describe.each(WAYS)("the upload against the backend, bodies $way", ({ of }) => {
  it.each(uploadTransportContract)("$rule", ({ run }) =>
    run({
      transport: of({ fetch, origin: backend.url, studioKey: () => null }),
      newId: () => randomBytes(16).toString("base64url"),
      file: (bytes) => new Blob([bytes]),
      hash: async (bytes) => hashOf(bytes),
    }),
  );
});
