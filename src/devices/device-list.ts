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

const ALIASES = new Set(["default", "communications"]);

function ofKind(all: readonly MediaDeviceInfo[], kind: MediaDeviceKind, name: string): readonly Device[] {
  const found = all.filter((device) => device.kind === kind && device.deviceId !== "");
  const real = found.filter((device) => !ALIASES.has(device.deviceId));
  return (real.length > 0 ? real : found).map((device, index) => ({
    id: device.deviceId,
    label: device.label === "" ? `${name} ${index + 1}` : device.label,
  }));
}
