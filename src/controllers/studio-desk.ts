import { ClockSync } from "#core/clock-sync/clock-sync.ts";
import { type ChatKey, createChat, newChatKey, readChatKey } from "#core/chat/chat.ts";
import type { ChatCrypto } from "#core/ports/chat-crypto.ts";
import { isRoomApiError, type RoomApi } from "#core/ports/room-api.ts";
import type { OpenRoomSocket } from "#core/ports/room-socket.ts";
import type { Random } from "#core/ports/time.ts";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import { RoomSession } from "#core/room/room-session.ts";
import type { RoomSessionEvents, RoomSessionState } from "#core/room/room-session-state.ts";
import type { Role, RoomId, TakeId } from "#protocol/ids.ts";
import type { MarkerId } from "#protocol/markers.ts";
import type { LocalMicros } from "#protocol/units.ts";
import type { UploadState } from "#protocol/upload-rpc.ts";
import { CallDesk, type CallDeskPorts } from "./call-desk.ts";
import { ChatDesk } from "./chat-desk.ts";
import { deviceStatusOf } from "./own-recording.ts";
import type { Problem } from "./problem-view.ts";
import { Reactions } from "./reactions.ts";
import {
  createRecordingDesk,
  type RecorderParts,
  type RecordingDesk,
  type RecordingDeskPorts,
} from "./recording-desk.ts";
import { saidOf } from "./recording-problems.ts";
import { type ChatKeyMemory, roomLink } from "./room-links.ts";
import { seatAdmitted, type TakenSeat } from "./seat-desk.ts";
import type { SeatTokens } from "./seat-tokens.ts";
import type { DeviceTrack } from "./studio-devices.ts";
import type { StudioFacts } from "./studio-of.ts";
import type { ReactionKindView } from "./studio-view.ts";
import { TakeFollower } from "./take-follower.ts";
import type { ViewCell, ViewSource } from "./view-source.ts";

export interface StudioDeskPorts<Track extends DeviceTrack = DeviceTrack>
  extends Omit<RecordingDeskPorts<Track>, "repo" | keyof RecorderParts>,
    Pick<CallDeskPorts<Track>, "loadCall" | "newStream" | "paceUploads"> {
  readonly room: RoomId;
  /** Of the page, for links. */
  readonly origin: string;
  readonly repo: TakeRepo;
  readonly roomApi: RoomApi;
  readonly tokens: SeatTokens;
  readonly openSocket: OpenRoomSocket;
  readonly random: Random;
  readonly uploads: ViewSource<UploadState>;
  readonly newTakeId: () => TakeId;
  readonly newMarkerId: () => MarkerId;
  readonly chatCrypto: ChatCrypto;
  readonly chatKeys: ChatKeyMemory;
  readonly copy: (text: string) => Promise<void>;
  /** Whether a server answers; its return wakes the room's socket and the call. */
  readonly online: ViewSource<boolean>;
  /** The server was heard, or not. */
  readonly heard: () => void;
  readonly missed: () => void;
}

/** Who sat down, and with what. */
export interface Stay<Track extends DeviceTrack = DeviceTrack> {
  readonly seat: TakenSeat;
  readonly recorder: RecorderParts<Track>;
  readonly levels: ViewCell<ReadonlyMap<string, number>>;
}

export interface StudioDeskEvents {
  changed(): void;
  /** A problem to be shown until the next press of Record; `undefined`: it is over. */
  say(problem: Problem | undefined): void;
  /** Somebody ended this stay; what rolled has been stopped and is kept. */
  ended(problem: Problem | undefined): void;
}

/** How this device's stay ends by somebody else's word. */
const ENDINGS: Partial<Record<RoomSessionState["connection"], Problem>> = {
  denied: { reason: "denied" },
  removed: { reason: "removed" },
  ended: { reason: "ended-by-host" },
};

/** One stay in a room, from Join to Leave: the room's word, the recording, the call and the talk beside it. */
export class StudioDesk<Track extends DeviceTrack> {
  readonly session: RoomSession;
  readonly recording: RecordingDesk;
  readonly call: CallDesk<Track>;
  readonly chat: ChatDesk;
  readonly #ports: StudioDeskPorts<Track>;
  readonly #events: StudioDeskEvents;
  readonly #clockSync = new ClockSync();
  readonly #follower: TakeFollower;
  readonly #reactions: Reactions;
  readonly #consentMs: number;
  #ways: readonly (() => void)[] = [];
  #seat: TakenSeat;
  #handUp = false;
  #mutedBy: string | undefined;
  #endedHere = false;
  #minutesFree: number | undefined;
  #before: RoomSessionState["connection"] = "connecting";
  #over = false;

