import { readFileSync } from "node:fs";
import path from "node:path";
import * as v from "valibot";
import { ROOT } from "./paths.ts";

const config = v.object({
  name: v.string(),
  compatibility_date: v.string(),
  compatibility_flags: v.array(v.string()),
  r2_buckets: v.array(v.object({ binding: v.string(), bucket_name: v.string() })),
  durable_objects: v.object({ bindings: v.array(v.object({ name: v.string(), class_name: v.string() })) }),
  containers: v.array(v.object({ class_name: v.string() })),
  vars: v.record(v.string(), v.string()),
});

/** The parts of wrangler.jsonc that a backend on one machine has too. */
export type WranglerConfig = v.InferOutput<typeof config>;

/**
 * Reads wrangler.jsonc, so that the deployed backend and the one on this machine cannot differ by mistake.
 * Durable Objects that are containers are left out: workerd cannot construct them without Docker.
 */
export function readWranglerConfig(): WranglerConfig {
  const text = readFileSync(path.join(ROOT, "wrangler.jsonc"), "utf8");
  const parsed = v.parse(config, JSON.parse(text.replace(/^\s*\/\/.*$/gm, "")));
  const containers = new Set(parsed.containers.map((container) => container.class_name));
  const bindings = parsed.durable_objects.bindings.filter((binding) => !containers.has(binding.class_name));
  return { ...parsed, durable_objects: { bindings } };
}
