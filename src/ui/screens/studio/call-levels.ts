import type { ViewSource } from "#controllers/view-models.ts";
import { createContext, onCleanup, useContext } from "solid-js";

/** Calls `draw` with the loudness of one participant, 0…1. Lives as long as its owner. */
export interface CallLevels {
  follow(id: string, element: HTMLElement): void;
}

/** With reduced motion rings move in steps of four a second (LOOK.md, "Motion"). */
const MS_BETWEEN_REDUCED = 1000 / 4;

export const CallLevelsContext = createContext<CallLevels>();

export function useCallLevels(): CallLevels | undefined {
  return useContext(CallLevelsContext);
}

/**
 * One subscription for everybody: sets `--level` on the elements that follow somebody, without any rendering. The
 * source comes at most ten times a second.
 */
export function createCallLevels(source: ViewSource<ReadonlyMap<string, number>>): CallLevels {
  const followers = new Map<HTMLElement, { readonly id: string; shown: string }>();
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let drawnAt = Number.NEGATIVE_INFINITY;
  const draw = (element: HTMLElement, follower: { readonly id: string; shown: string }): void => {
    const level = Math.min(1, Math.max(0, source.get().get(follower.id) ?? 0)).toFixed(2);
    if (level === follower.shown) return;
    follower.shown = level;
    element.style.setProperty("--level", level);
  };
  onCleanup(
    source.subscribe(() => {
      const now = performance.now();
      if (calm.matches && now - drawnAt < MS_BETWEEN_REDUCED) return;
      drawnAt = now;
      for (const [element, follower] of followers) draw(element, follower);
    }),
  );
  return {
    follow(id, element) {
      const follower = { id, shown: "" };
      followers.set(element, follower);
      draw(element, follower);
      onCleanup(() => followers.delete(element));
    },
  };
}