  constructor(ports: StudioDeskPorts<Track>, stay: Stay<Track>, events: StudioDeskEvents) {
    const { clock, report } = ports;
    const { seat } = stay;
    this.#ports = ports;
    this.#events = events;
    this.#seat = seat;
    this.#consentMs = clock.wallMs();
    const changed = (): void => events.changed();
    this.recording = createRecordingDesk({ ...ports, ...stay.recorder });
    this.session = new RoomSession(
      ports.room,
      {
        ...ports,
        token: (renew) => ports.tokens.token(ports.room, renew, seat.participant),
        clockSync: this.#clockSync,
      },
      this.#sessionEvents(),
    );
    this.#follower = new TakeFollower({
      desk: this.recording,
      clock,
      clockSync: this.#clockSync,
      seat: () => this.#seat,
      consentMs: () => this.#consentMs,
      session: () => this.session,
      hasDevices: () => this.#hasDevices(),
      report,
    });
    this.call = new CallDesk({
      ...ports,
      self: seat.participant,
      tell: (state) => this.session.call(state),
      changed,
      levels: stay.levels,
    });
    this.chat = new ChatDesk(
      {
        newChat: (key) => {
          const { room, chatCrypto: crypto } = ports;
          return createChat({ key, room, self: seat.participant, crypto });
        },
        self: () => ({ participant: seat.participant, name: this.#seat.participantName }),
        send: (envelope) => this.session.chat(envelope),
        clock,
        changed,
        report,
      },
      chatKeyFor(ports, seat),
    );
    this.#reactions = new Reactions(ports.scheduler, changed, report);
  }

  /** Resolves when everything that is open can be recorded, or cannot at all. */
  armed(): Promise<void> {
    return this.recording.armed();
  }

  /** Enters the room, or its waiting room. */
  start(): void {
    const { uploads, online, devices } = this.#ports;
    this.#ways = [
      this.recording.own.subscribe(() => {
        this.#events.changed();
        this.#report();
      }),
      uploads.subscribe(() => this.#report()),
      online.subscribe((reached) => {
        if (!reached) return;
        this.session.nudge();
        this.call.nudge();
      }),
      // somebody who had nothing to record may have something now
      devices.open.subscribe(() => this.#followAgain()),
      devices.off.subscribe(() => this.#events.changed()),
      devices.switching.subscribe(() => this.#events.changed()),
    ];
    this.session.start();
  }

  get seat(): TakenSeat {
    return this.#seat;
  }

  /** What the room says to somebody at its door; `null` once let in. */
  get waiting(): { readonly title: string; readonly hostName: string | null } | null {
    const { waiting, room } = this.session.state;
    if (waiting !== null) return waiting;
    return room === null && this.#seat.admission === "waiting" ? { title: this.#seat.title, hostName: null } : null;
  }

  setMinutesFree(minutes: number): void {
    this.#minutesFree = minutes;
    this.#events.changed();
  }

  /** What the studio's view is made of, beside what the page knows of its devices. */
  facts(): Omit<StudioFacts, "devices" | "deviceProblems" | "screenStream" | "canShare" | "problem"> {
    const { state } = this.session;
    const { devices, origin, room } = this.#ports;
    return {
      session: state,
      seat: this.#seat,
      own: this.recording.own.get(),
      uploads: this.#ports.uploads.get(),
      clockSync: this.#clockSync,
      nowUs: this.#ports.clock.nowUs(),
      minutesFree: this.#minutesFree,
      guestLink: roomLink(origin, room, { chatKey: this.chat.key }),
      call: this.call,
      off: devices.off.get(),
      switching: devices.switching.get(),
      handUp: this.#handUp,
      mutedBy: this.#mutedBy,
      chat: this.chat.view(state.connection === "open"),
      reactionOf: (participant) => this.#reactions.of(participant),
    };
  }

  record(): void {
    this.#events.say(undefined);
    const { connection, room } = this.session.state;
    if (connection !== "open") {
      this.#events.say({
        reason: "start-failed",
        detail: "The room cannot be reached. Record alone works without it.",
      });
      return;
    }
    this.session.startTake(this.#ports.newTakeId(), room?.title ?? "");
  }

  stop(): void {
    const { connection, room } = this.session.state;
    const take = room?.take?.take ?? this.recording.own.get()?.take;
    if (take === undefined) return;
    if (connection === "open") this.#follower.stopHere(take);
    else this.#follower.stopOffline(take);
  }

  toggle(kind: "camera" | "microphone"): void {
    const { devices } = this.#ports;
    devices.setOff(kind, !devices.off.get()[kind]);
    if (kind === "microphone") this.dismissMutedBy();
  }

  raiseHand(up: boolean): void {
    this.#handUp = up;
    this.session.hand(up);
    this.#events.changed();
  }

  react(kind: ReactionKindView): void {
    this.session.react(kind);
    this.#reactions.show(this.#seat.participant, kind);
  }

  /** At this moment by the room's clock, whether or not the room can be told now. */
  addMarker(text: string): void {
    const take = this.session.state.room?.take;
    const atRoomUs = this.#clockSync.roomOf(this.#ports.clock.nowUs());
    if (take?.state !== "rolling" || atRoomUs === undefined) return;
    this.session.addMarker({ marker: this.#ports.newMarkerId(), take: take.take, atRoomUs, text });
  }

  /** Stops the take and ends everybody's stay, this one too. */
  endForAll(): void {
    this.#endedHere = true;
    this.session.endForAll();
  }

  /** A link of the room with another key was opened. */
  chatKeyChanged(): void {
    const key = chatKeyFor(this.#ports, this.#seat);
    if (key !== undefined) this.chat.useKey(key);
  }

  dismissMutedBy(): void {
    this.#mutedBy = undefined;
    this.#events.changed();
  }

  /** The room is told, and what rolls is stopped; resolves when all is on the disk. */
  async leave(): Promise<void> {
    this.call.close();
    await this.recording.stop(this.#ports.clock.nowUs());
    this.session.leave();
  }

  /** After `leave`, or instead of it when the stay never began. */
  async close(): Promise<void> {
    for (const leave of this.#ways) leave();
    this.call.close();
    await this.recording.close();
  }

  #sessionEvents(): RoomSessionEvents {
    return {
      changed: (state) => this.#roomChanged(state),
      take: (take) => this.#follower.follow(take),
      takesChanged: () => undefined,
      refused: (what, message) => this.#refused(what, message),
      clock: () => this.#clockHeard(),
      welcomed: () => this.#welcomed(),
      roleChanged: (role) => this.#roleChanged(role),
      muteAsked: (by) => this.#muteAsked(by),
      reaction: (participant, kind) => this.#reactions.show(participant, kind),
      chat: (messages) => this.chat.heard(messages),
    };
  }

  #roomChanged(state: RoomSessionState): void {
    const { heard, missed } = this.#ports;
    const { connection } = state;
    if (connection !== this.#before) {
      if (connection === "lost") missed();
      if (connection === "open") {
        heard();
        this.call.nudge();
      }
      this.#before = connection;
    }
    if (state.connection === "gone") this.#events.say({ reason: "room-not-found" });
    if (state.connection === "replaced") this.#events.say(OPEN_ELSEWHERE);
    if (state.waiting === null) this.call.follow(state.room);
    const ending = ENDINGS[state.connection];
    if (ending !== undefined) this.#endedByRoom(ending);
    this.#events.changed();
  }

  #welcomed(): void {
    const seat = this.#seat;
    this.#seat = { ...seat, admission: "admitted" };
    seatAdmitted(this.#ports, seat).catch(this.#ports.report);
    this.call.open();
    this.#report();
  }

  /** The old token names the old role, and is refused from now on. */
  #roleChanged(role: Role): void {
    this.#seat = { ...this.#seat, role };
    this.#ports.tokens.token(this.#ports.room, true, this.#seat.participant).catch((error: unknown) => {
      // asked for again when it is needed
      if (!isRoomApiError(error)) this.#ports.report(error);
    });
    this.#events.changed();
  }

  #muteAsked(by: string): void {
    const { devices } = this.#ports;
    if (devices.off.get().microphone) return;
    this.#mutedBy = by;
    devices.setOff("microphone", true);
    this.#events.changed();
  }

  #refused(what: string, message: string): void {
    if (what === "start-take" || what === "stop-take") {
      this.#events.say({ reason: "start-failed", detail: message });
    }
  }

  /** The take is stopped at this moment and kept; what has not been uploaded stays on this device. */
  #endedByRoom(problem: Problem): void {
    if (this.#over) return;
    this.#over = true;
    this.call.close();
    const own = this.#endedHere && problem.reason === "ended-by-host";
    this.recording
      .stop(this.#ports.clock.nowUs())
      .catch(this.#ports.report)
      .finally(() => this.#events.ended(own ? undefined : problem));
  }

  #clockHeard(): void {
    if (this.#clockSync.sample !== null) this.recording.setClock(this.#clockSync.sample);
    this.#follower.clockKnown();
  }

  #followAgain(): void {
    const { room, waiting } = this.session.state;
    const take = room?.take;
    if (take?.state !== "rolling" || waiting !== null || this.recording.own.get()?.take === take.take) return;
    if (this.#hasDevices() === true) this.#follower.follow(take);
  }

  #hasDevices(): boolean | "off" {
    const { devices } = this.#ports;
    if (Object.values(devices.open.get()).some((track) => track !== undefined)) return true;
    const { camera, microphone } = devices.off.get();
    return camera || microphone ? "off" : false;
  }

  #report(): void {
    const own = this.recording.own.get();
    const worst = own?.problems[0] ?? this.#ports.devices.problems.get()[0];
    const said = saidOf(worst, this.#ports.clock.wallMs());
    this.session.report(deviceStatusOf(own, this.#ports.uploads.get(), said, this.#minutesFree));
  }
}

/** The room's key as this device keeps it. The host makes the room's, once; without it a guest cannot read the chat. */
function chatKeyFor(
  { chatKeys, chatCrypto, room }: Pick<StudioDeskPorts, "chatKeys" | "chatCrypto" | "room">,
  { role }: TakenSeat,
): ChatKey | undefined {
  const kept = readChatKey(chatKeys.get(room) ?? "");
  if (kept !== null || role !== "host") return kept ?? undefined;
  const made = newChatKey(chatCrypto);
  chatKeys.set(room, made);
  return made;
}

const OPEN_ELSEWHERE: Problem = {
  reason: "other",
  severity: "degraded",
  title: "Open in another window",
  text: "This room was opened in another window of this browser. What was recorded here is kept.",
};
