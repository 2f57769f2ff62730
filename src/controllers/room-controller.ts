import { ClockSync } from "#core/clock-sync/clock-sync.ts";
import { isRoomApiError, type RoomApi, type RoomApiError } from "#core/ports/room-api.ts";
import type { LockPort } from "#core/ports/lock-port.ts";
import type { OpenRoomSocket } from "#core/ports/room-socket.ts";
import type { Random } from "#core/ports/time.ts";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import { RoomSession, type RoomSessionState } from "#core/room/room-session.ts";
import { type LobbyInfo, MAX_PARTICIPANTS } from "#protocol/http-api.ts";
import type { RoomId, TakeId } from "#protocol/ids.ts";
import type { SeatRow } from "#protocol/take-manifest.ts";
import type { UploadState } from "#protocol/upload-rpc.ts";
import type { TabMemory } from "./exports-access.ts";
import { lobbyOf } from "./lobby-of.ts";
import { deviceStatusOf } from "./own-recording.ts";
import { createPaced } from "./paced.ts";
import type { Problem } from "./problem-view.ts";
import {
  createRecordingDesk,
  type RecorderParts,
  type RecordingDesk,
  type RecordingDeskPorts,
} from "./recording-desk.ts";
import { saidOf } from "./recording-problems.ts";
import type { RoomModel, RoomView } from "./room-view.ts";
import { findSeat, type SeatDeskPorts, takeSeat, type TakenSeat } from "./seat-desk.ts";
import type { SeatTokens } from "./seat-tokens.ts";
import type { StudioActivity } from "./shell-controller.ts";
import { type MeasureSpace, minutesThatFit } from "./space-left.ts";
import type { DeviceTrack } from "./studio-devices.ts";
import { studioOf } from "./studio-of.ts";
import { TakeFollower } from "./take-follower.ts";
import { createViewCell, type ViewCell, type ViewSource } from "./view-source.ts";

/** What a person wrote last time. */
export interface NameMemory {
  get(): string;
  set(name: string): void;
}

export interface RoomPorts<Track extends DeviceTrack = DeviceTrack>
  extends Omit<RecordingDeskPorts<Track>, "repo" | keyof RecorderParts> {
  readonly loadRecorder: () => Promise<RecorderParts<Track>>;
  readonly room: RoomId;
  /** Of the page, for the guest link. */
  readonly origin: string;
  readonly repo: TakeRepo;
  readonly roomApi: RoomApi;
  readonly tokens: SeatTokens;
  readonly openSocket: OpenRoomSocket;
  readonly random: Random;
  readonly uploads: ViewSource<UploadState>;
  readonly tryUploadNow: () => void;
  readonly newTakeId: () => TakeId;
  readonly names: NameMemory;
  readonly tab: TabMemory;
  readonly locks: LockPort;
  readonly copy: (text: string) => Promise<void>;
  readonly measureSpace: MeasureSpace;
  /** Keeps the screen on while a take runs. */
  readonly keepAwake: (on: boolean) => void;
  /** Whether a server answers; its return wakes the room's socket. */
  readonly online: ViewSource<boolean>;
  /** The server was heard, or not. */
  readonly heard: () => void;
  readonly missed: () => void;
}

export interface RoomController extends RoomModel {
  readonly activity: ViewSource<StudioActivity>;
  /** False once it has ended: the next visit to the room makes another. */
  readonly alive: () => boolean;
}

/** A camera that is not ready by then is recorded from the moment that it is. Measured: 0.7 s, up to 1.5 s on a page that shows nothing. */
const ARM_PATIENCE_MS = 4_000;

const NOT_CONNECTED: RoomSessionState = { connection: "connecting", room: null };

/** What stays the same over the studio's life. */
interface Studio {
  readonly session: RoomSession;
  readonly desk: RecordingDesk;
  readonly follower: TakeFollower;
  readonly seat: TakenSeat;
  readonly consentMs: number;
  readonly ways: readonly (() => void)[];
}

/** `/r/:room`: the lobby, then the studio. Lives on while another screen is open, once the person has joined. */
export function createRoomController<Track extends DeviceTrack>(ports: RoomPorts<Track>): RoomController {
  return new RoomDesk(ports);
}

class RoomDesk<Track extends DeviceTrack> implements RoomController {
  readonly view: ViewCell<RoomView> = createViewCell<RoomView>({ screen: "loading" });
  readonly activity: ViewCell<StudioActivity> = createViewCell<StudioActivity>({ open: false });
  readonly #ports: RoomPorts<Track>;
  readonly #clockSync = new ClockSync();
  readonly #ways: (() => void)[] = [];
  #info: LobbyInfo | undefined;
  #known: SeatRow | undefined;
  #studio: Studio | undefined;
  #problem: Problem | undefined;
  #loaded = false;
  #joining = false;
  #ended: { readonly problem?: Problem } | undefined;
  #minutesFree: number | undefined;

