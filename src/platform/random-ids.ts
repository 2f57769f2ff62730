import * as v from "valibot";
import { type TakeId, type TrackId, takeId, trackId } from "#protocol/ids.ts";
import { type MarkerId, markerId } from "#protocol/markers.ts";

const ID_BYTES = 16;

/** 128 random bits as base64url without padding. */
function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** Takes are named by the device that starts them, so that they can start offline. */
export function newTakeId(): TakeId {
  return v.parse(takeId, randomName());
}

export function newTrackId(): TrackId {
  return v.parse(trackId, randomName());
}

export function newMarkerId(): MarkerId {
  return v.parse(markerId, randomName());
}
