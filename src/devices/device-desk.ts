import type { ChoiceMemory } from "./choice-memory.ts";
import { DeviceError } from "./device-error.ts";
import { type DeviceList, listDevices } from "./device-list.ts";
import { isTreated, MicrophoneTreatments, type Treatment, treatedWith, UNTOLD } from "./microphone-treatments.ts";
import {
  microphoneConstraints,
  type Opened,
  openDevices,
  openScreen,
  type OpenRefusal,
  type SharedScreen,
} from "./open-devices.ts";

type Kind = "camera" | "microphone";

export interface DeskRefusal {
  readonly kind: Kind;
  readonly why: OpenRefusal;
}

/** The devices that are there and those in use. A new object for each change. */
export interface DeskState extends DeviceList {
  /** Ids in use, or to be used again when switched on; "" is none. */
  readonly camera: string;
  readonly microphone: string;
  readonly cameraTrack?: MediaStreamTrack | undefined;
  readonly microphoneTrack?: MediaStreamTrack | undefined;
  readonly screenTrack?: MediaStreamTrack | undefined;
  readonly screenAudioTrack?: MediaStreamTrack | undefined;
  readonly opening: boolean;
  readonly refusals: readonly DeskRefusal[];
  /** Switched off by the person, or "none" was chosen. Until a device that is switched on is there, or was refused. */
  readonly off: DeskOff;
  /** Being opened for a person who switched it on, or treats it another way; whoever holds a clone must let go of it. */
  readonly switching: Kind | null;
  /** Of the microphone in use. */
  readonly treatment: Treatment;
}

export type DeskOff = Readonly<Record<Kind, boolean>>;

const REMEMBERED = { camera: "tapesync.camera", microphone: "tapesync.microphone" } as const;
const TRACK = { camera: "cameraTrack", microphone: "microphoneTrack" } as const;
const LIST = { camera: "cameras", microphone: "microphones" } as const;

/**
 * Opens camera, microphone and screen, keeps to what the person chose, falls back when a device goes, and comes back
 * when it does. It owns the tracks; whoever records or sends them works on clones. Rules CP46… in docs/spec/capture.md.
 */
export class DeviceDesk {
  readonly #memory: ChoiceMemory;
  readonly #treatments: MicrophoneTreatments;
  readonly #changed: (state: DeskState) => void;
  #state: DeskState;
  #turn: Promise<void> = Promise.resolve();
  #closed = false;
  /** The person's newest word; the state follows once a device is there. */
  #switchedOff: DeskOff;

