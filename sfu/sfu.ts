import { createSocket } from "node:dgram";
import { bearerCheck } from "./http/bearer.ts";
import { listen } from "./http/server.ts";
import { STRICT_LIMITS, type SessionLimits } from "./session/session.ts";
import { SessionTable } from "./session/session-table.ts";
import type { SfuSettings } from "./settings.ts";
import { hostCandidates } from "./transport/candidates.ts";
import { endTransport, NdcPipe } from "./transport/ndc-pipe.ts";

/** The embedded SFU. One to a process: libdatachannel's threads are shared. */
export interface Sfu {
  /** Of its HTTP API. */
  readonly port: number;
  /** UDP. */
  readonly mediaPort: number;
  stop(): Promise<void>;
}

const RELAXED_LIMITS: SessionLimits = { ...STRICT_LIMITS, silentTrackMs: Number.POSITIVE_INFINITY };

/** @throws when a port cannot be had */
export async function startSfu(settings: SfuSettings): Promise<Sfu> {
  const mediaPort = await claimMediaPort(settings.mediaPort, settings.mediaBind);
  const transports = {
    makePipe: (name: string) => new NdcPipe(name, { mediaPort, bindAddress: settings.mediaBind }),
    candidates: () => hostCandidates(mediaPort, settings.announce),
  };
  const table = new SessionTable(transports, {
    limits: settings.strict ? STRICT_LIMITS : RELAXED_LIMITS,
    maxSessions: settings.maxSessions,
    startKbps: settings.startKbps,
    ...(settings.strict ? {} : { requestsPerSecond: Number.POSITIVE_INFINITY }),
  });
  const authorized = bearerCheck(settings.appSecret);
  const server = await listen(settings.host, settings.port, { appId: settings.appId, authorized, table });
  return {
    port: server.port,
    mediaPort,
    stop: async () => {
      await server.close();
      table.close();
      endTransport();
    },
  };
}

/** libdatachannel opens the port with the first session; a taken one must be known at start. */
function claimMediaPort(port: number, address: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(address?.includes(":") ? "udp6" : "udp4");
    socket.once("error", reject);
    socket.bind({ port, exclusive: true, ...(address === undefined ? {} : { address }) }, () => {
      const claimed = socket.address().port;
      socket.close(() => resolve(claimed));
    });
  });
}
