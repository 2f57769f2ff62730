import * as v from "valibot";
import { participantId, takeId } from "./ids.ts";
import { title } from "./names.ts";

/** A marker, named by the page that sets it, so that it can be sent again after a lost answer. */
export const markerId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{22}$/, "not a marker id"), v.brand("MarkerId"));
export type MarkerId = v.InferOutput<typeof markerId>;

/** So many markers a take takes. */
export const MAX_MARKERS = 500;

/** A moment of a take that somebody wants to find again. */
export const marker = v.object({
  marker: markerId,
  take: takeId,
  by: participantId,
  /** µs since the take's zero, by the room's clock. */
  atUs: v.pipe(v.number(), v.finite(), v.minValue(0)),
  /** May be empty. Markers of the host and co-hosts are their private notes: only they are told of them. */
  text: title,
});
export type Marker = v.InferOutput<typeof marker>;
