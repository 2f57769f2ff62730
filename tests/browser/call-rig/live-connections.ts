/** What the page's peer connections look like. */
export interface ConnectionSummary {
  /** Not closed. */
  readonly open: number;
  readonly made: number;
  /** Of the newest open one: lines of its description, and those that are not stopped. */
  readonly lines: number;
  readonly usedLines: number;
  /** How often a description was set on it. */
  readonly negotiations: number;
  /** Nothing is being negotiated on it. */
  readonly isStable: boolean;
}

/** Counts the connections that this page makes from now on, those of classes that are made from now on too. */
function countConnections() {
  const made: { readonly connection: RTCPeerConnection; negotiations: number }[] = [];
  const Own = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Own {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      const each = { connection: this as RTCPeerConnection, negotiations: 0 };
      this.addEventListener("signalingstatechange", () => {
        if (this.signalingState === "stable") each.negotiations++;
      });
      made.push(each);
    }
  };
  return {
    /** What the newest open one sends: by layer, as `getStats` has it. */
    sent: async (): Promise<Record<string, { width: number; limitation: string; bits: number }>> => {
      const newest = made.findLast(({ connection }) => connection.signalingState !== "closed");
      const reports: [string, { width: number; limitation: string; bits: number }][] = [];
      const stats = await newest?.connection.getStats();
      stats?.forEach((report: RTCOutboundRtpStreamStats & { rid?: string; targetBitrate?: number }) => {
        if (report.type !== "outbound-rtp" || report.kind !== "video") return;
        const width = report.frameWidth ?? 0;
        const limitation = report.qualityLimitationReason ?? "";
        reports.push([report.rid ?? "", { width, limitation, bits: report.targetBitrate ?? 0 }]);
      });
      return Object.fromEntries(reports);
    },
    summary: (): ConnectionSummary => {
      const open = made.filter(({ connection }) => connection.signalingState !== "closed");
      const newest = open.at(-1);
      const sections = newest?.connection.localDescription?.sdp.split(/\r\n(?=m=)/).slice(1) ?? [];
      return {
        open: open.length,
        made: made.length,
        lines: sections.length,
        usedLines: sections.filter((section) => !/^m=\S+ 0 /.test(section)).length,
        negotiations: newest?.negotiations ?? 0,
        isStable: newest?.connection.signalingState === "stable",
      };
    },
  };
}

/** Counts the timers that run on this page from now on. */
function countTimers(): () => number {
  const running = new Set<ReturnType<typeof setTimeout>>();
  const { setTimeout: once, setInterval: often, clearTimeout: forgetOnce, clearInterval: forgetOften } = globalThis;
  const keep = <Id extends ReturnType<typeof setTimeout>>(id: Id): Id => {
    running.add(id);
    return id;
  };
  const timers = {
    setTimeout: (work: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
      const id = once(() => {
        running.delete(id);
        work(...args);
      }, ms);
      return keep(id);
    },
    setInterval: (work: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) =>
      keep(often(work, ms, ...args)),
    clearTimeout: (id: ReturnType<typeof setTimeout>) => {
      running.delete(id);
      forgetOnce(id);
    },
    clearInterval: (id: ReturnType<typeof setTimeout>) => {
      running.delete(id);
      forgetOften(id);
    },
  };
  Object.assign(globalThis, timers);
  return () => running.size;
}

export const connections = countConnections();
export const timers = countTimers();
