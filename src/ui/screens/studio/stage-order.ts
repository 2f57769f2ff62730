/** Who is on the stage, and in which order. Pure; rules ST1–ST6 of docs/spec/stage.md. */

export interface StagePerson {
  readonly id: string;
  readonly self: boolean;
  /** `performance.now()`; 0: never heard. */
  readonly spokeAtMs: number;
}

export interface StageOrder {
  /** In the order of the tiles. */
  readonly ids: readonly string[];
  /** When somebody last had to make place, `performance.now()`. */
  readonly changedAtMs: number;
  /** Who has the large place where there is one: the latest speaker besides oneself. */
  readonly speaker: string | undefined;
  readonly speakerSinceMs: number;
}

export interface StageStep {
  readonly order: StageOrder;
  /** Something was held back: look again after so many ms. */
  readonly againInMs: number | undefined;
}

/** Pictures of so many others are shown (DESIGN.md, section 6); the rest are in the list. */
export const OTHERS_ON_STAGE = 6;
/** The stage changes no more often than this. */
export const CALM_MS = 2500;
/** Whoever spoke so recently is still speaking. */
const STILL_SPEAKING_MS = 1500;

export const EMPTY_STAGE: StageOrder = {
  ids: [],
  changedAtMs: Number.NEGATIVE_INFINITY,
  speaker: undefined,
  speakerSinceMs: Number.NEGATIVE_INFINITY,
};

function latestFirst(people: readonly StagePerson[]): StagePerson[] {
  return people.toSorted((a, b) => b.spokeAtMs - a.spokeAtMs);
}

/** Those who were there and still are, then newcomers while there is place, in the order of the list; oneself last. */
function filled(before: StageOrder, people: readonly StagePerson[]): string[] {
  const others = people.filter((person) => !person.self);
  const known = new Set(others.map((person) => person.id));
  const staying = before.ids.filter((id) => known.has(id));
  const on = new Set(staying);
  const free = Math.max(0, OTHERS_ON_STAGE - staying.length);
  const coming = new Set(latestFirst(others.filter((person) => !on.has(person.id))).slice(0, free));
  const newcomers = others.filter((person) => coming.has(person));
  const self = people.filter((person) => person.self);
  return [...staying, ...[...newcomers, ...self].map((person) => person.id)];
}

/** Who must make place for whom: the latest speakers off the stage for the longest silent on it. */
function swaps(
  ids: readonly string[],
  people: readonly StagePerson[],
  pinned: string | undefined,
): Map<string, string> {
  const on = new Set(ids);
  const others = people.filter((person) => !person.self);
  const coming = latestFirst(others.filter((person) => !on.has(person.id)));
  const going = latestFirst(others.filter((person) => on.has(person.id) && person.id !== pinned)).reverse();
  const found = new Map<string, string>();
  coming.forEach((comes, index) => {
    const goes = going[index];
    if (goes && comes.spokeAtMs > goes.spokeAtMs) found.set(goes.id, comes.id);
  });
  return found;
}

function withPinned(ids: readonly string[], people: readonly StagePerson[], pinned: string | undefined): string[] {
  if (pinned === undefined || ids.includes(pinned) || !people.some((person) => person.id === pinned)) return [...ids];
  const quietest = latestFirst(people.filter((person) => !person.self && ids.includes(person.id))).at(-1);
  return ids.map((id) => (id === quietest?.id ? pinned : id));
}

function speakerOf(
  before: StageOrder,
  people: readonly StagePerson[],
  nowMs: number,
): { speaker: string | undefined; since: number; againInMs?: number } {
  const others = people.filter((person) => !person.self);
  const present = people.find((person) => person.id === before.speaker);
  const latest = latestFirst(others)[0] ?? people[0];
  const stays = { speaker: present?.id, since: before.speakerSinceMs };
  if (!present || (present.self && latest !== present)) return { speaker: latest?.id, since: nowMs };
  if (!latest || latest.id === present.id || latest.spokeAtMs <= present.spokeAtMs) return stays;
  const wait = Math.max(before.speakerSinceMs + CALM_MS, present.spokeAtMs + STILL_SPEAKING_MS) - nowMs;
  return wait > 0 ? { ...stays, againInMs: wait } : { speaker: latest.id, since: nowMs };
}

/** The next state of the stage. Nobody who stays on it changes place. */
export function nextOrder(
  before: StageOrder,
  people: readonly StagePerson[],
  nowMs: number,
  pinned?: string,
): StageStep {
  const ids = withPinned(filled(before, people), people, pinned);
  const due = swaps(ids, people, pinned);
  const held = due.size > 0 ? before.changedAtMs + CALM_MS - nowMs : 0;
  const swap = due.size > 0 && held <= 0;
  const then = swap ? ids.map((id) => due.get(id) ?? id) : ids;
  const speaking = speakerOf(
    before,
    people.filter((person) => then.includes(person.id)),
    nowMs,
  );
  const waits = [held > 0 ? held : undefined, speaking.againInMs].filter((wait) => wait !== undefined);
  return {
    order: {
      ids: then,
      changedAtMs: swap ? nowMs : before.changedAtMs,
      speaker: speaking.speaker,
      speakerSinceMs: speaking.since,
    },
    againInMs: waits.length === 0 ? undefined : Math.ceil(Math.min(...waits)),
  };
}