  /** @param off what was switched off before this desk was there */
  constructor(memory: ChoiceMemory, changed: (state: DeskState) => void, off: DeskOff) {
    this.#memory = memory;
    this.#treatments = new MicrophoneTreatments(memory);
    this.#changed = changed;
    this.#switchedOff = off;
    this.#state = {
      cameras: [],
      microphones: [],
      camera: "",
      microphone: "",
      opening: true,
      refusals: [],
      off: { camera: this.#isOff("camera"), microphone: this.#isOff("microphone") },
      switching: null,
      treatment: UNTOLD,
    };
    navigator.mediaDevices.addEventListener("devicechange", this.#devicesChanged);
  }

  get state(): DeskState {
    return this.#state;
  }

  /** Opens what was chosen last, asking for permission when it must. Also the way to ask again. */
  open(): Promise<void> {
    return this.#inTurn(async () => {
      this.#set({ opening: true });
      await this.#open(["camera", "microphone"]);
      this.#set({ opening: false });
    });
  }

  /** A device that is switched off stays off: the one that is chosen is opened when it is switched on. */
  choose(kind: Kind, id: string): Promise<void> {
    this.#memory.setItem(REMEMBERED[kind], id);
    return this.#inTurn(async () => {
      this.#set({ opening: true });
      await this.#open([kind]);
      this.#set({ opening: false });
    });
  }

  /** Off is at once; on resolves when the device is there or was refused. */
  async setOff(kind: Kind, off: boolean): Promise<void> {
    this.#switchedOff = { ...this.#switchedOff, [kind]: off };
    if (!off) return this.#inTurn(() => this.#switchOn(kind));
    // first the word, then the deed: nobody must take it for a device that was lost
    this.#set({ off: { ...this.#state.off, [kind]: true }, refusals: this.#refusalsBut([kind]) });
    this.#letGo(kind);
  }

  /** How the microphone in use is treated from now on, and whenever it is used again. */
  treat(change: Partial<Treatment>): Promise<void> {
    const treatment = treatedWith(this.#state.treatment, change);
    const { microphone } = this.#state;
    if (microphone !== "") this.#treatments.remember(microphone, this.#labelOf(microphone), treatment);
    this.#set({ treatment });
    return this.#inTurn(() => this.#treatTrack());
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

  /** Opens those that are not switched off; of the others only what will be used is brought up to date. */
  async #open(kinds: readonly Kind[]): Promise<void> {
    await this.#list();
    const wanted = kinds.filter((kind) => !this.#isOff(kind));
    for (const kind of kinds) this.#trackOf(kind)?.stop();
    const microphone = this.#wish("microphone");
    const opened = await openDevices({
      camera: wanted.includes("camera") ? this.#wish("camera") : "",
      microphone: wanted.includes("microphone") ? microphone : "",
      treatment: this.#treatmentOf(microphone ?? ""),
    });
    if (this.#closed) {
      opened.camera?.stop();
      opened.microphone?.stop();
      return;
    }
    // only now the list has names and, in some browsers, ids
    await this.#list();
    this.#took(kinds, opened);
    if (opened.microphone !== undefined) await this.#treatTrack();
  }

  #took(kinds: readonly Kind[], opened: Opened): void {
    const refusals = [...this.#refusalsBut(kinds), ...opened.refusals.filter(({ kind }) => !this.#isOff(kind))];
    const next: { -readonly [Key in keyof DeskState]?: DeskState[Key] } = { refusals };
    const off = { ...this.#state.off };
    for (const kind of kinds) {
      const track = opened[kind];
      off[kind] = this.#isOff(kind);
      // switched off while it was being opened
      if (off[kind]) track?.stop();
      next[TRACK[kind]] = off[kind] ? undefined : track;
      next[kind] = track === undefined ? this.#idWithout(kind) : this.#idOf(kind, track);
      track?.addEventListener("ended", () => this.#lost(kind, track));
    }
    if (kinds.includes("microphone")) next.treatment = this.#treatmentOf(next.microphone ?? "");
    // a device that goes is told of before the device does, one that comes after it
    const goes = kinds.some((kind) => off[kind] && !this.#state.off[kind]);
    if (goes) this.#set({ off });
    this.#set(next);
    if (!goes) this.#set({ off });
  }

  async #switchOn(kind: Kind): Promise<void> {
    if (this.#switchedOff[kind] || !this.#state.off[kind]) return;
    // "none" was chosen: the person now wants one after all
    if (this.#memory.getItem(REMEMBERED[kind]) === "") this.#memory.setItem(REMEMBERED[kind], this.#anyOf(kind));
    this.#set({ switching: kind });
    try {
      await this.#open([kind]);
    } finally {
      this.#set({ switching: null });
    }
  }

  /** Chromium takes such a change without doing it: the microphone is opened anew then. */
  async #treatTrack(): Promise<void> {
    const track = this.#state.microphoneTrack;
    const { treatment } = this.#state;
    if (track === undefined || isTreated(track, treatment)) return;
    await track.applyConstraints(microphoneConstraints(treatment));
    if (this.#state.microphoneTrack !== track) return;
    if (isTreated(track, treatment)) {
      // clones made before may not have it: a new one is handed to everybody
      const treated = track.clone();
      track.stop();
      treated.addEventListener("ended", () => this.#lost("microphone", treated));
      this.#set({ microphoneTrack: treated });
      return;
    }
    await this.#openAnew(treatment);
  }

  /** While one track of a microphone is open, Chromium gives another one the same treatment: all must let go of it first. */
  async #openAnew(treatment: Treatment): Promise<void> {
    const { microphone } = this.#state;
    this.#set({ switching: "microphone" });
    this.#letGo("microphone");
    const wishes = { camera: "", microphone, treatment };
    let opened = await openDevices(wishes);
    if (opened.microphone !== undefined && !isTreated(opened.microphone, treatment)) {
      // somebody had not let go of it yet
      opened.microphone.stop();
      opened = await openDevices(wishes);
    }
    if (this.#closed) opened.microphone?.stop();
    else this.#took(["microphone"], opened);
    this.#set({ switching: null });
  }

  #letGo(kind: Kind): void {
    this.#trackOf(kind)?.stop();
    this.#set({ [TRACK[kind]]: undefined });
  }

  #isOff(kind: Kind): boolean {
    return this.#switchedOff[kind] || this.#memory.getItem(REMEMBERED[kind]) === "";
  }

  /**
   * What to ask for: the remembered device when it is there, none when that was chosen, else the one that was in use, else the
   * browser's choice.
   */
  #wish(kind: Kind): string | undefined {
    const remembered = this.#memory.getItem(REMEMBERED[kind]);
    if (remembered === "") return "";
    const there = this.#state[LIST[kind]];
    return [remembered, this.#state[kind]].find((id) => there.some((each) => each.id === id)) ?? undefined;
  }

  /** The id that stands for a device that is not open: of one that is off, the one that switching on will open. */
  #idWithout(kind: Kind): string {
    if (!this.#isOff(kind)) return "";
    return this.#wish(kind) ?? this.#state[LIST[kind]][0]?.id ?? "";
  }

  #anyOf(kind: Kind): string {
    return this.#state[LIST[kind]][0]?.id ?? "any";
  }

  /** The id in the list; the browser's alias for it ("default") is found by the label, which ends with the device's own. */
  #idOf(kind: Kind, track: MediaStreamTrack): string {
    const id = track.getSettings().deviceId ?? "";
    const there = this.#state[LIST[kind]];
    if (there.some((each) => each.id === id)) return id;
    return there.find((each) => track.label.endsWith(each.label))?.id ?? id;
  }

  #labelOf(microphone: string): string {
    return this.#state.microphones.find((each) => each.id === microphone)?.label ?? "";
  }

  #treatmentOf(microphone: string): Treatment {
    return this.#treatments.of(microphone, this.#labelOf(microphone));
  }

  #trackOf(kind: Kind): MediaStreamTrack | undefined {
    return this.#state[TRACK[kind]];
  }

  #refusalsBut(kinds: readonly Kind[]): readonly DeskRefusal[] {
    return this.#state.refusals.filter((each) => !kinds.includes(each.kind));
  }

  /** The system ended a track that nobody stopped: unplugged, or permission withdrawn. Another device may go on. */
  #lost(kind: Kind, track: MediaStreamTrack): void {
    if (this.#closed || this.#trackOf(kind) !== track) return;
    this.#set({ [TRACK[kind]]: undefined, [kind]: "" });
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
  #shouldReopen(kind: Kind): boolean {
    if (this.#isOff(kind) || this.#state[LIST[kind]].length === 0) return false;
    const wish = this.#memory.getItem(REMEMBERED[kind]);
    const isThere = this.#state[LIST[kind]].some((each) => each.id === wish);
    return this.#trackOf(kind) === undefined || (isThere && this.#state[kind] !== wish);
  }

  async #list(): Promise<void> {
    this.#set(await listDevices());
  }

  #set(change: { readonly [Key in keyof DeskState]?: DeskState[Key] | undefined }): void {
    this.#state = { ...this.#state, ...change };
    this.#changed(this.#state);
  }
}
