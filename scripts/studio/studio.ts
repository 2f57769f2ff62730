import { type BackendServer, startBackend } from "./backend-server.ts";
import { lockData } from "./data-lock.ts";
import { claimPort } from "./ports.ts";
import { childrenOf } from "./process-table.ts";
import { type RenderService, startRenderService } from "./render-service.ts";
import type { StudioSettings } from "./settings.ts";
import { type SfuService, startSfuService } from "./sfu-service.ts";
import { signingSecret } from "./signing-secret.ts";
import { startWatchdog } from "./watchdog.ts";
import { readWranglerConfig } from "./wrangler-config.ts";

/** Set as secrets on Cloudflare, so they are not among the variables of wrangler.jsonc. */
const SECRETS = ["STUDIO_KEY", "REALTIME_APP_SECRET", "TURN_KEY_API_TOKEN", "TURN_SECRET"];

/** A whole studio on one machine: backend in workerd, render service, the live call's SFU, and what keeps them tidy. */
export interface Studio {
  readonly backend: BackendServer;
  readonly port: number;
  /** Ends every process of it. Data stays. */
  stop(): Promise<void>;
}

export interface StudioParts {
  /** The bundled backend. */
  readonly source: string;
  readonly pageDir: string;
  /** Start the render service and the SFU again when their sources change. */
  readonly watch: boolean;
}

/** @throws PlainError when the port, the data or one of the parts is not to be had */
export async function startStudio(settings: StudioSettings, parts: StudioParts): Promise<Studio> {
  const port = await claimPort(settings.host, settings.port);
  const unlock = lockData(settings.dataDir);
  const watchdog = startWatchdog();
  const watchChildren = () => watchdog.watch(childrenOf(process.pid));
  let render: RenderService | undefined;
  let sfu: SfuService | undefined;
  let backend: BackendServer | undefined;

  const stop = async () => {
    await Promise.all([backend?.stop(), render?.stop(), sfu?.stop()]);
    watchdog.dismiss();
    unlock();
  };
  try {
    if (!settings.renderUrl) {
      render = await startRenderService({ dataDir: settings.dataDir, watch: parts.watch, onProcess: watchChildren });
    }
    if (!settings.hasOtherSfu) {
      const mediaPort = settings.environment["SFU_MEDIA_PORT"] ?? "";
      sfu = await startSfuService({ mediaPort, watch: parts.watch, onProcess: watchChildren });
    }
    const renderUrl = settings.renderUrl ?? render?.url ?? "";
    const setup = {
      host: settings.host,
      port,
      dataDir: settings.dataDir,
      pageDir: parts.pageDir,
      vars: { ...backendVars(settings, port, renderUrl), ...sfu?.bindings },
      onRestart: () => {
        console.error("The backend ended; it was started again.");
        watchChildren();
      },
    };
    const started = await startBackend(setup, parts.source);
    backend = {
      ...started,
      reload: async (source) => {
        await started.reload(source);
        watchChildren();
      },
    };
    watchChildren();
    return { backend, port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Variables of wrangler.jsonc that the environment overrides by the same name, and those that only a machine has. */
function backendVars(settings: StudioSettings, port: number, renderUrl: string): Record<string, string> {
  const overridden = [...Object.keys(readWranglerConfig().vars), ...SECRETS].flatMap((name) => {
    const value = settings.environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(overridden),
    SIGNING_SECRET: signingSecret(settings.dataDir),
    RENDER_URL: renderUrl,
    // The render service on this machine reaches the backend without leaving it.
    BACKEND_URL: settings.renderUrl ? (settings.publicUrl ?? "") : `http://127.0.0.1:${port}`,
    PUBLIC_URL: settings.publicUrl ?? "",
  };
}
