import { inviteMemory, linkSecretsOf, roomLink } from "#controllers/room-links.ts";
import type { Secret } from "#protocol/ids.ts";
import { describe, expect, it } from "vitest";
import { ROOM } from "./rig/rows.ts";

const INVITE = "i".repeat(43) as Secret;
const KEY = "A".repeat(43);

describe("a room's link", () => {
  it("carries its secrets in the fragment, and gives them back", () => {
    const link = roomLink("https://studio.example", ROOM, { invite: INVITE, chatKey: KEY });
    expect(link).toBe(`https://studio.example/r/${ROOM}#invite=${INVITE}&k=${KEY}`);
    expect(linkSecretsOf(new URL(link).hash)).toEqual({ invite: INVITE, chatKey: KEY });
    expect(roomLink("https://studio.example", ROOM, {})).toBe(`https://studio.example/r/${ROOM}`);
  });

  it.each([
    ["", undefined],
    ["#main", undefined],
    ["#editor=abc", undefined],
    ["#k=short", {}],
    [`#k=${KEY}&k=other`, { chatKey: KEY }],
    [`#invite=${INVITE}x`, {}],
    ["#invite=%E0%A4%A", {}],
    [`#k=<img src=x onerror=alert(1)>${KEY}`, {}],
  ])("of %s takes what is well-formed", (hash, secrets) => {
    expect(linkSecretsOf(hash)).toEqual(secrets);
  });

  it("an invite stays over a reload of the lobby until it was used", () => {
    const tab = new Map<string, string>();
    const memory = () =>
      inviteMemory({ get: (key) => tab.get(key), set: (key, value) => void tab.set(key, value) }, ROOM);
    memory().keep(INVITE);
    const reloaded = memory();
    expect(reloaded.get()).toBe(INVITE);
    reloaded.forget();
    expect([reloaded.get(), memory().get()]).toEqual([undefined, undefined]);
  });
});
