import type { ClockSync } from "#core/clock-sync/clock-sync.ts";
import type { RoomSessionState } from "#core/room/room-session-state.ts";
import type { ReactionKind } from "#protocol/call.ts";
import type { ParticipantId, Role } from "#protocol/ids.ts";
import type { SeatRow } from "#protocol/take-manifest.ts";
import type { LocalMicros } from "#protocol/units.ts";
import type { UploadState } from "#protocol/upload-rpc.ts";
import type { CallFacts } from "./call-desk.ts";
import type { DevicesView } from "./device-view.ts";
import { liveViewOf } from "./live-view.ts";
import { markersOf } from "./markers-of.ts";
import { type OwnRecording, ownParticipantFigures } from "./own-recording.ts";
import { participantViewOf } from "./participant-views.ts";
import type { Problem } from "./problem-view.ts";
import { mayHost } from "./room-rights.ts";
import type { DevicesOff, SwitchedDevice } from "./studio-devices.ts";
import type { ChatView, DebugView, ParticipantView, StudioView } from "./studio-view.ts";
import { afterStopOf, tallyOf, type TallyInput } from "./tally-of.ts";
import type { Readiness } from "./take-starter.ts";
import { uploadProblems } from "./upload-problems.ts";

export interface StudioFacts {
  readonly session: RoomSessionState;
  readonly seat: SeatRow;
  readonly own: OwnRecording | null;
  readonly uploads: UploadState;
  readonly devices: DevicesView;
  readonly deviceProblems: readonly Problem[];
  readonly screenStream: MediaStream | undefined;
  readonly canShare: boolean;
  readonly problem: Problem | undefined;
  readonly clockSync: ClockSync;
  readonly nowUs: LocalMicros;
  readonly guestLink: string;
  readonly minutesFree: number | undefined;
  /** Who in the room could record at once. */
  readonly readiness: Readiness;
  /** Record was pressed, and devices are waited for. */
  readonly starting: boolean;
  readonly call: CallFacts;
  readonly off: DevicesOff;
  readonly switching: SwitchedDevice | null;
  readonly handUp: boolean;
  readonly mutedBy: string | undefined;
  readonly chat: ChatView;
  readonly reactionOf: (participant: ParticipantId) => ReactionKind | undefined;
}

/** By the room's newest word, else as it was when this device sat down. */
function roleOf({ session, seat }: Pick<StudioFacts, "session" | "seat">): Role {
  return session.role ?? seat.role;
}

/** The studio's whole view from what is known. Pure. */
export function studioOf(facts: StudioFacts): StudioView {
  const { session, seat, own, uploads } = facts;
  const take = session.room?.take ?? null;
  const zeroUs = take === null ? undefined : facts.clockSync.localOf(take.zeroRoomUs);
  const elapsedMs = zeroUs === undefined ? 0 : (facts.nowUs - zeroUs) / 1000;
  const stopMs = take?.stopRoomUs == null ? undefined : (take.stopRoomUs - take.zeroRoomUs) / 1000;
  const ofTake = own !== null && take !== null && own.take === take.take ? own : null;
  const participants = participantsOf(facts, { take, elapsedMs: stopMs ?? Math.max(0, elapsedMs) }, ofTake ?? own);
  const input: TallyInput = {
    take,
    elapsedMs,
    zeroMs: (zeroUs ?? facts.nowUs) / 1000,
    own: take?.state === "stopped" || take === null ? own : ofTake,
    participants,
    uploads,
    readiness: facts.readiness,
    starting: facts.starting,
    ready: session.connection === "open" && facts.readiness.ready === facts.readiness.total,
  };
  const afterStop = afterStopOf(input);
  const host = participants.find((each) => each.role === "host");
  const role = roleOf(facts);
  return {
    title: session.room?.title || seat.title,
    room: seat.room,
    role: role === "viewer" ? "guest" : role,
    ownName: seat.participantName,
    ...(host === undefined ? {} : { hostName: host.name }),
    ...(take === null ? {} : { takeNumber: take.number }),
    tally: tallyOf(input),
    participants,
    devices: facts.devices,
    sharing: facts.screenStream !== undefined,
    canShare: facts.canShare,
    guestLink: facts.guestLink,
    problems: problemsOf(facts),
    ...(afterStop === undefined ? {} : { afterStop }),
    connection: session.connection === "open" ? "open" : session.connection === "connecting" ? "connecting" : "lost",
    debug: debugOf(facts),
    call: {
      state: facts.call.state,
      muted: facts.off.microphone,
      cameraOff: facts.off.camera,
      switching: facts.switching,
      handUp: facts.handUp,
      soundBlocked: facts.call.soundBlocked,
    },
    knocking: mayHost(role) ? knockingOf(session) : [],
    chat: facts.chat,
    markers: markersOf(session, seat.participantName),
    canMark: take?.state === "rolling" && facts.clockSync.sample !== null,
    mayHost: mayHost(role),
    ...(facts.mutedBy === undefined ? {} : { mutedBy: facts.mutedBy }),
  };
}

