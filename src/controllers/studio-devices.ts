import type { DevicesView, LevelView, MicrophoneTreatment } from "./device-view.ts";
import type { Problem } from "./problem-view.ts";
import type { ViewSource } from "./view-source.ts";

/** One open device as the recorder takes it; a `MediaStreamTrack` in the page. */
export interface DeviceTrack {
  readonly id: string;
  readonly label: string;
}

/** What can be switched off by a press; a screen is shared or not. */
export type SwitchedDevice = "camera" | "microphone";

/** What the person has switched off. It stays so when they choose another device. */
export interface DevicesOff {
  readonly camera: boolean;
  readonly microphone: boolean;
}

/** What is open now; `undefined` is "nothing": no camera chosen, refused, or switched off. */
export interface OpenDevices<Track extends DeviceTrack = DeviceTrack> {
  readonly camera: Track | undefined;
  readonly microphone: Track | undefined;
  readonly screen: Track | undefined;
  readonly screenAudio: Track | undefined;
}

/** Camera, microphone and screen of this page, for the screens and the recorder. The page's adapter: `src/devices`. */
export interface StudioDevices<Track extends DeviceTrack = DeviceTrack> {
  readonly view: ViewSource<DevicesView>;
  readonly level: ViewSource<LevelView>;
  /** Standing problems of the devices, worst first. */
  readonly problems: ViewSource<readonly Problem[]>;
  readonly open: ViewSource<OpenDevices<Track>>;
  readonly canShare: boolean;
  /** Nothing can be recorded in this browser; `problems` says why. */
  readonly blocked: ViewSource<boolean>;
  /**
   * True from the press on "off", and while no camera (microphone) is chosen; false again once the device is open (then `open` has a new track) or was refused (then `problems`
   * says why, as for any device). Changes before `open` does when it is switched off, after it when it is switched on.
   */
  readonly off: ViewSource<DevicesOff>;
  /** The device that is being opened after a press on "on", or anew for another treatment; `null`: none. Off is at once. */
  readonly switching: ViewSource<SwitchedDevice | null>;
  /** Opens what was chosen last, asking for permission when it must. */
  start(): void;
  chooseCamera(id: string): void;
  chooseMicrophone(id: string): void;
  /**
   * Gives the device back, so that its light goes out, or opens the same one again; where none was chosen, the first. Whoever works on a clone of the track in
   * `open` must stop it when that becomes `undefined`: a device is held by its last clone. May be called before `start`.
   */
  setOff(kind: SwitchedDevice, off: boolean): void;
  /** Of the chosen microphone, remembered for it. `open.microphone` may become another track by it. */
  treatMicrophone(change: Partial<MicrophoneTreatment>): void;
  shareScreen(): void;
  stopSharing(): void;
  /** The stream of the shared screen, for its tile. */
  screenStream(): MediaStream | undefined;
  close(): void;
}
