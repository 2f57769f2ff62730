/** A device to choose from. Labels are empty until a permission was given. */
export interface Device {
  readonly id: string;
  readonly label: string;
}

export interface DeviceList {
  readonly cameras: readonly Device[];
  readonly microphones: readonly Device[];
}

/** What there is now. The browser's aliases ("default", "communications") are left out when the device itself is there too. */
export async function listDevices(): Promise<DeviceList> {
  const all = await navigator.mediaDevices.enumerateDevices();
  return {
    cameras: ofKind(all, "videoinput", "Camera"),
    microphones: ofKind(all, "audioinput", "Microphone"),
  };
}

/** Tells of every plugging and unplugging. Returns the way out. */
export function watchDevices(changed: (list: DeviceList) => void): () => void {
  const hear = (): void => {
    void listDevices().then(changed);
  };
  navigator.mediaDevices.addEventListener("devicechange", hear);
  return () => navigator.mediaDevices.removeEventListener("devicechange", hear);
}

const ALIASES = new Set(["default", "communications"]);

function ofKind(all: readonly MediaDeviceInfo[], kind: MediaDeviceKind, name: string): readonly Device[] {
  const found = all.filter((device) => device.kind === kind && device.deviceId !== "");
  const real = found.filter((device) => !ALIASES.has(device.deviceId));
  return (real.length > 0 ? real : found).map((device, index) => ({
    id: device.deviceId,
    label: device.label === "" ? `${name} ${index + 1}` : device.label,
  }));
}

/** What was chosen at the last visit. */
export interface DeviceChoice {
  readonly camera: string;
  readonly microphone: string;
}

const CHOICE_KEY = "tapesync-devices";
const NOTHING: DeviceChoice = { camera: "", microphone: "" };

export function rememberedChoice(storage: Storage = localStorage): DeviceChoice {
  const text = storage.getItem(CHOICE_KEY);
  if (text === null) return NOTHING;
  const [camera = "", microphone = ""] = text.split("\n");
  return { camera, microphone };
}

export function rememberChoice(choice: DeviceChoice, storage: Storage = localStorage): void {
  storage.setItem(CHOICE_KEY, `${choice.camera}\n${choice.microphone}`);
}
