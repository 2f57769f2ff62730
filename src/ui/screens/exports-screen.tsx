import type { EditorLinkView, ExportsModel, ExportsView, ExportTakeView } from "#controllers/view-models.ts";
import ArrowLeft from "lucide-solid/icons/arrow-left";
import Link from "lucide-solid/icons/link";
import { createSignal, For, type JSX, Match, Show, Switch } from "solid-js";
import { usePageHead } from "../page-head.ts";
import { ProblemNote } from "../parts/note.tsx";
import { PageHead } from "../parts/page-frame.tsx";
import { useShell } from "../shell-context.ts";
import { fromSource } from "../view-store.ts";
import { day, moment } from "../words/format.ts";
import { FilesCard } from "./exports/files-card.tsx";
import { JobCard } from "./exports/job-card.tsx";
import { LoadingScreen } from "./loading-screen.tsx";

const REFUSED: Record<NonNullable<ExportsView["refused"]>, { title: string; text: string }> = {
  "link-expired": {
    title: "This link has ended",
    text: "It has expired or was taken back. Ask the host for a new one.",
  },
  "room-not-found": {
    title: "There is no such room",
    text: "It may have been deleted. Check the link, or ask the host.",
  },
  "not-allowed": {
    title: "These files are not open to you",
    text: "Join the room first, or ask the host for an editor link.",
  },
};

function EditorLinks(props: { links: readonly EditorLinkView[]; revoke(id: string): void }): JSX.Element {
  return (
    <section class="card" aria-labelledby="editor-links">
      <h2 class="section-title" id="editor-links">
        Editor links
      </h2>
      <ul class="link-list">
        <For each={props.links}>
          {(link) => (
            <li>
              <span>
                Made {moment(link.madeAtMs)}
                <span class="fine">Ends {day(link.expiresAtMs)}</span>
              </span>
              <button
                type="button"
                class="button"
                data-size="small"
                data-kind="quiet"
                aria-label={`Take back the link made ${moment(link.madeAtMs)}`}
                onClick={() => props.revoke(link.id)}
              >
                Take back
              </button>
            </li>
          )}
        </For>
      </ul>
    </section>
  );
}

/** "Copy editor link": makes one, copies it, and shows it when the browser does not let the page copy. */
function CopyEditorLink(props: { model: ExportsModel }): JSX.Element {
  const shell = useShell();
  const [busy, setBusy] = createSignal(false);
  const [shown, setShown] = createSignal<string>();
  const [failed, setFailed] = createSignal(false);
  const copy = async (): Promise<void> => {
    setBusy(true);
    setFailed(false);
    try {
      const made = await props.model.copyEditorLink();
      if (made.copied) shell.say("Editor link copied");
      else setShown(made.link);
    } catch (error) {
      setFailed(true);
      reportError(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="stack-1">
      <div class="button-row">
        <button
          type="button"
          class="button"
          aria-busy={busy()}
          onClick={() => {
            if (!busy()) void copy();
          }}
        >
          <Link class="icon" aria-hidden="true" />
          Copy editor link
        </button>
      </div>
      <Show when={shown()}>
        {(link) => (
          <input
            class="input"
            aria-label="Editor link"
            readOnly
            value={link()}
            onFocus={(event) => event.currentTarget.select()}
          />
        )}
      </Show>
      <Show when={failed()}>
        <p class="field-error" role="alert">
          The link could not be made. Try again in a moment.
        </p>
      </Show>
    </div>
  );
}

function Refused(props: { why: NonNullable<ExportsView["refused"]> }): JSX.Element {
  return (
    <main class="page" id="main">
      <div class="empty">
        <h1 class="card-title">{REFUSED[props.why].title}</h1>
        <p>{REFUSED[props.why].text}</p>
      </div>
    </main>
  );
}

function Files(props: { view: ExportsView; model: ExportsModel }): JSX.Element {
  const ready = (): ExportTakeView[] => props.view.takes.filter((take) => take.files.length > 0);
  const others = (): ExportTakeView[] => props.view.takes.filter((take) => take.files.length === 0);
  const host = (): boolean => props.view.mode === "host";
  const links = (): boolean => host() && props.view.editorLinks.length > 0;
  /** Beside the files stands what is not ready; without files it takes their place. */
  const beside = (): boolean => ready().length > 0 && others().length > 0;
  const jobs = (): JSX.Element => (
    <For each={others()}>{(take) => <JobCard take={take} model={props.model} host={host()} />}</For>
  );
  return (
    <div class="exports" data-side={beside() || links() ? "" : undefined}>
      <div class="stack-4">
        <For each={ready()}>
          {(take, index) => <FilesCard take={take} model={props.model} host={host()} first={index() === 0} />}
        </For>
        <Show when={props.view.takes.length === 0}>
          <div class="empty">
            <h2 class="card-title">No files yet</h2>
            <p>After the first take, its files are made by themselves and appear here.</p>
          </div>
        </Show>
        <Show when={!beside()}>{jobs()}</Show>
      </div>
      <Show when={beside() || links()}>
        <div class="side">
          <Show when={beside()}>{jobs()}</Show>
          <Show when={links()}>
            <EditorLinks links={props.view.editorLinks} revoke={(id) => props.model.revokeEditorLink(id)} />
          </Show>
        </div>
      </Show>
    </div>
  );
}

/** `/r/:room/exports`, for the host, a guest, or an editor who sees nothing else. */
export default function ExportsScreen(props: { model: ExportsModel }): JSX.Element {
  const view = fromSource(props.model.view);
  usePageHead(() => ({ title: `Exports · ${view().title || "Tapesync"}` }));
  return (
    <>
      <PageHead homeLink={view().mode !== "editor"}>
        <Show when={view().mode !== "editor" && !view().loading && view().refused === undefined}>
          <a class="button" data-kind="quiet" href={`/r/${view().room}`}>
            <ArrowLeft class="icon" aria-hidden="true" />
            Studio
          </a>
        </Show>
      </PageHead>
      <Switch
        fallback={
          <main class="page" id="main">
            <div class="page-head">
              <div>
                <h1 class="page-title">Exports</h1>
                <p class="dim">{view().title}</p>
              </div>
              <Show when={view().mode === "host"}>
                <CopyEditorLink model={props.model} />
              </Show>
            </div>
            <Show when={view().problem}>{(problem) => <ProblemNote problem={problem()} class="page-note" />}</Show>
            <Files view={view()} model={props.model} />
          </main>
        }
      >
        <Match when={view().refused}>{(why) => <Refused why={why()} />}</Match>
        <Match when={view().loading}>
          <LoadingScreen />
        </Match>
      </Switch>
    </>
  );
}
