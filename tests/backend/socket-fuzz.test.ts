import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hostedRoom, admittedGuest, newTake, takesOf } from "./rig/api.ts";
import { connect } from "./rig/socket.ts";

/** Types that exist, with fields of any kind. */
const nearMessage = fc.record(
  {
    type: fc.constantFrom(
      "hello",
      "clock-ping",
      "status",
      "start-take",
      "stop-take",
      "not-recording",
      "welcome",
      "take",
    ),
    protocol: fc.anything(),
    token: fc.anything(),
    id: fc.anything(),
    t0: fc.oneof(fc.double(), fc.anything()),
    take: fc.oneof(fc.constant(newTake()), fc.string()),
    title: fc.anything(),
    why: fc.anything(),
    status: fc.anything(),
    role: fc.constant("host"),
    __proto__: fc.anything(),
  },
  { requiredKeys: ["type"] },
);

/** JSON as it may come from anywhere, and what is none. */
const wire = fc.oneof(
  nearMessage.map((value) => asText(value)),
  fc.json(),
  fc.string({ unit: "binary" }),
  fc.constantFrom("null", "0", '""', "[]", '{"type":{}}', '{"type":"status","status":null}', "\u0000"),
);

function asText(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? part.toString() : part)) ?? "null";
}

describe("whatever a guest sends", () => {
  it("[RM21] the room answers or refuses, stays as it was, and goes on for everybody else", async () => {
    const host = await hostedRoom();
    const watching = await connect(host);
    await fc.assert(
      fc.asyncProperty(fc.array(wire, { maxLength: 5 }), async (messages) => {
        const guest = await admittedGuest(host, "Bob");
        const { socket } = await connect(guest);
        for (const message of messages) socket.send(message);
        await socket.settled();
        for (const { reason } of socket.heard("refused")) {
          expect(["bad-message", "not-host", "no-such-take"]).toContain(reason);
        }
        socket.send({ type: "leave" });
        expect((await socket.closed).code).toBe(1000);
        await watching.socket.settled();
        expect(await takesOf(host)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
