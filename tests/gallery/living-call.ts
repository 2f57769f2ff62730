import type {
  ParticipantView,
  RoomModel,
  RoomView,
  StudioModel,
  StudioView,
  ViewCell,
} from "#controllers/view-models.ts";
import { createViewCell } from "#controllers/view-source.ts";
import { callPeople, LINES, twenty } from "./call-models.ts";
import { nothing, still } from "./parts.ts";
import { pictureStream } from "./pictures.ts";
import { studio } from "./studio-parts.ts";

/** Loudness by participant, as it stands in the pictures: Joanna speaks. */
const LEVELS: ReadonlyMap<string, number> = new Map([
  ["joanna", 0.9],
  ["p3", 0.8],
  ["p15", 0.7],
]);

/** The call's half of the studio's model; nothing happens. */
export const silentCall = {
  levels: still(LEVELS),
  toggleMicrophone: nothing,
  toggleCamera: nothing,
  raiseHand: nothing,
  react: nothing,
  addMarker: nothing,
  sendChat: nothing,
  watchChat: nothing,
  admit: nothing,
  deny: nothing,
  invite: () => Promise.resolve({ link: "https://studio.example/r/ferries#key.invite=one", copied: false }),
  act: nothing,
  endForAll: nothing,
  showing: nothing,
  allowSound: nothing,
  dismissMutedBy: nothing,
} satisfies Partial<StudioModel>;

/** What a test can do to the living call, as `window.galleryCall`. */
export interface CallHandle {
  /** Changes one participant: camera off, another stream, a screen, a reconnect. */
  change(
    id: string,
    change: "camera-off" | "camera-on" | "screen" | "no-screen" | "another-stream" | "no-stream",
  ): void;
  /** A new snapshot in which nothing differs, as after a reconnect. */
  again(): void;
  /** Twenty participants, and who of them spoke now. */
  twenty(): void;
  speak(id: string): void;
  /** How loud one is now, 0…1. */
  level(id: string, level: number): void;
  /** Everything that the page told or asked. */
  readonly told: readonly (readonly [what: string, ...rest: readonly unknown[]])[];
}

declare global {
  interface Window {
    galleryCall?: CallHandle;
  }
}

function changed(one: ParticipantView, change: Parameters<CallHandle["change"]>[1]): ParticipantView {
  const { stream: _, screen: __, ...rest } = one;
  switch (change) {
    case "camera-off":
      return { ...one, cameraOff: true };
    case "camera-on":
      return { ...one, cameraOff: false };
    case "screen":
      return { ...one, screen: { stream: pictureStream(1) } };
    case "no-screen":
      return one.stream ? { ...rest, stream: one.stream } : rest;
    case "another-stream":
      return { ...one, stream: pictureStream(0) };
    case "no-stream":
      return rest;
  }
}

/** A call in which a press does what it says; the test moves the others. */
export function livingCall(base: RoomModel): RoomModel {
  const first = studio({
    takeNumber: undefined,
    participants: callPeople(),
    knocking: [{ id: "teo", name: "Teo Lindqvist", sinceMs: 0 }],
  });
  const room: ViewCell<RoomView> = createViewCell<RoomView>(first);
  const levels = createViewCell<ReadonlyMap<string, number>>(new Map());
  const told: [string, ...unknown[]][] = [];
  const edit = (change: (view: StudioView) => Partial<StudioView>): void => {
    room.update((now) =>
      now.screen === "studio" ? { screen: "studio", studio: { ...now.studio, ...change(now.studio) } } : now,
    );
  };
  const editCall = (change: (call: StudioView["call"]) => Partial<StudioView["call"]>): void =>
    edit((view) => ({ call: { ...view.call, ...change(view.call) } }));
  const editOne = (id: string, change: (one: ParticipantView) => ParticipantView): void =>
    edit((view) => ({ participants: view.participants.map((one) => (one.id === id ? change(one) : { ...one })) }));
  const note =
    (what: string) =>
    (...rest: unknown[]): void => {
      told.push([what, ...rest]);
    };
  window.galleryCall = {
    change: (id, change) => editOne(id, (one) => changed(one, change)),
    again: () => edit((view) => ({ participants: view.participants.map((one) => ({ ...one })) })),
    twenty: () => edit(() => ({ participants: twenty() })),
    level: (id, level) => levels.set(new Map([[id, level]])),
    speak: (id) => editOne(id, (one) => ({ ...one, spokeAtMs: performance.now() })),
    told,
  };
  return {
    ...base,
    view: room,
    studio: {
      ...base.studio,
      levels,
      toggleMicrophone: () => editCall((call) => ({ muted: !call.muted })),
      toggleCamera: () => editCall((call) => ({ cameraOff: !call.cameraOff })),
      raiseHand: (handUp) => editCall(() => ({ handUp })),
      shareScreen: () => edit(() => ({ sharing: true })),
      stopSharing: () => edit(() => ({ sharing: false })),
      record: () => edit(() => ({ tally: recordingNow(), canMark: true })),
      addMarker: (text, atMs) => {
        told.push(["marker", text, atMs]);
        edit((view) => ({
          markers: [{ id: `m${view.markers.length}`, atMs: atMs ?? 0, text, by: view.ownName }, ...view.markers],
        }));
      },
      sendChat: (text) =>
        edit((view) => ({
          chat: {
            ...view.chat,
            lines: [
              ...(view.chat.lines.length === 0 ? LINES : view.chat.lines),
              {
                id: `own-${view.chat.lines.length}`,
                from: view.ownName,
                self: true,
                atMs: Date.now(),
                text,
                state: "sent",
              },
            ],
          },
        })),
      watchChat: note("watchChat"),
      admit: (id) => {
        told.push(["admit", id]);
        edit((view) => ({ knocking: view.knocking.filter((each) => each.id !== id) }));
      },
      deny: note("deny"),
      act: note("act"),
      react: note("react"),
      leave: note("leave"),
      endForAll: note("endForAll"),
      showing: note("showing"),
    },
  };
}

function recordingNow(): StudioView["tally"] {
  return {
    phase: "recording",
    startedAtMs: performance.now() - 252_000,
    recording: 3,
    total: 3,
    notRecording: [],
    outOfReach: [],
  };
}
