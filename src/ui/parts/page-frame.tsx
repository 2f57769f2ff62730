import HardDrive from "lucide-solid/icons/hard-drive";
import { type JSX, Show } from "solid-js";
import { useShell } from "../shell-context.ts";
import { Mark } from "./mark.tsx";

/** Head of the ordinary pages: the sign, and the way to Recordings unless the page brings links of its own. */
export function PageHead(props: { children?: JSX.Element; homeLink?: boolean }): JSX.Element {
  return (
    <header class="head">
      <Show
        when={props.homeLink !== false}
        fallback={
          <span class="home">
            <Mark />
            Tapesync
          </span>
        }
      >
        <a class="home" href="/">
          <Mark />
          Tapesync
        </a>
      </Show>
      <Show when={props.children}>
        <nav aria-label="Main">{props.children}</nav>
      </Show>
    </header>
  );
}

/** The link named exactly "Recordings"; the number of takes not yet safe stands beside it. */
export function RecordingsLink(props: { current?: boolean }): JSX.Element {
  const shell = useShell();
  const waiting = (): number => shell.view().takesNotSafe;
  return (
    <>
      <a
        class="button"
        data-kind="quiet"
        href="/recordings"
        aria-current={props.current ? "page" : undefined}
        aria-describedby={waiting() > 0 ? "takes-not-safe" : undefined}
      >
        <HardDrive class="icon" aria-hidden="true" />
        Recordings
        <Show when={waiting() > 0}>
          <span class="count" aria-hidden="true">
            {waiting()}
          </span>
        </Show>
      </a>
      <Show when={waiting() > 0}>
        <span class="unseen" id="takes-not-safe">
          {waiting()} not on the server yet
        </span>
      </Show>
    </>
  );
}
