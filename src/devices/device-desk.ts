import { DeviceError } from "./device-error.ts";
import { type Device, listDevices } from "./device-list.ts";
import { type Opened, openDevices, openScreen, type OpenRefusal, type SharedScreen } from "./open-devices.ts";

export interface DeskRefusal {
  readonly kind: "camera" | "microphone";
  readonly why: OpenRefusal;
}

/** The devices that are there and those in use. A new object for each change. */
export interface DeskState {
  readonly cameras: readonly Device[];
  readonly microphones: readonly Device[];
  /** Ids in use; "" is none. */
  readonly camera: string;
  readonly microphone: string;
  readonly cameraTrack?: MediaStreamTrack | undefined;
  readonly microphoneTrack?: MediaStreamTrack | undefined;
  readonly screenTrack?: MediaStreamTrack | undefined;
  readonly screenAudioTrack?: MediaStreamTrack | undefined;
  readonly opening: boolean;
  readonly refusals: readonly DeskRefusal[];
}

/** Where choices are remembered; `localStorage` in the page. */
export interface ChoiceMemory {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

const REMEMBERED = { camera: "tapesync.camera", microphone: "tapesync.microphone" } as const;

/**
 * Opens camera, microphone and screen, keeps to what the person chose, falls back when a device goes, and comes back
 * when it does. It owns the tracks; whoever records them works on clones.
 */
export class DeviceDesk {
  readonly #memory: ChoiceMemory;
  readonly #changed: (state: DeskState) => void;
  #state: DeskState = { cameras: [], microphones: [], camera: "", microphone: "", opening: true, refusals: [] };
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(memory: ChoiceMemory, changed: (state: DeskState) => void) {
    this.#memory = memory;
    this.#changed = changed;
    navigator.mediaDevices.addEventListener("devicechange", this.#devicesChanged);
  }

  get state(): DeskState {
    return this.#state;
  }

  /** Opens what was chosen last, asking for permission when it must. Also the way to ask again. */
  open(): Promise<void> {
    return this.#inTurn(() => this.#open(["camera", "microphone"]));
  }

  choose(kind: "camera" | "microphone", id: string): Promise<void> {
    this.#memory.setItem(REMEMBERED[kind], id);
    return this.#inTurn(() => this.#open([kind]));
  }

  /** Opens the browser's own picker. Resolves to whether a screen is shared now; refusing is not an error. */
  async shareScreen(): Promise<boolean> {
    let shared: SharedScreen;
    try {
      shared = await openScreen();
    } catch (error) {
      if (error instanceof DeviceError && error.reason === "cancelled") return false;
      throw error;
    }
    this.stopSharing();
    shared.video.addEventListener("ended", () => {
      if (this.#state.screenTrack === shared.video) this.stopSharing();
    });
    this.#set({ screenTrack: shared.video, screenAudioTrack: shared.audio });
    return true;
  }

  stopSharing(): void {
    this.#state.screenTrack?.stop();
    this.#state.screenAudioTrack?.stop();
    this.#set({ screenTrack: undefined, screenAudioTrack: undefined });
  }

  /** Gives every device back: the capture light goes out. */
  close(): void {
    this.#closed = true;
    navigator.mediaDevices.removeEventListener("devicechange", this.#devicesChanged);
    this.stopSharing();
    this.#state.cameraTrack?.stop();
    this.#state.microphoneTrack?.stop();
    this.#set({ cameraTrack: undefined, microphoneTrack: undefined, camera: "", microphone: "" });
  }

  /** One opening at a time: two at once would stop each other's tracks. */
  #inTurn(task: () => Promise<void>): Promise<void> {
    const next = this.#turn.then(() => (this.#closed ? undefined : task()));
    this.#turn = next.then(
      () => undefined,
      () => undefined,
    );
    return next;
  }

  async #open(kinds: readonly ("camera" | "microphone")[]): Promise<void> {
    this.#set({ opening: true });
    await this.#list();
    for (const kind of kinds) this.#trackOf(kind)?.stop();
    const opened = await openDevices({
      camera: kinds.includes("camera") ? this.#wish("camera") : "",
      microphone: kinds.includes("microphone") ? this.#wish("microphone") : "",
    });
    if (this.#closed) {
      opened.camera?.stop();
      opened.microphone?.stop();
      return;
    }
    // only now the list has names and, in some browsers, ids
    await this.#list();
    this.#took(kinds, opened);
    this.#set({ opening: false });
  }

  #took(kinds: readonly ("camera" | "microphone")[], opened: Opened): void {
    const kept = this.#state.refusals.filter((each) => !kinds.includes(each.kind));
    const next: { -readonly [Key in keyof DeskState]?: DeskState[Key] } = { refusals: [...kept, ...opened.refusals] };
    for (const kind of kinds) {
      const track = opened[kind];
      next[kind === "camera" ? "cameraTrack" : "microphoneTrack"] = track;
      next[kind] = track === undefined ? "" : this.#idOf(kind, track);
      track?.addEventListener("ended", () => this.#lost(kind, track));
    }
    this.#set(next);
  }

  /** What to ask for: the remembered device when it is there, none when that was chosen, else the browser's choice. */
  #wish(kind: "camera" | "microphone"): string | undefined {
    const remembered = this.#memory.getItem(REMEMBERED[kind]);
    if (remembered === null || remembered === "") return remembered ?? undefined;
    const there = kind === "camera" ? this.#state.cameras : this.#state.microphones;
    return there.some((each) => each.id === remembered) ? remembered : undefined;
  }

  /** The id in the list; the browser's alias for it ("default") is found by the label, which ends with the device's own. */
  #idOf(kind: "camera" | "microphone", track: MediaStreamTrack): string {
    const id = track.getSettings().deviceId ?? "";
    const there = kind === "camera" ? this.#state.cameras : this.#state.microphones;
    if (there.some((each) => each.id === id)) return id;
    return there.find((each) => track.label.endsWith(each.label))?.id ?? id;
  }

  #trackOf(kind: "camera" | "microphone"): MediaStreamTrack | undefined {
    return kind === "camera" ? this.#state.cameraTrack : this.#state.microphoneTrack;
  }

  /** The system ended a track that nobody stopped: unplugged, or permission withdrawn. Another device may go on. */
  #lost(kind: "camera" | "microphone", track: MediaStreamTrack): void {
    if (this.#closed || this.#trackOf(kind) !== track) return;
    this.#set(
      kind === "camera" ? { cameraTrack: undefined, camera: "" } : { microphoneTrack: undefined, microphone: "" },
    );
    void this.#inTurn(() => this.#open([kind]));
  }

  readonly #devicesChanged = (): void => {
    void this.#inTurn(async () => {
      await this.#list();
      const missing = (["camera", "microphone"] as const).filter((kind) => this.#shouldReopen(kind));
      if (missing.length > 0) await this.#open(missing);
    });
  };

  /** Nothing is open though something is wished for, or the wished-for device is there again. */
  #shouldReopen(kind: "camera" | "microphone"): boolean {
    const wish = this.#wish(kind);
    const there = kind === "camera" ? this.#state.cameras : this.#state.microphones;
    if (wish === "" || there.length === 0) return false;
    return this.#trackOf(kind) === undefined || (wish !== undefined && this.#state[kind] !== wish);
  }

  async #list(): Promise<void> {
    this.#set(await listDevices());
  }

  #set(change: { readonly [Key in keyof DeskState]?: DeskState[Key] | undefined }): void {
    this.#state = { ...this.#state, ...change };
    this.#changed(this.#state);
  }
}
