import { createEffect, createRenderEffect, onCleanup, onMount } from "solid-js";
import { useShell } from "./shell-context.ts";

/** What the window shows outside of the page; follows the tally. */
export type Tone = "plain" | "recording" | "moving" | "safe";

/** `theme-color` per tone: bg, rec-field, move-field, safe-field of tokens.css (the meta element cannot read tokens). */
const THEME: Record<Tone, string> = {
  plain: "#101112",
  recording: "#a81120",
  moving: "#15304f",
  safe: "#c4f7db",
};

const FAVICON: Record<Tone, string> = {
  plain: "/icons/icon.svg",
  recording: "/icons/favicon-recording.svg",
  moving: "/icons/favicon-moving.svg",
  safe: "/icons/favicon-safe.svg",
};

function metaTheme(): HTMLMetaElement {
  const found = document.querySelector<HTMLMetaElement>('meta[name="theme-color"]');
  if (found) return found;
  const made = document.createElement("meta");
  made.name = "theme-color";
  document.head.append(made);
  return made;
}

function iconLink(): HTMLLinkElement {
  const found = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (found) return found;
  const made = document.createElement("link");
  made.rel = "icon";
  document.head.append(made);
  return made;
}

function setTone(tone: Tone): void {
  metaTheme().content = THEME[tone];
  const link = iconLink();
  if (link.getAttribute("href") !== FAVICON[tone]) link.setAttribute("href", FAVICON[tone]);
}

/** Sets title, theme colour and favicon while the calling screen lives, and says that the screen stands. */
export function usePageHead(head: () => { title: string; tone?: Tone }): void {
  const shell = useShell();
  onMount(() => shell.arrived());
  createRenderEffect(() => {
    const { title } = head();
    if (document.title !== title) document.title = title;
  });
  createEffect(() => setTone(head().tone ?? "plain"));
  onCleanup(() => setTone("plain"));
}
