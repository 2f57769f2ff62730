import * as v from "valibot";
import type { OpenRoomSocket } from "#core/ports/room-socket.ts";
import { serverFrame } from "#protocol/room-messages.ts";

/** The browser's WebSocket as the port of the room session. `origin` is the page's own: `https://…` becomes `wss://…`. */
export function roomSocketOf(origin: string): OpenRoomSocket {
  return (room, events) => {
    const socket = new WebSocket(`${origin.replace(/^http/, "ws")}/api/rooms/${room}/socket`);
    socket.addEventListener("open", () => events.opened());
    socket.addEventListener("message", (event: MessageEvent<unknown>) => {
      const parsed = parse(event.data);
      if (parsed.success) for (const message of parsed.output) events.received(message);
      else events.misread(v.flatten(parsed.issues).root?.join("; ") ?? parsed.issues[0].message);
    });
    socket.addEventListener("close", (event) => events.closed(event.code));
    return {
      send(message) {
        if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
      },
      close: () => socket.close(1000),
    };
  };
}

const parseText = v.pipe(v.string(), v.parseJson(), serverFrame);

function parse(data: unknown): v.SafeParseResult<typeof parseText> {
  return v.safeParse(parseText, data);
}
