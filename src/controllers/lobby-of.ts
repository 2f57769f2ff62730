import { type LobbyInfo, MAX_PARTICIPANTS } from "#protocol/http-api.ts";
import type { SeatRow } from "#protocol/take-manifest.ts";
import type { DevicesView } from "./device-view.ts";
import type { LobbyView } from "./lobby-view.ts";
import type { Problem } from "./problem-view.ts";

export interface LobbyFacts {
  readonly seat: SeatRow | undefined;
  /** `undefined` when the server does not answer and this device knows the room from before. */
  readonly info: LobbyInfo | undefined;
  readonly rememberedName: string;
  readonly devices: DevicesView;
  readonly deviceProblems: readonly Problem[];
  readonly blocked: boolean;
  readonly joining: boolean;
  readonly problem: Problem | undefined;
}

export function lobbyOf(facts: LobbyFacts): LobbyView {
  const { seat, info } = facts;
  const title = info?.title || seat?.title;
  const role = seat?.role === "host" || seat?.role === "cohost" ? seat.role : "guest";
  const full: Problem[] =
    info?.full === true && seat?.participant == null ? [{ reason: "room-full", limit: MAX_PARTICIPANTS }] : [];
  return {
    ...(title ? { title } : {}),
    others: [],
    role,
    name: seat?.participantName || facts.rememberedName,
    devices: facts.devices,
    problems: [...(facts.problem === undefined ? [] : [facts.problem]), ...full, ...facts.deviceProblems],
    blocked: facts.blocked,
    joining: facts.joining,
    takeRuns: false,
  };
}
