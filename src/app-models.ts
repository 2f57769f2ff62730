import * as v from "valibot";
import type { AloneController } from "#controllers/alone-controller.ts";
import type { RoomController } from "#controllers/room-controller.ts";
import { type LinkSecrets, linkSecretsOf } from "#controllers/room-links.ts";
import { createSeatTokens } from "#controllers/seat-tokens.ts";
import { createServerReach } from "#controllers/server-reach.ts";
import { createShellController, type StudioActivity } from "#controllers/shell-controller.ts";
import { createTakeExports } from "#controllers/take-exports.ts";
import type { AppModels, RouteAddress } from "#controllers/view-models.ts";
import { createViewCell, type ViewSource } from "#controllers/view-source.ts";
import { performanceClock, timerScheduler } from "#platform/clock.ts";
import { dexieTakes } from "#platform/dexie-takes.ts";
import { httpRoomApi } from "#platform/http-room-api.ts";
import { broadcastJournal } from "#platform/journal-channel.ts";
import { webLocks } from "#platform/locks.ts";
import { opfsEpochStore } from "#platform/opfs-epochs.ts";
import { newMarkerId, newTakeId, newTrackId } from "#platform/random-ids.ts";
import { roomSocketOf } from "#platform/room-socket.ts";
import { askToPersist, storageRoom } from "#platform/storage-space.ts";
import { webCryptoChat } from "#platform/web-crypto-chat.ts";
import { type RoomId, roomId } from "#protocol/ids.ts";
import { keepAwake } from "./keep-awake.ts";
import { pageBackground } from "./page-background.ts";
import { pageExporter } from "./page-exporter.ts";
import {
  chatKeyMemory,
  clearHash,
  copyText,
  installPrompt,
  nameMemory,
  networkHints,
  pageVisible,
  studioKeyMemory,
  tabMemory,
} from "./page-ports.ts";
import { pageUploads } from "./page-uploads.ts";

/** Makes everything that the page's screens are given. The one place that knows which adapter stands behind which port. */
export function createAppModels(): AppModels {
  const base = createBase();
  const activity = createViewCell<StudioActivity>({ open: false });
  const shell = createShellController({ ...base, update: base.background.update, activity });
  askToPersistOnce(activity);
  const rooms = createRooms(base, activity);
  return {
    shell,
    async home() {
      const { createHomeController } = await import("#controllers/home-controller.ts");
      whenIdle(base.begin);
      return createHomeController(base);
    },
    async recordings() {
      const { createRecordingsController } = await import("#controllers/recordings-controller.ts");
      whenIdle(base.begin);
      return createRecordingsController(base);
    },
    async exports(address) {
      const { createExportsController } = await import("#controllers/exports-controller.ts");
      whenIdle(base.begin);
      return createExportsController(address, base);
    },
    room: (address) => rooms.room(address),
    alone: () => rooms.alone(),
  };
}

/** A first screen that waits for a permission or a server does not hold up what is left of earlier takes. */
const LATEST_BEGIN_MS = 5_000;

type Base = ReturnType<typeof createBase>;

function createBase() {
  const report = (error: unknown): void => reportError(error);
  const install = installPrompt(report);
  const clock = performanceClock();
  const scheduler = timerScheduler();
  const repo = dexieTakes();
  const studioKey = studioKeyMemory();
  const uploader = pageUploads(() => studioKey.get(), report);
  const uploads = uploader.state;
  const roomApi = httpRoomApi({ fetch: fetch.bind(globalThis), origin: "" });
  const reach = createServerReach({ roomApi, uploads, hints: networkHints(), scheduler });
  reach.online.subscribe((online) => {
    if (online) uploader.kick("online");
  });
  const visible = pageVisible();
  visible.subscribe((seen) => {
    if (seen) uploader.kick("visible");
  });
  const background = pageBackground(uploads, report);
  let begun = false;
  /** What needs no screen begins once the first screen can be used, or cannot be waited for any longer. */
  const begin = (): void => {
    if (begun) return;
    begun = true;
    uploader.start().catch(report);
    background.start().catch(report);
  };
  setTimeout(begin, LATEST_BEGIN_MS);
  return {
    report,
    install,
    clock,
    scheduler,
    repo,
    store: opfsEpochStore(),
    journal: broadcastJournal(),
    locks: webLocks(),
    roomApi,
    uploads,
    uploader,
    found: uploader.found,
    reach,
    online: reach.online,
    visible,
    background,
    begin,
    studioKey: {
      ...studioKey,
      set(key: string) {
        studioKey.set(key);
        uploader.useStudioKey(key);
      },
    },
    tokens: createSeatTokens({ repo, roomApi, clock }),
    exports: createTakeExports(pageExporter(report)),
    measureSpace: storageRoom,
    tab: tabMemory(),
    clearHash,
    copyText,
    origin: location.origin,
  };
}

const PAGE_RANDOM = { unit: Math.random };

