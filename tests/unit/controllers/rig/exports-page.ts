import { createExportsController } from "#controllers/exports-controller.ts";
import { createSeatTokens } from "#controllers/seat-tokens.ts";
import { createViewCell } from "#controllers/view-source.ts";
import type { RoomApi } from "#core/ports/room-api.ts";
import type { EditorLinkCreated, ExportsAccess, TakeList } from "#protocol/http-api.ts";
import { deviceRig } from "./device.ts";
import { settle } from "./hand-clock.ts";
import { roomApiOf } from "./hand-room-api.ts";
import { ROOM, seatOf } from "./rows.ts";
import { LINK_ID, listOf, manifestOf } from "./summaries.ts";

export const HOST: ExportsAccess = { as: "host", expiresMs: 1_900_000_000_000 };
const EDITOR: ExportsAccess = { as: "editor", expiresMs: 1_900_000_000_000 };
export const LINK: EditorLinkCreated = {
  link: LINK_ID,
  createdMs: 1_799_600_000_000,
  expiresMs: 1_800_200_000_000,
  key: "the.key",
};

/** A server that has one list of takes, and what a page asked it. */
export function exportsPage(answers: Partial<RoomApi> = {}) {
  const device = deviceRig();
  const server = { list: listOf(), asked: [] as string[] };
  const note = <Value>(what: string, value: Value): Promise<Value> => {
    server.asked.push(what);
    return Promise.resolve(value);
  };
  const roomApi = roomApiOf({
    renewToken: () => note("renew", { role: "host", token: "token", tokenExpiresMs: device.clock.wall + 900_000 }),
    exportsAccess: (_room, key) => note(`access ${key}`, key === "token" ? HOST : EDITOR),
    takes: (_room, token): Promise<TakeList> => note(`takes ${token ?? "cookie"}`, server.list),
    editorLinks: () => note("links", []),
    deliveryManifest: (_room, take) => note(`manifest ${take}`, manifestOf()),
    ...answers,
  });
  const tab = new Map<string, string>();
  const copied: string[] = [];
  const hashes: string[] = [];
  const ports = {
    ...device,
    roomApi,
    tokens: createSeatTokens({ ...device, roomApi }),
    tab: { get: (key: string) => tab.get(key), set: (key: string, value: string) => void tab.set(key, value) },
    visible: createViewCell(true),
    clearHash: () => void hashes.push("cleared"),
    copyText: async (text: string) => void copied.push(text),
    origin: "https://studio.example",
  };
  const open = (hash = "") => createExportsController({ room: ROOM, hash }, ports);
  return Object.assign(ports, { server, copied, hashes, open });
}

type ExportsPage = ReturnType<typeof exportsPage>;

export async function openAsHost(page: ExportsPage) {
  page.repo.laySeat(seatOf());
  const model = page.open();
  await settle();
  return model;
}

/** How often the takes were asked for. */
export const looks = (page: ExportsPage): number => page.server.asked.filter((what) => what.startsWith("takes")).length;
