import type { LevelView, ParticipantView, StudioModel, ViewSource } from "#controllers/view-models.ts";
import {
  type Accessor,
  createEffect,
  createMemo,
  createSignal,
  For,
  type JSX,
  onCleanup,
  onMount,
  Show,
} from "solid-js";
import { screenKey, type StageControls } from "./stage-controls.ts";
import { type Box, layOut, NARROW, type StageLayout, type StageSpace } from "./stage-layout.ts";
import { EMPTY_STAGE, nextOrder, type StageOrder, type StageStep } from "./stage-order.ts";
import { PersonTile, ScreenTile } from "./tile.tsx";

/** From here on the studio is one window high (LOOK.md, "Layout"). */
const DESK = "(width >= 68.75rem)";
/** What is shown is told once a change of the layout has come to rest. */
const TELL_AFTER_MS = 150;

type Pictures = Parameters<StudioModel["showing"]>[0];

interface StageProps {
  people: readonly ParticipantView[];
  level: ViewSource<LevelView>;
  /** The host sees everybody's tape. */
  host: boolean;
  /** The row after Stop. */
  strip?: boolean;
  /** Absent where there is no call. */
  controls?: StageControls;
  showing?: StudioModel["showing"];
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((entry, index) => entry === b[index]);
}

/** Who is on the stage; looks again by itself when a change was held back. */
function createOrder(people: () => readonly ParticipantView[], pinned: () => string | undefined): Accessor<StageOrder> {
  const [look, setLook] = createSignal(0);
  const step = createMemo<StageStep>(
    (before) => {
      look();
      return nextOrder(before.order, people(), performance.now(), pinned());
    },
    { order: EMPTY_STAGE, againInMs: undefined },
  );
  createEffect(() => {
    const wait = step().againInMs;
    if (wait === undefined) return;
    const timer = setTimeout(() => setLook((count) => count + 1), wait);
    onCleanup(() => clearTimeout(timer));
  });
  return () => step().order;
}

/** Width and, on the desk, height of the stage's place. */
function createSpace(element: () => HTMLElement | undefined, strip: () => boolean): Accessor<StageSpace> {
  const desk = matchMedia(DESK);
  const [isDesk, setDesk] = createSignal(desk.matches);
  const [size, setSize] = createSignal({ width: 0, height: 0 });
  onMount(() => {
    const place = element()?.parentElement;
    if (!place) return;
    const measure = (): void => {
      const { width, height } = place.getBoundingClientRect();
      setSize((before) => (before.width === width && before.height === height ? before : { width, height }));
    };
    const onDesk = (): void => {
      setDesk(desk.matches);
    };
    const observer = new ResizeObserver(measure);
    observer.observe(place);
    desk.addEventListener("change", onDesk);
    measure();
    onCleanup(() => {
      observer.disconnect();
      desk.removeEventListener("change", onDesk);
    });
  });
  return createMemo(() => ({
    width: Math.floor(size().width),
    height: isDesk() && !strip() ? Math.floor(size().height) : undefined,
  }));
}

/** Tells which pictures are shown and how large, whenever that changes and has come to rest. */
function tellShowing(pictures: () => Pictures, tell: (pictures: Pictures) => void): void {
  let told = "";
  createEffect(() => {
    const now = pictures();
    const timer = setTimeout(() => {
      const key = JSON.stringify(now);
      if (key === told) return;
      told = key;
      tell(now);
    }, TELL_AFTER_MS);
    onCleanup(() => clearTimeout(timer));
  });
}

function widthOf(layout: StageLayout, key: string): number {
  return Math.round((layout.boxes.get(key)?.width ?? 0) * devicePixelRatio);
}

/** Everybody's tiles, keyed by participant: nothing that happens to a picture builds a tile anew. */
export function Stage(props: StageProps): JSX.Element {
  let stage: HTMLDivElement | undefined;
  const byId = createMemo(() => new Map(props.people.map((person) => [person.id, person])));
  const order = createOrder(
    () => props.people,
    () => props.controls?.pinned(),
  );
  const ids = createMemo(() => order().ids, [], { equals: sameList });
  const sharing = createMemo(
    () => props.people.filter((person) => person.screen !== undefined).map((person) => person.id),
    [],
    { equals: sameList },
  );
  const space = createSpace(
    () => stage,
    () => props.strip === true,
  );
  const big = (): string | undefined => {
    const pinned = props.controls?.pinned();
    if (pinned !== undefined && (ids().includes(pinned) || sharing().some((id) => screenKey(id) === pinned))) {
      return pinned;
    }
    const theirs = sharing().find((id) => byId().get(id)?.self === false);
    if (theirs !== undefined) return screenKey(theirs);
    const phone = space().height === undefined && space().width < NARROW;
    return props.controls?.mode() === "speaker" || phone ? order().speaker : undefined;
  };
  const layout = createMemo(() =>
    layOut(
      {
        keys: [...sharing().map(screenKey), ...ids()],
        big: big(),
        bigIsScreen: big()?.startsWith(screenKey("")) ?? false,
        strip: props.strip === true,
      },
      space(),
    ),
  );
  const box = (key: string): Box | undefined => layout().boxes.get(key);
  const pictures = (): Pictures => {
    if (layout().boxes.size === 0) return [];
    const shown = (id: string, screen: boolean): Pictures[number] => ({
      id,
      screen,
      width: widthOf(layout(), screen ? screenKey(id) : id),
    });
    const others = (list: readonly string[]): string[] => list.filter((id) => byId().get(id)?.self === false);
    return [...others(sharing()).map((id) => shown(id, true)), ...others(ids()).map((id) => shown(id, false))];
  };
  if (props.showing) tellShowing(pictures, (now) => props.showing?.(now));
  return (
    <div class="stage" ref={stage} style={{ "--high": `${layout().height}px` }}>
      <For each={sharing()}>
        {(id) => {
          const person = held(() => byId().get(id));
          return (
            <Show when={person()?.screen !== undefined && person()}>
              {(sharer) => (
                <ScreenTile
                  person={sharer()}
                  screen={sharer().screen ?? {}}
                  box={box(screenKey(id))}
                  controls={props.controls}
                />
              )}
            </Show>
          );
        }}
      </For>
      <For each={ids()}>
        {(id) => {
          const person = held(() => byId().get(id));
          return (
            <Show when={person()}>
              {(one) => (
                <PersonTile
                  person={one()}
                  box={box(id)}
                  level={props.level}
                  showTape={props.host || one().self}
                  controls={props.controls}
                />
              )}
            </Show>
          );
        }}
      </For>
    </div>
  );
}

/** The last that was there: a row that is about to go is drawn once more. */
function held<T>(now: () => T | undefined): Accessor<T | undefined> {
  return createMemo<T | undefined>((before) => now() ?? before);
}
