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
}

/** Counts the connections that this page makes from now on. */
export function countConnections(): { summary(): ConnectionSummary } {
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
    summary: () => {
      const open = made.filter(({ connection }) => connection.signalingState !== "closed");
      const newest = open.at(-1);
      const sections = newest?.connection.localDescription?.sdp.split(/\r\n(?=m=)/).slice(1) ?? [];
      return {
        open: open.length,
        made: made.length,
        lines: sections.length,
        usedLines: sections.filter((section) => !/^m=\S+ 0 /.test(section)).length,
        negotiations: newest?.negotiations ?? 0,
      };
    },
  };
}
