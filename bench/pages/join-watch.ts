/**
 * Writes down when what happens between the press on Join and the first picture of somebody else, all by the page's own clock.
 * Runs before anything of the page, and changes nothing of what it watches.
 */

/** ms of `performance.now()`, the first time each thing happened after the press. */
export interface JoinTimes {
  readonly pressed: number;
  readonly seatAnswered?: number;
  readonly devicesOpened?: number;
  /** The first worker: the recorder's code is there, and the encoders begin to warm up. */
  readonly encoderStarted?: number;
  /** The devices are armed, or have taken too long for it. */
  readonly socketAsked?: number;
  readonly socketOpen?: number;
  readonly welcome?: number;
  readonly sessionMade?: number;
  readonly publishAsked?: number;
  readonly publishAnswered?: number;
  readonly connected?: number;
  readonly pullAsked?: number;
  readonly pullAnswered?: number;
  readonly trackThere?: number;
  /** The last packet of the first frame. */
  readonly frameReceived?: number;
  /** The frame was handed over to be shown. */
  readonly framePresented?: number;
}

export interface JoinWatch {
  /** Whose tile's first frame ends it. */
  host: string;
  times(): JoinTimes;
}

type Step = Exclude<keyof JoinTimes, "pressed">;

let pressed: number | undefined;
const steps: Partial<Record<Step, number>> = {};

function note(step: Step, atMs = performance.now()): void {
  if (pressed !== undefined) steps[step] ??= atMs;
}

const watch: JoinWatch = {
  host: "",
  times: () => ({ pressed: pressed ?? Number.NaN, ...steps }),
};
Object.assign(globalThis, { joinWatch: watch });

addEventListener(
  "click",
  (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (button?.textContent?.trim() !== "Join") return;
    // The press itself, not the moment in which the page had time for it.
    pressed ??= event.timeStamp;
    watchTiles();
  },
  { capture: true },
);

function watchTiles(): void {
  const seen = new WeakSet<HTMLVideoElement>();
  const look = (): void => {
    const tile = [...document.querySelectorAll('[role="group"]')].find(
      (group) => group.getAttribute("aria-label") === watch.host,
    );
    const video = tile?.querySelector("video");
    if (!video || seen.has(video)) return;
    seen.add(video);
    video.requestVideoFrameCallback((_now, frame) => {
      note("frameReceived", frame.receiveTime);
      note("framePresented", frame.presentationTime);
      observer.disconnect();
    });
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ["aria-label"] });
  look();
}

const plainFetch = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : String(input), location.href).pathname;
  const body = typeof init?.body === "string" ? init.body : "";
  const isTracks = url.endsWith("/tracks/new");
  const isPush = isTracks && body.includes('"local"');
  if (isTracks) note(isPush ? "publishAsked" : "pullAsked");
  const answer = await plainFetch(input, init);
  if (url.endsWith("/participants")) note("seatAnswered");
  if (url.endsWith("/sessions/new")) note("sessionMade");
  if (isTracks && answer.ok) note(isPush ? "publishAnswered" : "pullAnswered");
  return answer;
};

const devices = navigator.mediaDevices;
const plainOpen = devices.getUserMedia.bind(devices);
devices.getUserMedia = async (constraints) => {
  const stream = await plainOpen(constraints);
  note("devicesOpened");
  return stream;
};

globalThis.Worker = new Proxy(globalThis.Worker, {
  construct(Thread, args: [string | URL, WorkerOptions?]) {
    note("encoderStarted");
    return new Thread(...args);
  },
});

globalThis.WebSocket = new Proxy(globalThis.WebSocket, {
  construct(Socket, args: [string, (string | string[])?]) {
    note("socketAsked");
    const socket = new Socket(...args);
    socket.addEventListener("open", () => note("socketOpen"));
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string" && data.includes('"type":"welcome"')) note("welcome");
    });
    return socket;
  },
});

globalThis.RTCPeerConnection = new Proxy(globalThis.RTCPeerConnection, {
  construct(Connection, args: [RTCConfiguration?]) {
    const connection = new Connection(...args);
    connection.addEventListener("connectionstatechange", () => {
      if (connection.connectionState === "connected") note("connected");
    });
    connection.addEventListener("track", ({ track }) => {
      if (track.kind === "video") note("trackThere");
    });
    return connection;
  },
});
