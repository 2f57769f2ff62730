import { type BuildOptions, build, context, stop } from "esbuild";
import { BACKEND_ENTRY, ROOT } from "./paths.ts";
import { PlainError } from "./plain-error.ts";

/** The same conditions and externals that wrangler bundles with. */
const OPTIONS = {
  absWorkingDir: ROOT,
  entryPoints: [BACKEND_ENTRY],
  bundle: true,
  write: false,
  format: "esm",
  platform: "neutral",
  target: "es2024",
  conditions: ["workerd", "worker", "browser"],
  mainFields: ["browser", "module", "main"],
  external: ["cloudflare:*", "node:*"],
  sourcemap: "inline",
  sourcesContent: false,
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "silent",
} as const satisfies BuildOptions;

/**
 * The backend as one ES module.
 * @throws {PlainError} with the bundler's messages
 */
export async function bundleBackend(): Promise<string> {
  try {
    const result = await build(OPTIONS);
    return result.outputFiles[0]?.text ?? "";
  } catch (error) {
    throw new PlainError(`The backend does not build:\n${error instanceof Error ? error.message : String(error)}`);
  } finally {
    // It keeps a process of its own otherwise.
    await stop();
  }
}

/**
 * Bundles now and after every change of a source file.
 * @returns function that stops watching
 */
export async function watchBackend(onBundle: (source: string) => void): Promise<() => Promise<void>> {
  const watcher = await context({
    ...OPTIONS,
    plugins: [
      {
        name: "report",
        setup: (api) =>
          api.onEnd((result) => {
            for (const problem of result.errors) console.error(`[backend] ${problem.text}`);
            const bundled = result.outputFiles?.[0]?.text;
            if (result.errors.length === 0 && bundled !== undefined) onBundle(bundled);
          }),
      },
    ],
  });
  await watcher.watch();
  return () => watcher.dispose();
}
