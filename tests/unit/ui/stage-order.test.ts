import { describe, expect, it } from "vitest";
import {
  CALM_MS,
  EMPTY_STAGE,
  nextOrder,
  OTHERS_ON_STAGE,
  type StageOrder,
  type StagePerson,
} from "../../../src/ui/screens/studio/stage-order.ts";

function people(count: number, spoke: Record<string, number> = {}): StagePerson[] {
  return Array.from({ length: count }, (_, index) => {
    const id = `p${index}`;
    return { id, self: index === 0, spokeAtMs: spoke[id] ?? 0 };
  });
}

/** The stage after these people were there for a while. */
function settled(list: readonly StagePerson[], nowMs = 0): StageOrder {
  return nextOrder(EMPTY_STAGE, list, nowMs).order;
}

describe("who is on the stage", () => {
  it("[ST2] up to seven people everybody, oneself last", () => {
    expect(settled(people(3)).ids).toEqual(["p1", "p2", "p0"]);
    expect(settled(people(7)).ids).toHaveLength(7);
  });

  it("[ST2] of twenty the six latest speakers and oneself", () => {
    const list = people(20, { p9: 50, p12: 40, p3: 30 });
    const { ids } = settled(list);
    expect(ids).toHaveLength(OTHERS_ON_STAGE + 1);
    expect(ids).toEqual(expect.arrayContaining(["p9", "p12", "p3", "p0"]));
  });

  it("[ST2] oneself alone is on the stage", () => {
    expect(settled(people(1)).ids).toEqual(["p0"]);
    expect(settled(people(1)).speaker).toBe("p0");
  });

  it("[ST3] speaking on the stage moves nobody", () => {
    const before = settled(people(5));
    const after = nextOrder(before, people(5, { p4: 9000, p2: 8000 }), 9000);
    expect(after.order.ids).toEqual(before.ids);
  });

  it("[ST3] a speaker off the stage takes the place of the longest silent, the others keep theirs", () => {
    const spoke = { p1: 100, p2: 200, p3: 50, p4: 300, p5: 400, p6: 500 };
    const before = settled(people(9, spoke), 1000);
    expect(before.ids).not.toContain("p8");
    const after = nextOrder(before, people(9, { ...spoke, p8: 5000 }), 5000).order;
    expect(after.ids).toEqual(before.ids.map((id) => (id === "p3" ? "p8" : id)));
  });

  it("[ST3] the next change waits until the stage has been calm, and says for how long", () => {
    const first = nextOrder(settled(people(9)), people(9, { p7: 10_000 }), 10_000).order;
    expect(first.ids).toContain("p7");
    const soon = nextOrder(first, people(9, { p7: 10_000, p8: 11_000 }), 11_000);
    expect(soon.order.ids).toEqual(first.ids);
    expect(soon.againInMs).toBe(CALM_MS - 1000);
    const later = nextOrder(soon.order, people(9, { p7: 10_000, p8: 11_000 }), 10_000 + CALM_MS);
    expect(later.order.ids).toContain("p8");
    expect(later.againInMs).toBeUndefined();
  });

  it("[ST3] who leaves makes place at once, and nobody else moves", () => {
    const before = settled(people(9));
    const list = people(9).filter((person) => person.id !== "p2");
    const after = nextOrder(before, list, 1).order.ids;
    expect(after).toHaveLength(7);
    expect(after.slice(0, -2)).toEqual(before.ids.filter((id) => id !== "p2" && id !== "p0"));
  });

  it("[ST6] a pinned participant is on the stage at once and is not displaced", () => {
    const pinned = nextOrder(settled(people(12)), people(12), 1, "p11").order;
    expect(pinned.ids).toContain("p11");
    const spoke = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`p${index}`, 9000 + index]));
    expect(nextOrder(pinned, people(12, spoke), 20_000, "p11").order.ids).toContain("p11");
  });

  it("[ST6] a pin of somebody who has left changes nothing", () => {
    expect(nextOrder(settled(people(4)), people(4), 1, "gone").order.ids).toEqual(["p1", "p2", "p3", "p0"]);
  });
});

describe("the large place", () => {
  it("[ST4] the latest speaker besides oneself has it", () => {
    expect(settled(people(4, { p0: 900, p3: 500 }), 1000).speaker).toBe("p3");
  });

  it("[ST4] it stays while its speaker speaks, and changes once they are silent", () => {
    const before = settled(people(4, { p3: 1000 }), 1000);
    const both = nextOrder(before, people(4, { p3: 5900, p2: 6000 }), 6000);
    expect(both.order.speaker).toBe("p3");
    expect(both.againInMs).toBe(1400);
    expect(nextOrder(both.order, people(4, { p3: 5900, p2: 6000 }), 7400).order.speaker).toBe("p2");
  });

  it("[ST4] two who take turns quickly do not make it flicker", () => {
    let order = settled(people(3, { p1: 1 }), 1);
    let changes = 0;
    const spoke = { p1: 1, p2: 0 };
    for (let now = 100; now <= 60_000; now += 100) {
      if (Math.floor(now / 400) % 2 === 0) spoke.p1 = now;
      else spoke.p2 = now;
      const next = nextOrder(order, people(3, spoke), now).order;
      if (next.speaker !== order.speaker) changes += 1;
      order = next;
    }
    expect(changes).toBe(0);
  });

  it("[ST4] who leaves gives it up at once", () => {
    const before = settled(people(4, { p3: 1000 }), 1000);
    const list = people(4, { p2: 500 }).filter((person) => person.id !== "p3");
    expect(nextOrder(before, list, 1001).order.speaker).toBe("p2");
  });
});
