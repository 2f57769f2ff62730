import { ClockSync } from "#core/clock-sync/clock-sync.ts";
import { createChat } from "#core/chat/chat.ts";
import { isRoomApiError } from "#core/ports/room-api.ts";
import { RoomSession } from "#core/room/room-session.ts";
import type { RoomSessionEvents, RoomSessionState } from "#core/room/room-session-state.ts";
import type { Role } from "#protocol/ids.ts";
import { asRoom } from "#protocol/units.ts";
import { CallDesk } from "./call-desk.ts";
import { ChatDesk } from "./chat-desk.ts";
import { chatKeyFor } from "./chat-key.ts";
import { deviceStatusOf } from "./own-recording.ts";
import type { Problem } from "./problem-view.ts";
import { Reactions } from "./reactions.ts";
import type { RecordingDesk } from "./recording-desk.ts";
import { saidOf } from "./recording-problems.ts";
import { roomLink } from "./room-links.ts";
import { seatAdmitted, type TakenSeat } from "./seat-desk.ts";
import type { DeviceTrack } from "./studio-devices.ts";
import { type StudioFacts, studioOf } from "./studio-of.ts";
import type { ReactionKindView, StudioView } from "./studio-view.ts";
import type { Stay, StudioDeskEvents, StudioDeskPorts } from "./studio-desk-ports.ts";
import { TakeFollower } from "./take-follower.ts";
import { readinessOf, TakeStarter } from "./take-starter.ts";

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
  readonly #starter: TakeStarter;
  readonly #reactions: Reactions;
  readonly #consentMs: number;
  #ways: readonly (() => void)[] = [];
  #seat: TakenSeat;
  /** As this page said; before that the room's word holds, which outlives a reload. */
  #handUp: boolean | undefined;
  #mutedBy: string | undefined;
  #endedHere = false;
  #minutesFree: number | undefined;
  #before: RoomSessionState["connection"] = "connecting";
  #over = false;

  constructor(ports: StudioDeskPorts<Track>, stay: Stay, events: StudioDeskEvents) {
    const { clock, report } = ports;
    const { seat } = stay;
    this.#ports = ports;
    this.#events = events;
    this.#seat = seat;
    this.#consentMs = clock.wallMs();
    const changed = (): void => events.changed();
    this.recording = stay.recording;
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
    this.#starter = new TakeStarter({
      session: () => this.session.state,
      self: seat.participant,
      ready: () => this.#isReady(),
      start: () => this.session.startTake(ports.newTakeId(), this.session.state.room?.title ?? ""),
      unreachable: () => events.say(UNREACHABLE),
      changed,
      scheduler: ports.scheduler,
      report,
    });
    this.call = new CallDesk({
      ...ports,
      self: seat.participant,
      recorderSlow: () => stay.recording.isBehind(),
      tell: (state) => this.session.call(state),
      changed,
      troubled: () => this.session.nudge(),
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
      chatKeyFor(ports, seat.role),
    );
    this.#reactions = new Reactions(ports.scheduler, changed, report);
  }

  /** Enters the room, or its waiting room. */
  start(): void {
    const { uploads, online, devices } = this.#ports;
    const readied = (): void => {
      this.#report();
      this.#starter.look();
      this.#events.changed();
    };
    this.#ways = [
      this.recording.arming.subscribe(readied),
      devices.view.subscribe(readied),
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
    // whoever need not knock has a part in the call already: its session is made while the socket opens
    if (this.#seat.admission === "admitted") this.call.open();
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

  /** What the studio shows, with what the page knows of its devices. */
  viewWith(
    page: Pick<StudioFacts, "devices" | "deviceProblems" | "screenStream" | "canShare" | "problem">,
  ): StudioView {
    const { state } = this.session;
    const { devices, origin, room } = this.#ports;
    return studioOf({
      ...page,
      session: state,
      seat: this.#seat,
      own: this.recording.own.get(),
      uploads: this.#ports.uploads.get(),
      clockSync: this.#clockSync,
      nowUs: this.#ports.clock.nowUs(),
      minutesFree: this.#minutesFree,
      readiness: readinessOf(state, this.#seat.participant, this.#isReady()),
      starting: this.#starter.waits,
      guestLink: roomLink(origin, room, { chatKey: this.chat.key }),
      call: this.call,
      off: devices.off.get(),
      switching: devices.switching.get(),
      handUp: this.#handUp ?? this.#handWasUp(state),
      mutedBy: this.#mutedBy,
      chat: this.chat.view(state.connection === "open"),
      reactionOf: (participant) => this.#reactions.of(participant),
    });
  }

  record(): void {
    this.#events.say(undefined);
    this.#starter.press();
  }

  stop(): void {
    this.#starter.cancel();
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

  /** At `atMs` of the take, or at this moment, by the room's clock, whether or not the room can be told now. */
  addMarker(text: string, atMs?: number): void {
    const take = this.session.state.room?.take;
    const nowRoomUs = this.#clockSync.roomOf(this.#ports.clock.nowUs());
    if (take?.state !== "rolling" || nowRoomUs === undefined) return;
    const atRoomUs = atMs === undefined ? nowRoomUs : asRoom(take.zeroRoomUs + Math.round(atMs * 1000));
    this.session.addMarker({ marker: this.#ports.newMarkerId(), take: take.take, atRoomUs, text });
  }

  /** Stops the take and ends everybody's stay, this one too. */
  endForAll(): void {
    this.#endedHere = true;
    this.session.endForAll();
  }

  /** A link of the room with another key was opened. */
  chatKeyChanged(): void {
    const key = chatKeyFor(this.#ports, this.#seat.role);
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
    this.#starter.cancel();
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
    this.#starter.look();
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

  #handWasUp({ room }: RoomSessionState): boolean {
    return (
      room?.participants.some((each) => each.participant === this.#seat.participant && each.handMs !== null) ?? false
    );
  }

  /** Of what the person has pressed; what the page says by itself is said again by itself. */
  #refused(what: string, message: string): void {
    if (what === "start-take" || what === "stop-take") {
      this.#events.say({ reason: "start-failed", detail: message });
    } else if (PRESSED.includes(what)) {
      if (what === "end-for-all") this.#endedHere = false;
      this.#events.say({ reason: "other", severity: "info", title: "That was not done", text: message });
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

  #isReady(): boolean {
    return !this.#ports.devices.view.get().opening && !this.recording.arming.get();
  }

  #report(): void {
    const own = this.recording.own.get();
    const worst = own?.problems[0] ?? this.#ports.devices.problems.get()[0];
    const said = saidOf(worst, this.#ports.clock.wallMs());
    this.session.report(deviceStatusOf(own, this.#ports.uploads.get(), said, this.#minutesFree, this.#isReady()));
  }
}

const PRESSED = ["remove", "ask-mute", "set-role", "end-for-all", "add-marker"];

const UNREACHABLE: Problem = {
  reason: "start-failed",
  detail: "The room cannot be reached. Record alone works without it.",
};

const OPEN_ELSEWHERE: Problem = {
  reason: "other",
  severity: "degraded",
  title: "Open in another window",
  text: "This room was opened in another window of this browser. What was recorded here is kept.",
};