  constructor(ports: RoomPorts<Track>) {
    this.#ports = ports;
    this.#show = createPaced(() => this.#showNow(), ports);
    const show = (): void => this.#show();
    this.#ways.push(
      ports.devices.view.subscribe(show),
      ports.devices.problems.subscribe(show),
      ports.devices.blocked.subscribe(show),
      ports.devices.open.subscribe(show),
      ports.uploads.subscribe(show),
    );
    this.#load().catch(ports.report);
  }

  readonly alive = (): boolean => this.#ended === undefined;

  get lobby(): RoomModel["lobby"] {
    const { devices } = this.#ports;
    return {
      level: devices.level,
      chooseCamera: (id) => devices.chooseCamera(id),
      chooseMicrophone: (id) => devices.chooseMicrophone(id),
      retryDevices: () => devices.start(),
      join: (name) => void this.#join(name).catch(this.#ports.report),
    };
  }

  get studio(): RoomModel["studio"] {
    const { devices } = this.#ports;
    return {
      record: () => this.#record(),
      stop: () => this.#stop(),
      shareScreen: () => devices.shareScreen(),
      stopSharing: () => devices.stopSharing(),
      copyGuestLink: () => this.#ports.copy(`${this.#ports.origin}/r/${this.#ports.room}`),
      leave: () => void this.#leave().catch(this.#ports.report),
      tryUploadNow: () => this.#ports.tryUploadNow(),
      chooseCamera: (id) => devices.chooseCamera(id),
      chooseMicrophone: (id) => devices.chooseMicrophone(id),
      watchDebug: (open) => this.#studio?.desk.watchFigures(open),
    };
  }

  /** The screen was left: the lobby ends, the studio goes on. */
  close(): void {
    if (this.#studio === undefined) this.#end({});
  }

  get #seatPorts(): SeatDeskPorts {
    return { ...this.#ports, api: this.#ports.roomApi };
  }

  async #load(): Promise<void> {
    const { room, roomApi, devices } = this.#ports;
    this.#known = await findSeat(this.#seatPorts, room);
    try {
      this.#info = await roomApi.lobby(room);
      this.#ports.heard();
    } catch (error) {
      if (!isRoomApiError(error)) throw error;
      if (error.reason === "not-found" || error.reason === "deleted") {
        this.#end({ problem: { reason: "room-not-found" } });
        return;
      }
      // the lobby opens all the same: the server may be back when Join is pressed
      this.#ports.missed();
    }
    if (this.#ended !== undefined) return;
    devices.start();
    this.#loaded = true;
    this.#show();
  }

  async #join(name: string): Promise<void> {
    if (this.#joining || this.#studio !== undefined) return;
    this.#joining = true;
    this.#problem = undefined;
    this.#show();
    try {
      const title = this.#info?.title ?? this.#known?.title ?? "";
      const [recorder, seat] = await Promise.all([
        this.#ports.loadRecorder(),
        takeSeat(this.#seatPorts, this.#ports.room, name, title),
      ]);
      this.#ports.names.set(name);
      this.#known = seat;
      await this.#open(seat, recorder);
    } catch (error) {
      if (!isRoomApiError(error)) throw error;
      this.#problem = joinProblem(error);
    } finally {
      this.#joining = false;
      this.#show();
    }
  }

  /** In the room this device is heard of only when it is ready: then Record starts everybody at the same moment. */
  async #open(seat: TakenSeat, recorder: RecorderParts<Track>): Promise<void> {
    const { clock, repo, report, devices } = this.#ports;
    const consentMs = clock.wallMs();
    const desk = createRecordingDesk({ ...this.#ports, ...recorder, repo });
    await Promise.race([desk.armed(), this.#ports.scheduler.delay(ARM_PATIENCE_MS)]);
    if (this.#ended !== undefined) {
      await desk.close();
      return;
    }
    const session = new RoomSession(
      this.#ports.room,
      {
        ...this.#ports,
        token: (renew) => this.#ports.tokens.token(this.#ports.room, renew, seat.participant),
        clockSync: this.#clockSync,
      },
      {
        changed: (state) => this.#connectionChanged(state),
        take: (take) => follower.follow(take),
        takesChanged: () => undefined,
        refused: (_what, message) => this.#say({ reason: "start-failed", detail: message }),
        clock: () => this.#clockHeard(desk, follower),
      },
    );
    const follower = new TakeFollower({
      desk,
      clock,
      clockSync: this.#clockSync,
      seat: () => this.#known ?? seat,
      consentMs: () => consentMs,
      session: () => session,
      hasDevices: () => Object.values(devices.open.get()).some((track) => track !== undefined),
      report,
    });
    const ways = [
      desk.own.subscribe(() => {
        this.#show();
        this.#report();
      }),
      this.#ports.uploads.subscribe(() => this.#report()),
      this.#ports.online.subscribe((online) => {
        if (online) session.nudge();
      }),
    ];
    this.#studio = { session, desk, follower, seat, consentMs, ways };
    this.#measure();
    session.start();
  }

  #clockHeard(desk: RecordingDesk, follower: TakeFollower): void {
    if (this.#clockSync.sample !== null) desk.setClock(this.#clockSync.sample);
    follower.clockKnown();
  }

  #connectionChanged(state: RoomSessionState): void {
    if (state.connection === "open") this.#ports.heard();
    if (state.connection === "lost") this.#ports.missed();
    if (state.connection === "gone") this.#say({ reason: "room-not-found" });
    if (state.connection === "replaced") {
      this.#say({
        reason: "other",
        severity: "degraded",
        title: "Open in another window",
        text: "This room was opened in another window of this browser. What was recorded here is kept.",
      });
    }
    this.#show();
  }

  #record(): void {
    const studio = this.#studio;
    if (studio === undefined) return;
    this.#problem = undefined;
    if (studio.session.state.connection !== "open") {
      this.#say({ reason: "start-failed", detail: "The room cannot be reached. Record alone works without it." });
      return;
    }
    studio.session.startTake(this.#ports.newTakeId(), studio.session.state.room?.title ?? "");
  }

  #stop(): void {
    const { session, follower, desk } = this.#studio ?? {};
    const take = session?.state.room?.take?.take ?? desk?.own.get()?.take;
    if (session === undefined || follower === undefined || take === undefined) return;
    if (session.state.connection === "open") follower.stopHere(take);
    else follower.stopOffline(take);
  }

  async #leave(): Promise<void> {
    const studio = this.#studio;
    if (studio === undefined) return this.#end({});
    await studio.desk.stop(this.#ports.clock.nowUs());
    studio.session.leave();
    this.#end({});
    await studio.desk.close();
  }

  #end(ended: { readonly problem?: Problem }): void {
    if (this.#ended !== undefined) return;
    this.#ended = ended;
    for (const leave of [...this.#ways, ...(this.#studio?.ways ?? [])]) leave();
    this.#ports.devices.close();
    this.#showNow();
  }

  #say(problem: Problem): void {
    this.#problem = problem;
    this.#show();
  }

  #report(): void {
    const studio = this.#studio;
    if (studio === undefined) return;
    const own = studio.desk.own.get();
    const worst = own?.problems[0] ?? this.#ports.devices.problems.get()[0];
    const said = saidOf(worst, this.#ports.clock.wallMs());
    studio.session.report(deviceStatusOf(own, this.#ports.uploads.get(), said, this.#minutesFree));
  }

  #measure(): void {
    this.#ports
      .measureSpace()
      .then((space) => {
        if (space === undefined) return;
        this.#minutesFree = minutesThatFit(space.freeBytes);
        this.#show();
      })
      .catch(this.#ports.report);
  }

  readonly #show: () => void;

  #showNow(): void {
    this.view.set(this.#viewNow());
    const studio = this.#studio;
    const own = studio?.desk.own.get() ?? null;
    const runs = own !== null && own.phase !== "stopped" && this.#ended === undefined;
    const title = this.#known?.title ?? "";
    const href = `/r/${this.#ports.room}`;
    this.activity.set({
      open: own !== null && this.#ended === undefined,
      ...(runs ? { running: { href, title, startedAtMs: own.zeroMs } } : {}),
    });
    this.#ports.keepAwake(runs);
  }

  #viewNow(): RoomView {
    const { devices, uploads, clock, origin, names } = this.#ports;
    if (this.#ended !== undefined) {
      return { screen: "closed", bytesLeft: uploads.get().bytesLeft, ...this.#ended };
    }
    const studio = this.#studio;
    if (studio === undefined) {
      if (!this.#loaded) return { screen: "loading" };
      const lobby = lobbyOf({
        seat: this.#known,
        info: this.#info,
        rememberedName: names.get(),
        devices: devices.view.get(),
        deviceProblems: devices.problems.get(),
        blocked: devices.blocked.get(),
        joining: this.#joining,
        problem: this.#problem,
      });
      return { screen: "lobby", lobby };
    }
    const facts = {
      session: studio.session.state ?? NOT_CONNECTED,
      seat: this.#known ?? studio.seat,
      own: studio.desk.own.get(),
      uploads: uploads.get(),
      devices: devices.view.get(),
      deviceProblems: devices.problems.get(),
      screenStream: devices.screenStream(),
      canShare: devices.canShare,
      problem: this.#problem,
      clockSync: this.#clockSync,
      nowUs: clock.nowUs(),
      origin,
      minutesFree: this.#minutesFree,
    };
    return { screen: "studio", studio: studioOf(facts) };
  }
}

function joinProblem(error: RoomApiError): Problem {
  if (error.reason === "not-found" || error.reason === "deleted") return { reason: "room-not-found" };
  if (error.serverReason === "room-full") return { reason: "room-full", limit: MAX_PARTICIPANTS };
  if (error.reason === "unreachable") return { reason: "server-silent", retryInS: 0 };
  return { reason: "join-failed", detail: error.message };
}
