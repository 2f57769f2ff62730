import type { SessionTable } from "../session/session-table.ts";

/** What `GET /stats` says: counters since the process began, to be read twice and subtracted. */
export function processStats(table: SessionTable) {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  const sessions = [...table.sessions].map((session) => ({ id: session.id, ...session.stats() }));
  return {
    uptimeMs: Math.round(process.uptime() * 1000),
    /** Processor time of the whole process, all threads, µs. */
    cpuMicros: user + system,
    memory: { rss, heapUsed, external },
    packets: { ...table.counters },
    /** Video streams that flow to subscribers now. */
    forwardedVideoStreams: sessions.reduce((sum, { videoOut }) => sum + videoOut, 0),
    sessions,
  };
}
