import type { ViewSource } from "./view-source.ts";

export interface DeviceOption {
  /** The device id; "" is "No camera" / "No microphone". */
  readonly id: string;
  readonly label: string;
}

/** Microphone level, published at most 20 times a second. */
export interface LevelView {
  /** RMS in dBFS, -60 (or less) to 0. */
  readonly db: number;
  readonly state: "off" | "silent" | "quiet" | "good" | "loud";
}

/** The devices in use and those to choose from. */
export interface DevicesView {
  readonly cameras: readonly DeviceOption[];
  readonly microphones: readonly DeviceOption[];
  /** Chosen ids; "" means none. The page adds "No camera" to the cameras itself. */
  readonly camera: string;
  readonly microphone: string;
  /** The picture, for the preview; absent with no camera or no permission. */
  readonly preview?: MediaStream;
  /** What the camera really gives, e.g. 1920, 1080, 30. */
  readonly picture?: { readonly width: number; readonly height: number; readonly fps: number };
  /** The prompt is open or the device is being opened. */
  readonly opening: boolean;
  /** How the chosen microphone is treated; remembered for each microphone. */
  readonly treatment: MicrophoneTreatment;
}

/**
 * What the browser does to a microphone's sound before anybody gets it, the recording too. With headphones all three are off:
 * nothing can come back from the loudspeakers, and an editor has better tools.
 */
export interface MicrophoneTreatment {
  /** `null`: the person has not said; echo cancellation stays on then. */
  readonly headphones: boolean | null;
  readonly echoCancellation: boolean;
  readonly noiseSuppression: boolean;
  readonly autoGainControl: boolean;
}

export interface DevicesModel {
  /** Level of the chosen microphone; outside of the snapshot because it changes 20 times a second. */
  readonly level: ViewSource<LevelView>;
  chooseCamera(id: string): void;
  chooseMicrophone(id: string): void;
  /** Asks for permission again. */
  retryDevices(): void;
  /** Opens the microphone anew when it must; `headphones: true` switches all three off. */
  treatMicrophone(change: Partial<MicrophoneTreatment>): void;
}
