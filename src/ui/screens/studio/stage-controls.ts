import { type Accessor, createSignal } from "solid-js";

export type StageMode = "grid" | "speaker";

/** The layout that the person has chosen, and the tile they have pinned. */
export interface StageControls {
  readonly mode: Accessor<StageMode>;
  /** Key of a tile: a participant's id, or {@link screenKey}. */
  readonly pinned: Accessor<string | undefined>;
  toggleMode(): void;
  togglePin(tile: string): void;
  /** Key P: the tile that has the focus, or none when a pinned one is to be let go. */
  pinFocused(): void;
}

export function screenKey(participant: string): string {
  return `screen:${participant}`;
}

function focusedTile(): string | undefined {
  const tile = document.activeElement?.closest<HTMLElement>("[data-tile]");
  return tile?.dataset["tile"];
}

export function createStageControls(): StageControls {
  const [mode, setMode] = createSignal<StageMode>("grid");
  const [pinned, setPinned] = createSignal<string>();
  const togglePin = (tile: string): void => {
    setPinned((before) => (before === tile ? undefined : tile));
  };
  return {
    mode,
    pinned,
    toggleMode: () => setMode((before) => (before === "grid" ? "speaker" : "grid")),
    togglePin,
    pinFocused() {
      const tile = focusedTile();
      if (tile === undefined) setPinned(undefined);
      else togglePin(tile);
    },
  };
}
