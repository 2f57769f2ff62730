import { createSeatTokens } from "#controllers/seat-tokens.ts";
import { RoomApiError } from "#core/ports/room-api.ts";
import { describe, expect, it } from "vitest";
import { deviceRig } from "./rig/device.ts";
import { HOST_SECRET, ROOM, seatOf } from "./rig/rows.ts";

function rig() {
  const device = deviceRig();
  let renewals = 0;
  const tokens = createSeatTokens({
    ...device,
    roomApi: {
      renewToken: async () => {
        renewals += 1;
        return { role: "host", token: `token ${renewals}`, tokenExpiresMs: device.clock.wall + 900_000 };
      },
    },
  });
  return { ...device, tokens, renewals: () => renewals };
}

describe("a device's tokens", () => {
  it("are renewed once for many who ask, and not again while fresh, however wrong the wall clock is", async () => {
    const device = rig();
    device.repo.laySeat(seatOf({ token: "old", tokenExpiresMs: device.clock.wall - 86_400_000 }));
    const both = await Promise.all([device.tokens.token(ROOM), device.tokens.token(ROOM)]);
    expect(both).toEqual(["token 1", "token 1"]);
    device.clock.wall += 86_400_000;
    expect(await device.tokens.token(ROOM)).toBe("token 1");
    await device.clock.pass(15 * 60_000);
    expect(await device.tokens.token(ROOM)).toBe("token 2");
    expect(device.repo.oneSeat()).toMatchObject({ hostSecret: HOST_SECRET, token: "token 2" });
  });

  it("are used again after a reload, until their last minute", async () => {
    const device = rig();
    device.repo.laySeat(seatOf({ token: "kept", tokenExpiresMs: device.clock.wall + 120_000 }));
    expect(await device.tokens.token(ROOM)).toBe("kept");
    await device.clock.pass(61_000);
    expect(await device.tokens.token(ROOM)).toBe("token 1");
  });

  it("are renewed and tried once more when the server refuses one, and other refusals are passed on", async () => {
    const device = rig();
    device.repo.laySeat(seatOf({ token: "stale", tokenExpiresMs: device.clock.wall + 800_000 }));
    const used: string[] = [];
    const call = (token: string) => {
      used.push(token);
      return token === "stale" ? Promise.reject(new RoomApiError("unauthorized", "expired")) : Promise.resolve("done");
    };
    expect(await device.tokens.withToken(ROOM, call)).toBe("done");
    expect(used).toEqual(["stale", "token 1"]);
    const refuse = () => Promise.reject(new RoomApiError("refused", "not the host"));
    await expect(device.tokens.withToken(ROOM, refuse)).rejects.toMatchObject({ reason: "refused" });
    expect(device.renewals()).toBe(1);
  });

  it("do not exist without a seat, or before joining", async () => {
    const device = rig();
    await expect(device.tokens.token(ROOM)).rejects.toMatchObject({ reason: "unauthorized" });
    device.repo.laySeat(seatOf({ participant: null, refreshSecret: null }));
    await expect(device.tokens.token(ROOM)).rejects.toMatchObject({ reason: "unauthorized" });
  });
});
