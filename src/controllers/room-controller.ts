import type { LockPort } from "#core/ports/lock-port.ts";
import { isRoomApiError, type RoomApiError } from "#core/ports/room-api.ts";
import { type LobbyInfo, MAX_PARTICIPANTS } from "#protocol/http-api.ts";
import type { SeatRow } from "#protocol/take-manifest.ts";
import type { TabMemory } from "./exports-access.ts";
import { lobbyOf } from "./lobby-of.ts";
import { LobbyRecorder } from "./lobby-recorder.ts";
import { createPaced } from "./paced.ts";
import type { Problem } from "./problem-view.ts";
import type { RecorderParts, RecordingDesk } from "./recording-desk.ts";
import { inviteMemory, type InviteMemory, type LinkSecrets } from "./room-links.ts";
import type { RoomModel, RoomView } from "./room-view.ts";
import { findSeat, type SeatDeskPorts, takeSeat } from "./seat-desk.ts";
import type { StudioActivity } from "./shell-controller.ts";
import { type MeasureSpace, minutesThatFit } from "./space-left.ts";
import type { StudioDesk } from "./studio-desk.ts";
import type { StudioDeskPorts } from "./studio-desk-ports.ts";
import type { DeviceTrack } from "./studio-devices.ts";
import { studioModelOf } from "./studio-model.ts";
import { uploadProblems } from "./upload-problems.ts";
import { createViewCell, type ViewCell, type ViewSource } from "./view-source.ts";

/** What a person wrote last time. */
export interface NameMemory {
  get(): string;
  set(name: string): void;
}

export interface RoomPorts<Track extends DeviceTrack = DeviceTrack> extends StudioDeskPorts<Track> {
  readonly loadRecorder: () => Promise<RecorderParts<Track>>;
  /** Fetches the call's code, and begins nothing. */
  readonly prepareCall: () => Promise<unknown>;
  /** Once the page has nothing better to do. */
  readonly whenIdle: (work: () => void) => void;
  readonly tryUploadNow: () => void;
  readonly names: NameMemory;
  readonly tab: TabMemory;
  readonly locks: LockPort;
  readonly measureSpace: MeasureSpace;
  /** Keeps the screen on while a take runs. */
  readonly keepAwake: (on: boolean) => void;
}

export interface RoomController extends RoomModel {
  readonly activity: ViewSource<StudioActivity>;
  /** False once it has ended: the next visit to the room makes another. */
  readonly alive: () => boolean;
  /** What the fragment of the room's address carried; it has been removed from there. */
  useSecrets(secrets: LinkSecrets): void;
}

/** `/r/:room`: the lobby, the waiting room, then the studio. Lives on while another screen is open, once the person is in. */
export function createRoomController<Track extends DeviceTrack>(ports: RoomPorts<Track>): RoomController {
  return new RoomDesk(ports);
}

/** With a server at hand somebody's track is there 260 ms after the seat was given (measured); nobody notices so short a wait. */
const DRAWN_WITHIN_MS = 300;

class RoomDesk<Track extends DeviceTrack> implements RoomController {
  readonly view: ViewCell<RoomView> = createViewCell<RoomView>({ screen: "loading" });
  readonly activity: ViewCell<StudioActivity> = createViewCell<StudioActivity>({ open: false });
  readonly lobby: RoomModel["lobby"];
  readonly studio: RoomModel["studio"];
  readonly #ports: RoomPorts<Track>;
  readonly #levels = createViewCell<ReadonlyMap<string, number>>(new Map());
  readonly #ways: (() => void)[] = [];
  readonly #invite: InviteMemory;
  readonly #show: () => void;
  readonly #recorder: LobbyRecorder;
  #linkSecrets: LinkSecrets = {};
  #info: LobbyInfo | undefined;
  #known: SeatRow | undefined;
  #stay: StudioDesk<Track> | undefined;
  #problem: Problem | undefined;
  #loaded = false;
  #fetches = false;
  #joining = false;
  #isDrawnLater = false;
  #ended: { readonly problem?: Problem } | undefined;

