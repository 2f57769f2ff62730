import type { RoomApi } from "#core/ports/room-api.ts";
import type { OpenRoomSocket } from "#core/ports/room-socket.ts";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import type { Random } from "#core/ports/time.ts";
import type { TakeId } from "#protocol/ids.ts";
import type { MarkerId } from "#protocol/markers.ts";
import type { UploadState } from "#protocol/upload-rpc.ts";
import type { CallDeskPorts } from "./call-desk.ts";
import type { ChatKeyPorts } from "./chat-key.ts";
import type { Problem } from "./problem-view.ts";
import type { RecorderParts, RecordingDesk, RecordingDeskPorts } from "./recording-desk.ts";
import type { TakenSeat } from "./seat-desk.ts";
import type { SeatTokens } from "./seat-tokens.ts";
import type { DeviceTrack } from "./studio-devices.ts";
import type { ViewCell, ViewSource } from "./view-source.ts";

export interface StudioDeskPorts<Track extends DeviceTrack = DeviceTrack>
  extends ChatKeyPorts,
    Omit<RecordingDeskPorts<Track>, "repo" | keyof RecorderParts>,
    Pick<CallDeskPorts<Track>, "loadCall" | "newStream" | "paceUploads" | "uploads"> {
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
  readonly copy: (text: string) => Promise<void>;
  /** Whether a server answers; its return wakes the room's socket and the call. */
  readonly online: ViewSource<boolean>;
  /** The server was heard, or not. */
  readonly heard: () => void;
  readonly missed: () => void;
}

/** Who sat down, and with what. */
export interface Stay {
  readonly seat: TakenSeat;
  /** Closed with the stay. */
  readonly recording: RecordingDesk;
  readonly levels: ViewCell<ReadonlyMap<string, number>>;
}

export interface StudioDeskEvents {
  changed(): void;
  /** A problem to be shown until the next press of Record; `undefined`: it is over. */
  say(problem: Problem | undefined): void;
  /** Somebody ended this stay; what rolled has been stopped and is kept. */
  ended(problem: Problem | undefined): void;
}
