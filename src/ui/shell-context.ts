import type { ShellView } from "#controllers/view-models.ts";
import { type Accessor, createContext, useContext } from "solid-js";

export interface Shell {
  readonly view: Accessor<ShellView>;
  navigate(path: string): void;
  /** A screen stands: after a navigation its heading gets the focus, once. */
  arrived(): void;
  /** A short message that floats and goes by itself, e.g. "Guest link copied". */
  say(message: string): void;
}

export const ShellContext = createContext<Shell>();

/** The shell around the present screen; throws outside of `mountApp`. */
export function useShell(): Shell {
  const shell = useContext(ShellContext);
  if (!shell) throw new Error("a screen was rendered outside of mountApp");
  return shell;
}
