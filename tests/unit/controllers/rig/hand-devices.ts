import type { DevicesView, LevelView } from "#controllers/device-view.ts";
import type { Problem } from "#controllers/problem-view.ts";
import type {
  DevicesOff,
  DeviceTrack,
  OpenDevices,
  StudioDevices,
  SwitchedDevice,
} from "#controllers/studio-devices.ts";
import { createViewCell } from "#controllers/view-source.ts";

const CAMERA: DeviceTrack = { id: "camera-1", label: "Camera" };
const MICROPHONE: DeviceTrack = { id: "microphone-1", label: "Microphone" };

const VIEW: DevicesView = {
  cameras: [{ id: "c", label: "Camera" }],
  microphones: [{ id: "m", label: "Microphone" }],
  camera: "c",
  microphone: "m",
  opening: false,
  treatment: { headphones: null, echoCancellation: true, noiseSuppression: false, autoGainControl: false },
};

/** A camera and a microphone that open at once, and are switched off and on at once. */
export class HandDevices implements StudioDevices {
  readonly view = createViewCell<DevicesView>(VIEW);
  readonly level = createViewCell<LevelView>({ db: -60, state: "off" });
  readonly problems = createViewCell<readonly Problem[]>([]);
  readonly open = createViewCell<OpenDevices>({
    camera: CAMERA,
    microphone: MICROPHONE,
    screen: undefined,
    screenAudio: undefined,
  });
  readonly blocked = createViewCell(false);
  readonly off = createViewCell<DevicesOff>({ camera: false, microphone: false });
  readonly switching = createViewCell<SwitchedDevice | null>(null);
  readonly canShare = true;
  closed = false;
  #opened = 1;

  start(): void {}
  chooseCamera(): void {}
  chooseMicrophone(): void {}
  treatMicrophone(): void {}
  shareScreen(): void {}
  stopSharing(): void {}

  screenStream(): undefined {
    return undefined;
  }

  setOff(kind: SwitchedDevice, off: boolean): void {
    if (off) {
      this.off.update((now) => ({ ...now, [kind]: true }));
      this.open.update((now) => ({ ...now, [kind]: undefined }));
    } else {
      this.#opened += 1;
      const track = { id: `${kind}-${this.#opened}`, label: kind };
      this.open.update((now) => ({ ...now, [kind]: track }));
      this.off.update((now) => ({ ...now, [kind]: false }));
    }
  }

  close(): void {
    this.closed = true;
  }
}
