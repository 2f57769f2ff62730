import path from "node:path";

/** The repository's root folder. */
export const ROOT = path.resolve(import.meta.dirname, "../..");

/** Where the built page lies; `wrangler.jsonc` names the same folder. */
export const PAGE_DIR = path.join(ROOT, "dist/page");

export const RENDER_ENTRY = path.join(ROOT, "container/main.ts");
export const SFU_ENTRY = path.join(ROOT, "sfu/main.ts");
export const BACKEND_ENTRY = path.join(ROOT, "worker-backend/main.ts");
