import { isRoomApiError, type RoomApi } from "#core/ports/room-api.ts";
import type { ParticipantId, RoomId } from "#protocol/ids.ts";
import { roomLink } from "./room-links.ts";
import type { RoomModel } from "./room-view.ts";
import type { SeatTokens } from "./seat-tokens.ts";
import type { StudioDesk } from "./studio-desk.ts";
import type { DeviceTrack, StudioDevices } from "./studio-devices.ts";
import type { ParticipantAction } from "./studio-view.ts";
import type { ViewSource } from "./view-source.ts";

export interface StudioModelPorts<Track extends DeviceTrack = DeviceTrack> {
  readonly devices: StudioDevices<Track>;
  readonly roomApi: Pick<RoomApi, "createInvite">;
  readonly tokens: Pick<SeatTokens, "token">;
  readonly room: RoomId;
  readonly origin: string;
  readonly copy: (text: string) => Promise<void>;
  readonly tryUploadNow: () => void;
  readonly levels: ViewSource<ReadonlyMap<string, number>>;
  /** The stay, once there is one; before that the buttons do nothing. */
  readonly studio: () => StudioDesk<Track> | undefined;
  readonly leave: () => void;
}

/** What the studio's buttons do. */
export function studioModelOf<Track extends DeviceTrack>(ports: StudioModelPorts<Track>): RoomModel["studio"] {
  const { devices, studio } = ports;
  return {
    levels: ports.levels,
    record: () => studio()?.record(),
    stop: () => studio()?.stop(),
    shareScreen: () => devices.shareScreen(),
    stopSharing: () => devices.stopSharing(),
    copyGuestLink: () => ports.copy(roomLink(ports.origin, ports.room, { chatKey: studio()?.chat.key })),
    leave: ports.leave,
    tryUploadNow: () => ports.tryUploadNow(),
    chooseCamera: (id) => devices.chooseCamera(id),
    chooseMicrophone: (id) => devices.chooseMicrophone(id),
    watchDebug: (open) => studio()?.recording.watchFigures(open),
    toggleMicrophone: () => studio()?.toggle("microphone"),
    toggleCamera: () => studio()?.toggle("camera"),
    raiseHand: (up) => studio()?.raiseHand(up),
    react: (kind) => studio()?.react(kind),
    addMarker: (text, atMs) => studio()?.addMarker(text, atMs),
    sendChat: (text) => studio()?.chat.send(text),
    watchChat: (open) => studio()?.chat.watch(open),
    admit: (id) => studio()?.session.admit(id as ParticipantId),
    deny: (id) => studio()?.session.deny(id as ParticipantId),
    invite: () => invite(ports),
    act: (id, action) => act(studio(), id as ParticipantId, action),
    endForAll: () => studio()?.endForAll(),
    showing: (pictures) => show(studio(), pictures),
    allowSound: () => studio()?.call.allowSound(),
    dismissMutedBy: () => studio()?.dismissMutedBy(),
  };
}

/** @throws RoomApiError when the server makes none */
async function invite<Track extends DeviceTrack>(
  ports: StudioModelPorts<Track>,
): Promise<{ readonly link: string; readonly copied: boolean }> {
  const { roomApi, tokens, room, origin } = ports;
  const stay = ports.studio();
  if (stay === undefined) throw new Error("nobody invites before they have joined");
  const ask = async (renew: boolean) =>
    roomApi.createInvite(room, await tokens.token(room, renew, stay.seat.participant));
  const made = await ask(false).catch((error: unknown) => {
    if (isRoomApiError(error) && error.reason === "unauthorized") return ask(true);
    throw error;
  });
  const link = roomLink(origin, room, { invite: made.invite, chatKey: stay.chat.key });
  return ports.copy(link).then(
    () => ({ link, copied: true }),
    () => ({ link, copied: false }),
  );
}

function act<Track extends DeviceTrack>(
  studio: StudioDesk<Track> | undefined,
  participant: ParticipantId,
  action: ParticipantAction,
): void {
  const session = studio?.session;
  if (action === "mute") session?.askMute(participant);
  else if (action === "remove") session?.remove(participant);
  else session?.setRole(participant, action === "make-cohost" ? "cohost" : "guest");
}

/** The own pictures come from the own devices. */
function show<Track extends DeviceTrack>(
  studio: StudioDesk<Track> | undefined,
  pictures: Parameters<RoomModel["studio"]["showing"]>[0],
): void {
  const others = pictures.filter(({ id }) => id !== studio?.seat.participant);
  studio?.call.show(
    others.map(({ id, screen, width }) => ({
      participant: id as ParticipantId,
      source: screen ? ("screen" as const) : ("camera" as const),
      width,
    })),
  );
}