  constructor(ports: RoomPorts<Track>) {
    const { devices } = ports;
    this.#ports = ports;
    this.#invite = inviteMemory(ports.tab, ports.room);
    this.#show = createPaced(() => this.#showNow(), ports);
    this.lobby = {
      level: devices.level,
      chooseCamera: (id) => devices.chooseCamera(id),
      chooseMicrophone: (id) => devices.chooseMicrophone(id),
      retryDevices: () => devices.start(),
      treatMicrophone: (change) => devices.treatMicrophone(change),
      join: (name) => void this.#join(name).catch(ports.report),
      consented: (given) => {
        if (this.#stay === undefined && this.#ended === undefined) this.#recorder.consented(given);
      },
    };
    this.#recorder = new LobbyRecorder({ load: () => this.#loadRecorder(), report: ports.report });
    this.studio = studioModelOf({
      ...ports,
      levels: this.#levels,
      studio: () => this.#stay,
      leave: () => this.#leave(),
    });
    const show = (): void => this.#show();
    this.#ways.push(
      devices.view.subscribe(() => {
        this.#fetchAhead();
        this.#show();
      }),
      devices.problems.subscribe(show),
      devices.blocked.subscribe(show),
      devices.open.subscribe(show),
      ports.uploads.subscribe(show),
    );
    this.#load().catch(ports.report);
  }

  readonly alive = (): boolean => this.#ended === undefined;

