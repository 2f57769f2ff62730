/** Whether a request's body may be a stream, on this browser and on the way to this server. */
export interface BodyStreaming {
  /** Asked before each request. */
  isPossible(): boolean;
  /** A streamed request was answered. */
  worked(): void;
  /** One has failed before anything of its body went out; it may have been the network. The next is sent whole. */
  failed(): void;
  /** Somebody on the way has said that bodies without a length are not taken. */
  refused(): void;
}

/** So many failures with no success between: it is not the network. */
const MOST_FAILURES = 3;

/** Chromium streams bodies over these only: over HTTP/1.1 the request fails with ERR_H2_OR_QUIC_REQUIRED. */
const STREAMING = new Set(["h2", "h3"]);

/**
 * As seen from this page or worker: the browser knows of streamed bodies, and the newest answer from this origin came over HTTP/2
 * or 3. The first request is never streamed.
 */
export function browserBodyStreaming(): BodyStreaming {
  const isKnown = browserStreamsBodies();
  let protocol = "";
  let failures = 0;
  const note = (entries: PerformanceEntryList): void => {
    for (const entry of entries) {
      if (!(entry instanceof PerformanceResourceTiming) || !entry.name.startsWith(`${location.origin}/`)) continue;
      // What was served without a network says nothing.
      if (entry.nextHopProtocol !== "") protocol = entry.nextHopProtocol;
    }
  };
  // An observer goes on when the browser's list of 250 entries is full.
  const observer = isKnown ? new PerformanceObserver((list) => note(list.getEntries())) : null;
  observer?.observe({ type: "resource", buffered: true });
  return {
    isPossible() {
      note(observer?.takeRecords() ?? []);
      return isKnown && failures < MOST_FAILURES && STREAMING.has(protocol);
    },
    worked() {
      failures = 0;
    },
    failed() {
      failures += 1;
      protocol = "";
    },
    refused() {
      failures = MOST_FAILURES;
    },
  };
}

/** One that does not know of streams makes a text of the stream, with a type, and never looks at `duplex`. */
function browserStreamsBodies(): boolean {
  let isRead = false;
  const init = {
    method: "POST",
    body: new ReadableStream(),
    get duplex(): string {
      isRead = true;
      return "half";
    },
  };
  return !new Request(location.origin, init as RequestInit).headers.has("Content-Type") && isRead;
}
