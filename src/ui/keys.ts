import { createSignal, onCleanup } from "solid-js";

/** Keys work only when no field and no open menu or dialog has the focus (LOOK.md, "Focus order and keys"). */
function inField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  return target.closest("input, select, textarea, [role=menu], [role=dialog], [role=alertdialog]") !== null;
}

const OFF_KEY = "tapesync.keys";

const [keysOn, setKeysOnSignal] = createSignal(localStorage.getItem(OFF_KEY) !== "off");

/** Whether single keys act; the person can switch them off (WCAG 2.1.4). */
export { keysOn };

export function setKeysOn(on: boolean): void {
  setKeysOnSignal(on);
  localStorage.setItem(OFF_KEY, on ? "on" : "off");
}

export interface KeyCommands {
  /** Shift+R */
  recordOrStop?(): void;
  /** S */
  share(): void;
  /** D */
  mute?(): void;
  /** E */
  camera?(): void;
  /** H */
  hand?(): void;
  /** C */
  chat?(): void;
  /** M */
  marker?(): void;
  /** G */
  layout?(): void;
  /** P */
  pin?(): void;
  /** Shift+D */
  figures(): void;
  /** ? */
  help(): void;
}

/** The regions of the studio in their order; F6 walks through them. */
const REGIONS = ["tally", "stage", "list", "chat", "dock"];

function focusNextRegion(): void {
  const regions = REGIONS.flatMap((name) => {
    const found = document.querySelector<HTMLElement>(`[data-region="${name}"]`);
    return found ? [found] : [];
  });
  const present = regions.findIndex((region) => region.contains(document.activeElement));
  const next = regions[(present + 1) % regions.length];
  if (!next) return;
  if (!next.hasAttribute("tabindex")) next.tabIndex = -1;
  next.focus();
}

/** Listens for the studio's keys while the owner lives. */
export function useKeys(commands: KeyCommands): void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.key === "F6") {
      event.preventDefault();
      focusNextRegion();
      return;
    }
    if (!keysOn() || inField(event.target)) return;
    const act = commandOf(event, commands);
    if (!act) return;
    event.preventDefault();
    act();
  };
  document.addEventListener("keydown", onKey);
  onCleanup(() => document.removeEventListener("keydown", onKey));
}

function commandOf(event: KeyboardEvent, commands: KeyCommands): (() => void) | undefined {
  if (event.key === "?") return () => commands.help();
  const key = event.key.toLowerCase();
  if (event.shiftKey && key === "r" && commands.recordOrStop) return () => commands.recordOrStop?.();
  if (event.shiftKey && key === "d") return () => commands.figures();
  return event.shiftKey ? undefined : single(key, commands);
}

function single(key: string, commands: KeyCommands): (() => void) | undefined {
  switch (key) {
    case "s":
      return () => commands.share();
    case "d":
      return commands.mute && (() => commands.mute?.());
    case "e":
      return commands.camera && (() => commands.camera?.());
    case "h":
      return commands.hand && (() => commands.hand?.());
    case "c":
      return commands.chat && (() => commands.chat?.());
    case "m":
      return commands.marker && (() => commands.marker?.());
    case "g":
      return commands.layout && (() => commands.layout?.());
    case "p":
      return commands.pin && (() => commands.pin?.());
    default:
      return undefined;
  }
}
