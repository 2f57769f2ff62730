import type { TrackId } from "#protocol/ids.ts";

/** Names an epoch within this device. */
export function epochKey(epoch: { readonly track: TrackId; readonly seq: number }): string {
  return `${epoch.track}/${epoch.seq}`;
}