  /** The screen was left: lobby and wait end, the studio goes on. */
  close(): void {
    if (this.#stay === undefined) this.#end({});
    else if (this.#stay.waiting !== null && this.#stay.recording.own.get() === null) this.#leave();
  }

  stopWaiting(): void {
    this.#leave();
  }

  useSecrets(secrets: LinkSecrets): void {
    const { chatKeys, room } = this.#ports;
    this.#linkSecrets = { ...this.#linkSecrets, ...secrets };
    if (secrets.invite !== undefined) this.#invite.keep(secrets.invite);
    // over a reload too; whether it may replace another one is decided once the seat is known
    if (secrets.chatKey !== undefined && chatKeys.get(room) === undefined) chatKeys.set(room, secrets.chatKey);
    if (this.#loaded) this.#settleChatKey();
  }

  /** The host's own key stays, whatever link is opened; for anybody else the newest link is right. */
  #settleChatKey(): void {
    const { chatKeys, room } = this.#ports;
    const { chatKey } = this.#linkSecrets;
    if (chatKey === undefined || this.#known?.role === "host") return;
    if (chatKey !== chatKeys.get(room)) chatKeys.set(room, chatKey);
    this.#stay?.chatKeyChanged();
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
    this.#settleChatKey();
    this.#fetchAhead();
    this.#show();
  }

  /** What Join needs, once the lobby can be used: the press then waits for the server alone. */
  #fetchAhead(): void {
    const { devices, online, whenIdle, report } = this.#ports;
    if (this.#fetches || !this.#loaded || devices.view.get().opening || !online.get()) return;
    this.#fetches = true;
    whenIdle(() => {
      if (this.#stay !== undefined || this.#ended !== undefined) return;
      Promise.all([this.#loadRecorder(), import("./studio-desk.ts"), this.#ports.prepareCall()]).catch(report);
    });
  }

  async #loadRecorder(): Promise<() => RecordingDesk> {
    const [{ createRecordingDesk }, parts] = await Promise.all([
      import("./recording-desk.ts"),
      this.#ports.loadRecorder(),
    ]);
    return () => createRecordingDesk({ ...this.#ports, ...parts });
  }

  async #join(name: string): Promise<void> {
    if (this.#joining || this.#stay !== undefined) return;
    this.#joining = true;
    this.#problem = undefined;
    this.#show();
    try {
      await this.#sitDown(name);
    } catch (error) {
      if (!isRoomApiError(error)) throw error;
      // whoever presses Join again asks to be let in like everybody else
      if (error.serverReason === "invite-used") this.#invite.forget();
      this.#problem = joinProblem(error);
    } finally {
      this.#joining = false;
      this.#show();
    }
  }

  async #sitDown(name: string): Promise<void> {
    const { room, names } = this.#ports;
    const title = this.#info?.title ?? this.#known?.title ?? "";
    // whoever joins has consented; the devices are made ready while the seat is asked for
    this.#recorder.consented(true);
    const [{ StudioDesk }, , seat] = await Promise.all([
      import("./studio-desk.ts"),
      this.#loadRecorder(),
      takeSeat(this.#seatPorts, room, { name, title, invite: this.#invite.get() }),
    ]);
    names.set(name);
    this.#known = seat;
    this.#invite.forget();
    const recording = await this.#recorder.take();
    const stay = new StudioDesk<Track>(
      this.#ports,
      { seat, recording, levels: this.#levels },
      {
        changed: () => this.#show(),
        say: (problem) => this.#say(problem),
        ended: (problem) => this.#finish(problem === undefined ? {} : { problem }),
      },
    );
    if (this.#ended !== undefined) {
      await stay.close();
      return;
    }
    this.#stay = stay;
    this.#measure();
    stay.start();
    this.#firstLook(stay);
  }

  /** Drawing the studio takes longer than the call's offers and answers: they go first, for as long as nobody notices. */
  #firstLook(stay: StudioDesk<Track>): void {
    if (stay.call.isUnderWay) return;
    this.#isDrawnLater = true;
    this.#ports.scheduler
      .delay(DRAWN_WITHIN_MS)
      .then(() => {
        this.#isDrawnLater = false;
        this.#show();
      })
      .catch(this.#ports.report);
  }

  #leave(): void {
    const stay = this.#stay;
    if (stay === undefined) return this.#end({});
    stay
      .leave()
      .then(() => this.#finish({}))
      .catch(this.#ports.report);
  }

  /** Ends the screen, then what is behind it. */
  #finish(ended: { readonly problem?: Problem }): void {
    this.#end(ended);
    this.#stay?.close().catch(this.#ports.report);
  }

  #end(ended: { readonly problem?: Problem }): void {
    if (this.#ended !== undefined) return;
    this.#ended = ended;
    for (const leave of this.#ways) leave();
    this.#recorder.close();
    this.#ports.devices.close();
    this.#showNow();
  }

  #say(problem: Problem | undefined): void {
    this.#problem = problem;
    this.#show();
  }

  #measure(): void {
    this.#ports
      .measureSpace()
      .then((space) => {
        if (space !== undefined) this.#stay?.setMinutesFree(minutesThatFit(space.freeBytes));
      })
      .catch(this.#ports.report);
  }

  #showNow(): void {
    this.view.set(this.#viewNow());
    const own = this.#stay?.recording.own.get() ?? null;
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
    const { uploads } = this.#ports;
    if (this.#ended !== undefined) {
      return { screen: "closed", bytesLeft: uploads.get().bytesLeft, ...this.#ended };
    }
    const stay = this.#stay;
    if (stay === undefined || (this.#isDrawnLater && !stay.call.isUnderWay)) {
      return this.#loaded ? this.#lobbyView() : { screen: "loading" };
    }
    // whoever records already stays in front of their take
    const { waiting } = stay;
    if (waiting !== null && stay.recording.own.get() === null) return this.#waitingView(stay, waiting);
    const { devices } = this.#ports;
    const studio = stay.viewWith({
      devices: devices.view.get(),
      deviceProblems: devices.problems.get(),
      screenStream: devices.screenStream(),
      canShare: devices.canShare,
      problem: this.#problem,
    });
    return { screen: "studio", studio };
  }

  #lobbyView(): RoomView {
    const { devices, names } = this.#ports;
    const lobby = lobbyOf({
      seat: this.#known,
      info: this.#info,
      rememberedName: names.get(),
      devices: devices.view.get(),
      deviceProblems: devices.problems.get(),
      blocked: devices.blocked.get(),
      joining: this.#joining || this.#isDrawnLater,
      problem: this.#problem,
    });
    return { screen: "lobby", lobby };
  }

  #waitingView(stay: StudioDesk<Track>, waiting: NonNullable<StudioDesk<Track>["waiting"]>): RoomView {
    const { devices, uploads } = this.#ports;
    const { connection } = stay.session.state;
    const lost: Problem[] = connection === "lost" ? [{ reason: "network-gone" }] : [];
    return {
      screen: "waiting",
      waiting: {
        title: waiting.title || stay.seat.title,
        ...(waiting.hostName === null ? {} : { hostName: waiting.hostName }),
        ownName: stay.seat.participantName,
        devices: devices.view.get(),
        connection: connection === "open" || connection === "connecting" ? connection : "lost",
        problems: [
          ...(this.#problem === undefined ? [] : [this.#problem]),
          ...devices.problems.get(),
          ...lost,
          ...uploadProblems(uploads.get(), lost.length > 0),
        ],
      },
    };
  }
}

function joinProblem(error: RoomApiError): Problem {
  if (error.reason === "not-found" || error.reason === "deleted") return { reason: "room-not-found" };
  if (error.serverReason === "room-full") return { reason: "room-full", limit: MAX_PARTICIPANTS };
  if (error.serverReason === "invite-used") return { reason: "invite-used" };
  if (error.reason === "unreachable") return { reason: "server-silent", retryInS: 0 };
  return { reason: "join-failed", detail: error.message };
}
