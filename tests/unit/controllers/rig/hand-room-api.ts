import type { RoomApi } from "#core/ports/room-api.ts";

/** A room API of which each test says what it answers; anything else is a mistake of the test. */
export function roomApiOf(answers: Partial<RoomApi>): RoomApi {
  const unexpected = (name: string) => () => Promise.reject(new Error(`the test did not expect ${name}`));
  return {
    createRoom: unexpected("createRoom"),
    lobby: unexpected("lobby"),
    join: unexpected("join"),
    renewToken: unexpected("renewToken"),
    createInvite: unexpected("createInvite"),
    iceServers: unexpected("iceServers"),
    takes: unexpected("takes"),
    startDemux: unexpected("startDemux"),
    deleteTake: unexpected("deleteTake"),
    deleteRoom: unexpected("deleteRoom"),
    editorLinks: unexpected("editorLinks"),
    createEditorLink: unexpected("createEditorLink"),
    revokeEditorLink: unexpected("revokeEditorLink"),
    exportsAccess: unexpected("exportsAccess"),
    deliveryManifest: unexpected("deliveryManifest"),
    health: unexpected("health"),
    ...answers,
  };
}
