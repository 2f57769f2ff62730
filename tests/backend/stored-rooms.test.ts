import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import * as v from "valibot";
import { afterEach, describe, expect, it, vi } from "vitest";
import { RoomStore } from "../../worker-backend/room/room-store.ts";
import {
  admittedGuest,
  declareTake,
  hostedRoom,
  sealTrack,
  someBytes,
  stubOf,
  takesOf,
  uploadTrack,
  waitingSeat,
} from "./rig/api.ts";
import { finish, FakeRender } from "./rig/render.ts";
import { connect, knock } from "./rig/socket.ts";

afterEach(() => vi.unstubAllGlobals());

/** Fields of rows, and tables, that rooms of the first release do not have. */
const LATER_FIELDS = {
  participants: ["admission", "knock", "removed", "sessions", "handMs"],
  takes: ["dropped"],
} as const;
const LATER_TABLES = ["invites", "chat", "markers"] as const;

/** A participant's and a take's row, letter for letter as the first release has stored them. */
const FIRST_RELEASE = {
  participant: (id: string, refreshHash: string) => ({
    participant: id,
    name: "Olga",
    role: "guest",
    version: 1,
    refreshHash,
    joinedMs: 1_790_000_000_000,
    seenMs: 1_790_000_000_000,
    met: true,
    left: false,
    status: null,
  }),
};

/** Makes the room's store what the first release would have left. */
async function asOfFirstRelease(room: string): Promise<void> {
  await runInDurableObject(stubOf(room), (_, { storage }) => {
    for (const table of LATER_TABLES) storage.sql.exec(`DROP TABLE ${table}`);
    for (const [table, fields] of Object.entries(LATER_FIELDS)) {
      for (const { id, body } of storage.sql.exec(`SELECT id, body FROM ${table}`).toArray()) {
        const row: Record<string, unknown> = JSON.parse(v.parse(v.string(), body));
        for (const field of fields) delete row[field];
        storage.sql.exec(`UPDATE ${table} SET body = ? WHERE id = ?`, JSON.stringify(row), id);
      }
    }
    const olga = FIRST_RELEASE.participant("O".repeat(22), "0".repeat(64));
    storage.sql.exec("INSERT INTO participants (id, body) VALUES (?, ?)", olga.participant, JSON.stringify(olga));
  });
  await evictDurableObject(stubOf(room));
}

describe("rooms that an earlier release has stored", () => {
  it("[RM33] open with everybody admitted, their takes as they were, and take part in everything new", async () => {
    const render = new FakeRender();
    const host = await hostedRoom();
    const guest = await admittedGuest(host, "Bob");
    await connect(guest);
    const take = await declareTake(host);
    const track = await uploadTrack(host, take, 2);
    await (await sealTrack(host, take, track, 2)).text();
    await (await finish(await render.nextJob(), { "Alice.mkv": someBytes(1) })).text();
    const before = await takesOf(host);
    expect(before).toMatchObject([{ complete: true, job: { state: "done" } }]);
    await asOfFirstRelease(host.room);
    expect(await takesOf(host)).toEqual(before);
    const { socket, welcome } = await connect(host);
    expect(welcome.room).toMatchObject({ knocking: [], markers: [] });
    const { socket: b } = await connect(guest);
    b.send({ type: "chat", envelope: { v: 1, session: "s".repeat(22), seq: 0, data: "eA" } });
    expect((await socket.next("chat")).message.number).toBe(1);
    const eve = await waitingSeat(host.room, "Eve");
    await knock(eve);
    expect((await socket.next("knock")).knocker.name).toBe("Eve");
    await connect(await admittedGuest(host, "Late"));
    expect(render.jobs).toHaveLength(1);
  });

  it("[RM33] a row of the first release reads as somebody who is admitted and was never removed", async () => {
    const host = await hostedRoom();
    await asOfFirstRelease(host.room);
    const room = await runInDurableObject(stubOf(host.room), (_, { storage }) => {
      const state = new RoomStore(storage.sql).load();
      return state && [...state.participants.values()].find(({ name }) => name === "Olga");
    });
    expect(room).toMatchObject({ admission: "admitted", knock: null, removed: false, sessions: [], handMs: null });
  });
});