/** What a room's link carries, taken out of the address bar. */
function takeSecrets(hash: string): LinkSecrets {
  const secrets = linkSecretsOf(hash);
  if (secrets !== undefined) clearHash();
  return secrets ?? {};
}

/** The studio of a room and the lone recorder: at most one of each lives, and goes on while another screen is open. */
function createRooms(base: Base, activity: ReturnType<typeof createViewCell<StudioActivity>>) {
  let room: { readonly id: RoomId; readonly controller: RoomController } | undefined;
  let alone: AloneController | undefined;
  let follow: (() => void) | undefined;
  // another link of the same room, opened in this window, changes the fragment and loads nothing
  addEventListener("hashchange", () => {
    if (location.pathname === `/r/${room?.id}`) room?.controller.useSecrets(takeSecrets(location.hash));
  });
  const show = (of: ViewSource<StudioActivity>): void => {
    follow?.();
    activity.set(of.get());
    follow = of.subscribe((next) => activity.set(next));
  };
  return {
    async room({ room: name, hash }: RouteAddress): Promise<RoomController> {
      // before anything is waited for: no secret stays in the address bar
      const secrets = takeSecrets(hash);
      const [{ createRoomController }, studio] = await Promise.all([
        import("#controllers/room-controller.ts"),
        devicePorts(base),
      ]);
      const ready = studio.devices.view.subscribe(({ opening }) => {
        if (opening) return;
        ready();
        whenIdle(base.begin);
      });
      const id = v.safeParse(roomId, name);
      // a name that no room can have is asked for all the same: the server's answer is the same as for any unknown one
      const asked = id.success ? id.output : (name as RoomId);
      if (room !== undefined && room.id === asked && room.controller.alive()) {
        room.controller.useSecrets(secrets);
        return room.controller;
      }
      room?.controller.studio.leave();
      const controller = createRoomController({
        ...base,
        ...studio,
        loadRecorder: () => recorderParts(base),
        room: asked,
        openSocket: roomSocketOf(location.origin),
        random: PAGE_RANDOM,
        newMarkerId,
        chatKeys: chatKeyMemory(),
        chatCrypto: webCryptoChat(),
        loadCall: async (self) => {
          const { pageCall } = await import("./page-call.ts");
          return pageCall({ ...base, room: asked, self, random: PAGE_RANDOM });
        },
        prepareCall: () => import("./page-call.ts"),
        whenIdle,
        newStream: (track) => new MediaStream([track]),
        paceUploads: (bytesPerSecond) => base.uploader.pace(bytesPerSecond),
        tryUploadNow: () => base.uploader.kick("person"),
        copy: copyText,
        heard: () => base.reach.heard(),
        missed: () => base.reach.missed(),
      });
      controller.useSecrets(secrets);
      room = { id: asked, controller };
      show(controller.activity);
      return controller;
    },
    async alone(): Promise<AloneController> {
      const [{ createAloneController }, studio, recorder] = await Promise.all([
        import("#controllers/alone-controller.ts"),
        devicePorts(base),
        recorderParts(base),
      ]);
      whenIdle(base.begin);
      if (alone?.alive() === true) return alone;
      alone = createAloneController({ ...base, ...studio, ...recorder });
      show(alone.activity);
      return alone;
    },
  };
}

/** What the lobby needs beside its own code. */
async function devicePorts(base: Base) {
  const { pageDevices } = await import("./page-devices.ts");
  return { devices: pageDevices(base.report), newTakeId, names: nameMemory(), keepAwake: keepAwake(base.report) };
}

/** What only a recorder needs, fetched when somebody joins. */
async function recorderParts(base: Base) {
  const [{ pageCapture }, { TakeRecorder }, { createTrackEncoder }] = await Promise.all([
    import("#devices/page-capture.ts"),
    import("#core/take/take-recorder.ts"),
    import("#workers/encode/encode-client.ts"),
  ]);
  const { repo, locks, clock, journal: channel } = base;
  const ports = { repo, locks, clock, channel, newEncoder: createTrackEncoder, newTrackId };
  return {
    newRecorder: (events: ConstructorParameters<typeof TakeRecorder>[1]) =>
      new TakeRecorder({ ...ports, pageTimeOriginMs: performance.timeOrigin }, events),
    captureOf: (source: Parameters<typeof pageCapture>[0], track: MediaStreamTrack) =>
      pageCapture(source, track, () => clock.nowUs()),
  };
}

/** At the first take: the browser must not throw away what is recorded when the disk runs short. It may ask the person. */
function askToPersistOnce(activity: ViewSource<StudioActivity>): void {
  const stop = activity.subscribe(({ running }) => {
    if (running === undefined) return;
    stop();
    askToPersist().catch((error: unknown) => reportError(error));
  });
}

/** After the first screen stands; at the latest after 2 s. */
function whenIdle(work: () => void): void {
  if ("requestIdleCallback" in window) requestIdleCallback(work, { timeout: 2_000 });
  else setTimeout(work, 1_000);
}
