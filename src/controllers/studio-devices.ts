import type { DevicesView, LevelView } from "./device-view.ts";
import type { Problem } from "./problem-view.ts";
import type { ViewSource } from "./view-source.ts";

/** One open device as the recorder takes it; a `MediaStreamTrack` in the page. */
export interface DeviceTrack {
  readonly id: string;
  readonly label: string;
}

/** What is open now; `undefined` is "nothing", e.g. no camera chosen. */
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
  /** Opens what was chosen last, asking for permission when it must. */
  start(): void;
  chooseCamera(id: string): void;
  chooseMicrophone(id: string): void;
  shareScreen(): void;
  stopSharing(): void;
  /** The stream of the shared screen, for its tile. */
  screenStream(): MediaStream | undefined;
  close(): void;
}
