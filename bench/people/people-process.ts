/** Synthetic people, in a process of their own, so that their CPU time is nobody else's. Driven by `people.ts`. */
import * as v from "valibot";
import { callClips } from "./call-clips.ts";
import type { PulledTrack } from "./call-line.ts";
import type { Arrived } from "./incoming-streams.ts";
import { type Counts, type Order, order, type Outcome } from "./orders.ts";
import { takeSeat } from "./room-seat.ts";
import { PICTURE_TRACK, SOUND_TRACK, SyntheticPerson } from "./synthetic-person.ts";

const TURN_MS = 5;

const clips = await callClips();
const people: SyntheticPerson[] = [];
let latestMs = 0;
let turnedAtMs = performance.now();

setInterval(() => {
  const nowMs = performance.now();
  latestMs = Math.max(latestMs, nowMs - turnedAtMs - TURN_MS);
  turnedAtMs = nowMs;
  for (const person of people) person.turn(nowMs);
}, TURN_MS);

async function follow(wish: Order): Promise<void> {
  switch (wish.do) {
    case "call":
      for (let number = 0; number < wish.people; number += 1) {
        const person = new SyntheticPerson(`person ${number}`);
        people.push(person);
        await person.publish(wish, clips);
      }
      return;
    case "pull-sounds":
      for (const person of people) await person.pull(othersOf(person).map(soundOf));
      return;
    case "pull-pictures":
      for (const person of people) await person.pull(othersOf(person).slice(0, wish.each).map(pictureOf));
      return;
    case "join":
      return join(wish);
    case "count":
      return;
  }
}

/** The next in the circle first, so that all are pulled equally often. */
function othersOf(person: SyntheticPerson): SyntheticPerson[] {
  const at = people.indexOf(person);
  return [...people.slice(at + 1), ...people.slice(0, at)];
}

const soundOf = ({ session }: SyntheticPerson): PulledTrack => ({ sessionId: session, trackName: SOUND_TRACK });
const pictureOf = ({ session }: SyntheticPerson): PulledTrack => ({
  sessionId: session,
  trackName: PICTURE_TRACK,
  simulcast: { preferredRid: "h" },
});

async function join({ origin, room, invite, name }: Extract<Order, { do: "join" }>): Promise<void> {
  const seat = await takeSeat(origin, room, invite, name);
  const person = new SyntheticPerson(name);
  people.push(person);
  await person.publish({ base: `${origin}/api/rooms/${room}/realtime`, bearer: seat.token }, clips);
  seat.publishes(person.session, { sound: SOUND_TRACK, picture: PICTURE_TRACK });
}

function countAll(): Counts {
  const { user, system } = process.cpuUsage();
  const total = (of: (person: SyntheticPerson) => number): number => people.reduce((sum, each) => sum + of(each), 0);
  const counted: Counts = {
    atMs: performance.now(),
    sent: total(({ sent }) => sent),
    missed: total(({ missed }) => missed),
    keyframesAskedFor: total(({ keyframesAskedFor }) => keyframesAskedFor),
    sound: added(people.map(({ incoming }) => incoming.read("audio"))),
    picture: added(people.map(({ incoming }) => incoming.read("video"))),
    cpuSeconds: (user + system) / 1e6,
    latestMs,
  };
  latestMs = 0;
  return counted;
}

function added(all: readonly Arrived[]): Arrived {
  const sum = { streams: 0, flowing: 0, packets: 0, bytes: 0, expected: 0 };
  for (const each of all) {
    sum.streams += each.streams;
    sum.flowing += each.flowing;
    sum.packets += each.packets;
    sum.bytes += each.bytes;
    sum.expected += each.expected;
  }
  return sum;
}

const answer = (said: Outcome): void => void process.send?.(said);

process.on("message", (message) => {
  follow(v.parse(order, message)).then(
    () => answer({ kind: "done", counts: countAll() }),
    (error: unknown) => answer({ kind: "failed", message: error instanceof Error ? error.message : String(error) }),
  );
});
// Seats and connections end with the process.
process.on("disconnect", () => process.exit());
answer({ kind: "done", counts: countAll() });
