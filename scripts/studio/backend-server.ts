import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Log, LogLevel, Miniflare, type MiniflareOptions } from "miniflare";
import { PlainError } from "./plain-error.ts";
import { readWranglerConfig, type WranglerConfig } from "./wrangler-config.ts";

const HEALTH_PATIENCE_MS = 30_000;
const HEALTH_RETRY_MS = 50;
const HEALTH_TIMEOUT_MS = 2000;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What a backend on one machine is started with. */
export interface BackendSetup {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  /** Folder of the built page. */
  readonly pageDir: string;
  /** Bindings that are plain text, over those of `vars` in wrangler.jsonc. */
  readonly vars: Readonly<Record<string, string>>;
  /** workerd died and was started again. */
  readonly onRestart: () => void;
}

/** The backend in workerd, on one machine. */
export interface BackendServer {
  /** Where this machine reaches it. */
  readonly url: string;
  /** Replaces the running code; sockets are cut. */
  reload(source: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts workerd with the same bindings that wrangler.jsonc names and waits until the backend answers.
 * @throws {PlainError} when it does not within 30 s
 */
export async function startBackend(setup: BackendSetup, source: string): Promise<BackendServer> {
  const config = readWranglerConfig();
  const server = withoutSignalHandlers(() => new Miniflare(miniflareOptions(setup, config, source)));
  const url = `http://${setup.host.includes(":") ? `[${setup.host}]` : reachable(setup.host)}:${setup.port}`;
  try {
    await server.ready;
    await untilHealthy(url);
  } catch (error) {
    await server.dispose();
    throw error;
  }
  return {
    url,
    reload: (next) => server.setOptions(miniflareOptions(setup, config, next)),
    stop: () => server.dispose(),
  };
}

function miniflareOptions(setup: BackendSetup, config: WranglerConfig, source: string): MiniflareOptions {
  const env: NonNullable<NonNullable<MiniflareOptions["workers"][number]["config"]>["env"]> = {
    ASSETS: { type: "assets" },
  };
  for (const [name, value] of Object.entries(config.vars)) env[name] = { type: "text", value };
  for (const [name, value] of Object.entries(setup.vars)) env[name] = { type: "text", value };
  for (const bucket of config.r2_buckets) env[bucket.binding] = { type: "r2", name: bucket.bucket_name };
  for (const { name, class_name } of config.durable_objects.bindings) {
    env[name] = { type: "durable-object", worker: config.name, exportName: class_name };
  }
  return {
    host: setup.host,
    port: setup.port,
    // Without a network there is no lookup of where a request comes from.
    cf: false,
    telemetry: { enabled: false },
    unsafeLocalExplorer: false,
    logRequests: false,
    unsafeHandleRuntimeRestart: setup.onRestart,
    log: new Log(LogLevel.ERROR),
    resourcePersistencePath: path.join(setup.dataDir, "backend"),
    workers: [
      {
        config: {
          name: config.name,
          compatibilityDate: config.compatibility_date,
          compatibilityFlags: config.compatibility_flags,
          manifest: {
            mainModule: "main.js",
            modulesRoot: "/",
            modules: { "main.js": { type: "esm", contents: source } },
          },
          env,
          exports: Object.fromEntries(
            config.durable_objects.bindings.map(({ class_name }) => [
              class_name,
              { type: "durable-object" as const, storage: "sqlite" as const },
            ]),
          ),
          assets: {
            directory: setup.pageDir,
            notFoundHandling: "single-page-application",
            runWorkerFirst: true,
            hasUserWorker: true,
          },
        },
      },
    ],
  };
}

/** Miniflare ends the process at once on a signal; the render service has to be ended first, and that takes a moment. */
function withoutSignalHandlers<T>(make: () => T): T {
  const before = SIGNALS.map((signal) => new Set(process.listeners(signal)));
  const made = make();
  for (const [index, signal] of SIGNALS.entries()) {
    for (const listener of process.listeners(signal)) {
      if (!before[index]?.has(listener)) process.off(signal, listener);
    }
  }
  return made;
}

/** An address to listen on is not always one to connect to. */
function reachable(host: string): string {
  return host === "0.0.0.0" ? "127.0.0.1" : host;
}

async function untilHealthy(url: string): Promise<void> {
  const until = Date.now() + HEALTH_PATIENCE_MS;
  let last = "no answer";
  while (Date.now() < until) {
    try {
      const answer = await fetch(`${url}/api/health`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) });
      if (answer.ok) return;
      last = `status ${answer.status}`;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      last = error.message;
    }
    await wait(HEALTH_RETRY_MS);
  }
  throw new PlainError(`The backend did not become ready: ${last}.`);
}
