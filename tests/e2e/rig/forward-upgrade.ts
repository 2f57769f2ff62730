import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";

/** Hands a WebSocket's request on to the studio as it came, and both ends to each other. */
export function forwardUpgrade(
  target: URL,
  incoming: Pick<IncomingMessage, "method" | "url" | "rawHeaders">,
  socket: Socket,
  head: Buffer,
): void {
  const onward = connect(Number(target.port), target.hostname, () => {
    const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`];
    for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
      lines.push(`${incoming.rawHeaders[i]}: ${incoming.rawHeaders[i + 1]}`);
    }
    onward.write(`${lines.join("\r\n")}\r\n\r\n`);
    onward.write(head);
    socket.pipe(onward);
    onward.pipe(socket);
  });
  onward.once("error", () => socket.destroy());
  socket.once("error", () => onward.destroy());
  onward.once("close", () => socket.destroy());
  socket.once("close", () => onward.destroy());
}
