import { isRoomApiError, isServerAway, type RoomApi } from "#core/ports/room-api.ts";
import type { TakeSummary } from "#protocol/http-api.ts";
import type { RoomId } from "#protocol/ids.ts";
import { type DeliveredTake, deliveredTake } from "./delivered-take.ts";

/** What the deliveries of a room say of themselves; each `manifest.json` is fetched once. */
export interface DeliveryManifests {
  of(take: TakeSummary): DeliveredTake | undefined;
  /** Fetches what is new. A manifest that cannot be read is left out: the files are there all the same. */
  fetch(takes: readonly TakeSummary[], signal: AbortSignal): Promise<void>;
}

export function createDeliveryManifests(
  room: RoomId,
  roomApi: Pick<RoomApi, "deliveryManifest">,
  report: (error: unknown) => void,
): DeliveryManifests {
  const known = new Map<string, DeliveredTake | undefined>();
  const keyOf = (take: TakeSummary): string | undefined => {
    const file = take.exports.find((each) => each.kind === "manifest");
    return file === undefined ? undefined : `${take.take} ${file.sha256}`;
  };
  const fetchOne = async (take: TakeSummary, key: string, signal: AbortSignal): Promise<void> => {
    try {
      known.set(key, deliveredTake(await roomApi.deliveryManifest(room, take.take, signal)));
    } catch (error) {
      if (signal.aborted || isAway(error)) return;
      known.set(key, undefined);
      report(error);
    }
  };
  return {
    of: (take) => known.get(keyOf(take) ?? ""),
    async fetch(takes, signal) {
      for (const take of takes) {
        const key = keyOf(take);
        if (key !== undefined && !known.has(key)) await fetchOne(take, key, signal);
      }
    },
  };
}

/** A manifest of another version is a bad reply too, and no later try would change it. */
function isAway(error: unknown): boolean {
  return isServerAway(error) && isRoomApiError(error) && error.reason !== "bad-reply";
}
