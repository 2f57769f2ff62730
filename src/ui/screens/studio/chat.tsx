import type { ChatLineView, ChatView, StudioModel } from "#controllers/view-models.ts";
import Lock from "lucide-solid/icons/lock";
import Send from "lucide-solid/icons/send";
import X from "lucide-solid/icons/x";
import { createEffect, createUniqueId, For, type JSX, on, onCleanup, onMount, Show } from "solid-js";
import { chatTime } from "./call-words.ts";

/** Letters of a message; the room takes no longer ones (protocol/chat.ts, MAX_CHAT_LETTERS). */
const MESSAGE_MAX = 2000;
/** Whoever has scrolled up further than this reads, and is left where they are. */
const NEAR_THE_END_PX = 80;

const CANNOT: Record<Exclude<ChatView["state"], "ready">, string> = {
  "no-key":
    "You can’t read or write here: the link that you used has no key in it. Ask the host for the whole link, with everything behind the #.",
  offline: "The room can’t be reached. You can write again when it is back.",
};

function Line(props: { line: ChatLineView }): JSX.Element {
  return (
    <li class="chat-line" data-self={props.line.self ? "" : undefined} data-state={props.line.state}>
      <p class="chat-who">
        <b>{props.line.self ? "You" : props.line.from}</b>{" "}
        <time datetime={new Date(props.line.atMs).toISOString()}>{chatTime(props.line.atMs)}</time>
        <Show when={props.line.state === "sending"}> · sending</Show>
      </p>
      <Show
        when={props.line.state !== "unreadable"}
        fallback={<p class="chat-text dim">This message can’t be read: it was not made with your room’s key.</p>}
      >
        <p class="chat-text" dir="auto">
          {props.line.text}
        </p>
      </Show>
    </li>
  );
}

function Lines(props: { lines: readonly ChatLineView[]; ready: boolean }): JSX.Element {
  let log: HTMLDivElement | undefined;
  const toEnd = (): void => {
    if (log) log.scrollTop = log.scrollHeight;
  };
  onMount(toEnd);
  createEffect(
    on(
      () => [props.lines.length, props.lines.at(-1)?.self] as const,
      ([, own]) => {
        if (!log) return;
        const below = log.scrollHeight - log.scrollTop - log.clientHeight;
        const last = log.querySelector<HTMLElement>("li:last-child")?.offsetHeight ?? 0;
        if (own || below - last < NEAR_THE_END_PX) toEnd();
      },
      { defer: true },
    ),
  );
  return (
    <div class="chat-log" role="log" aria-label="Messages" tabindex={0} ref={log}>
      <Show
        when={props.lines.length > 0}
        fallback={
          <Show when={props.ready}>
            <p class="dim small">No messages yet. Everybody in the room sees what is written here.</p>
          </Show>
        }
      >
        <ul>
          <For each={props.lines}>{(line) => <Line line={line} />}</For>
        </ul>
      </Show>
    </div>
  );
}

/** Chat beside the talk. Words are text nodes; links stay plain text. */
export function ChatPanel(props: {
  chat: ChatView;
  model: StudioModel;
  /** What is being written; outlives the panel. */
  draft: string;
  setDraft(text: string): void;
  close(): void;
}): JSX.Element {
  let field: HTMLTextAreaElement | undefined;
  const id = createUniqueId();
  const ready = (): boolean => props.chat.state === "ready";
  const send = (): void => {
    const said = props.draft.trim();
    if (said === "" || !ready()) return;
    props.model.sendChat(said);
    props.setDraft("");
    field?.focus();
  };
  onMount(() => {
    props.model.watchChat(true);
    field?.focus({ preventScroll: true });
  });
  onCleanup(() => props.model.watchChat(false));
  return (
    <section
      class="chat"
      aria-labelledby={id}
      data-region="chat"
      onKeyDown={(event) => {
        if (event.key !== "Escape" || event.isComposing) return;
        event.preventDefault();
        props.close();
      }}
    >
      <header>
        <h2 id={id}>Chat</h2>
        <button
          type="button"
          class="button"
          data-kind="quiet"
          data-only-icon
          data-size="small"
          aria-label="Close"
          onClick={() => props.close()}
        >
          <X class="icon" aria-hidden="true" />
        </button>
      </header>
      <Lines lines={props.chat.lines} ready={ready()} />
      <Show when={props.chat.state !== "ready" && CANNOT[props.chat.state]}>
        {(why) => (
          <p class="note chat-cannot" role="status">
            <span>{why()}</span>
          </p>
        )}
      </Show>
      <form
        class="chat-form"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <textarea
          class="input"
          ref={field}
          aria-label="Message"
          placeholder="Write to everybody"
          rows={1}
          maxLength={MESSAGE_MAX}
          enterkeyhint="send"
          value={props.draft}
          disabled={props.chat.state === "no-key"}
          onInput={(event) => props.setDraft(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        <button
          type="submit"
          class="button"
          data-kind="raised"
          data-only-icon
          aria-label="Send"
          aria-disabled={ready() && props.draft.trim() !== "" ? undefined : "true"}
        >
          <Send class="icon" aria-hidden="true" />
        </button>
      </form>
      <p class="chat-fine fine">
        <Lock class="icon" aria-hidden="true" />
        End-to-end encrypted with the key in your link
      </p>
    </section>
  );
}
