import * as v from "valibot";

/** What the bench asks of the process of synthetic people, one after the other. */
export const order = v.variant("do", [
  /** So many people publish at an SFU; they know of each other. */
  v.object({ do: v.literal("call"), base: v.string(), bearer: v.string(), people: v.number() }),
  /** Each pulls the sound of all others. */
  v.object({ do: v.literal("pull-sounds") }),
  /** Each pulls the pictures of the next so many, in the largest layer. */
  v.object({ do: v.literal("pull-pictures"), each: v.number() }),
  /** One more person takes a seat in a room and publishes; it pulls nothing. */
  v.object({
    do: v.literal("join"),
    origin: v.string(),
    room: v.string(),
    invite: v.string(),
    name: v.string(),
  }),
  v.object({ do: v.literal("count") }),
]);
export type Order = v.InferOutput<typeof order>;

const arrived = v.object({
  streams: v.number(),
  flowing: v.number(),
  packets: v.number(),
  bytes: v.number(),
  expected: v.number(),
});

/** Of all people together, since their beginning. */
export const counts = v.object({
  /** When they were read, ms of this process's own clock. */
  atMs: v.number(),
  sent: v.number(),
  /** Of the people's packets, those that the SFU asked for again. */
  missed: v.number(),
  keyframesAskedFor: v.number(),
  sound: arrived,
  picture: arrived,
  /** CPU of the process of synthetic people, s. */
  cpuSeconds: v.number(),
  /** The latest of its turns since the last reading, ms. */
  latestMs: v.number(),
});
export type Counts = v.InferOutput<typeof counts>;

export const outcome = v.union([
  v.object({ kind: v.literal("done"), counts }),
  v.object({ kind: v.literal("failed"), message: v.string() }),
]);
export type Outcome = v.InferOutput<typeof outcome>;