/** The longest waiting first. */
function knockingOf({ room }: RoomSessionState): StudioView["knocking"] {
  return (room?.knocking ?? [])
    .toSorted((a, b) => a.sinceMs - b.sinceMs)
    .map(({ participant, name, sinceMs }) => ({ id: participant, name, sinceMs }));
}

function participantsOf(
  facts: StudioFacts,
  now: Parameters<typeof participantViewOf>[1],
  own: OwnRecording | null,
): ParticipantView[] {
  const { session, seat } = facts;
  const known = session.room?.participants ?? [];
  const all = known.some((each) => each.participant === seat.participant) ? known : [...known, selfOf(seat)];
  const live = liveViewOf(all, facts, roleOf(facts));
  return all.map((each) => {
    const self = each.participant === seat.participant;
    const view = { ...participantViewOf(each, now, self), ...live(each, self) };
    if (!self) return view;
    // of oneself only what this page knows: the room's word is a second old, or older
    const { problem: _, ...rest } = view;
    const preview = facts.devices.preview;
    const problem = own?.problems[0];
    const idle = own === null && now.take?.state !== "rolling" ? { state: "idle" as const } : {};
    return {
      ...rest,
      ...idle,
      ...(own === null ? {} : ownParticipantFigures(own, facts.uploads)),
      ...(problem === undefined ? {} : { problem }),
      muted: facts.off.microphone,
      cameraOff: facts.off.camera,
      ...(preview === undefined ? {} : { stream: preview }),
      ...(facts.screenStream === undefined ? {} : { screen: { stream: facts.screenStream } }),
      ...(facts.minutesFree === undefined ? {} : { minutesFree: facts.minutesFree }),
    };
  });
}

/** Before the room's first word, and while it cannot be reached. */
function selfOf(seat: SeatRow): Parameters<typeof participantViewOf>[0] {
  const { participant, participantName: name, role } = seat;
  if (participant === null) throw new Error("the studio is open without a seat");
  return { participant, name, role, connected: true, seenMs: 0, status: null, call: null, handMs: null };
}

function problemsOf(facts: StudioFacts): readonly Problem[] {
  const lost = facts.session.connection === "lost" ? [{ reason: "network-gone" } as const] : [];
  return [
    ...(facts.problem === undefined ? [] : [facts.problem]),
    ...(facts.own?.problems ?? []),
    ...facts.deviceProblems,
    ...lost,
    ...uploadProblems(facts.uploads, lost.length > 0),
  ];
}

function debugOf(facts: StudioFacts): DebugView {
  const { clockSync, uploads, own } = facts;
  const { sample } = clockSync;
  return {
    tracks: own?.tracks ?? [],
    ...(sample === null
      ? {}
      : {
          clock: {
            offsetMs: sample.offsetUs / 1000,
            uncertaintyMs: sample.uncertaintyUs / 1000,
            roundTripMs: clockSync.roundTripUs / 1000,
            samples: clockSync.exchanges,
          },
        }),
    upload: {
      bytesPerSecond: uploads.bytesPerSecond,
      state: uploads.reason === null ? uploads.phase : `${uploads.phase}: ${uploads.reason}`,
    },
    facts: [...callFactsOf(facts.call), ...uploads.problems.map((each) => ({ name: each.reason, value: each.detail }))],
  };
}

function callFactsOf({ state, roundTripMs, pace }: CallFacts): DebugView["facts"] {
  return [
    { name: "Call", value: roundTripMs === null ? state : `${state}, round trip ${Math.round(roundTripMs)} ms` },
    { name: "Upload beside it", value: pace === null ? "unlimited" : `at most ${Math.round(pace / 1000)} kB/s` },
  ];
}
