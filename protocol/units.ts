import * as v from "valibot";

/** A number that says what it counts. The property exists for the compiler only. */
type Unit<Name extends string> = number & { readonly "a unit": Name };

/**
 * µs on the monotonic clock of ONE page: its `performance.now()` × 1000. Workers convert with the two
 * `performance.timeOrigin`s. Never compare across devices or page loads.
 */
export type LocalMicros = Unit<"LocalMicros">;

/** µs since the Unix epoch on the room's clock, which is the clock of the room's server object. */
export type RoomMicros = Unit<"RoomMicros">;

/** µs since the take's shared zero: room µs less the take's `zeroRoomUs`. */
export type TakeMicros = Unit<"TakeMicros">;

const finite = v.pipe(v.number(), v.finite());
const integer = v.pipe(v.number(), v.safeInteger());

export const localMicros = v.pipe(
  finite,
  v.transform((value) => value as LocalMicros),
);
export const roomMicros = v.pipe(
  finite,
  v.transform((value) => value as RoomMicros),
);
export const takeMicros = v.pipe(
  finite,
  v.transform((value) => value as TakeMicros),
);

/** ms since the Unix epoch on some wall clock: for people to read, never for sync. */
export const wallMillis = v.pipe(integer, v.minValue(0));

export const count = v.pipe(integer, v.minValue(0));

export const asLocal = (value: number): LocalMicros => value as LocalMicros;
export const asRoom = (value: number): RoomMicros => value as RoomMicros;
export const asTake = (value: number): TakeMicros => value as TakeMicros;

export const SECOND_US = 1_000_000;
