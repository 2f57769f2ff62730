import type { LobbyModel, LobbyView } from "#controllers/view-models.ts";
import LoaderCircle from "lucide-solid/icons/loader-circle";
import TriangleAlert from "lucide-solid/icons/triangle-alert";
import { createMemo, createSignal, For, type JSX, Show } from "solid-js";
import { usePageHead } from "../page-head.ts";
import { DeviceFields } from "../parts/device-fields.tsx";
import { ProblemNote } from "../parts/note.tsx";
import { OwnTile } from "../parts/own-tile.tsx";
import { PageHead } from "../parts/page-frame.tsx";
import { names } from "../words/format.ts";
import { worstFirst } from "../words/problem-words.ts";

/** Longest name; the room refuses longer ones. */
const NAME_MAX = 32;

function whoIsHere(view: LobbyView): string {
  const others = view.others.filter((other) => other !== view.hostName);
  const here = others.length === 0 ? "" : `${names(others)} ${others.length === 1 ? "is" : "are"} here too.`;
  if (view.role === "host")
    return here === "" ? "You are the host. Nobody else is here yet." : here.replace(" too.", ".");
  return [view.hostName === undefined ? "" : `${view.hostName} is the host.`, here].filter(Boolean).join(" ");
}

function Consent(props: {
  view: LobbyView;
  agreed: boolean;
  setAgreed(agreed: boolean): void;
  reason: string | undefined;
  error: boolean;
}): JSX.Element {
  const what = (): string => (props.view.devices.camera === "" ? "Microphone" : "Camera and microphone");
  const forWhom = (): string =>
    props.view.role === "host" || props.view.hostName === undefined ? "" : `, for ${props.view.hostName}`;
  return (
    <>
      <div class="tick">
        <input
          type="checkbox"
          id="agree"
          checked={props.agreed}
          aria-describedby="agree-what"
          aria-invalid={props.error ? "true" : undefined}
          onChange={(event) => props.setAgreed(event.currentTarget.checked)}
        />
        <label for="agree">I agree to be recorded</label>
        <p id="agree-what">
          {what()}
          {forWhom()}.{" "}
          {props.view.takeRuns
            ? "A take runs: it records you from the moment you join."
            : "Nothing is kept before the take starts."}
        </p>
      </div>
      <button
        type="submit"
        class="button"
        data-kind="primary"
        data-size="main"
        aria-disabled={props.reason === undefined ? undefined : "true"}
        aria-busy={props.view.joining}
        aria-describedby={props.reason === undefined ? undefined : "join-why"}
      >
        <Show when={props.view.joining}>
          <LoaderCircle class="icon spin" aria-hidden="true" />
        </Show>
        Join
      </button>
      <Show when={props.reason}>
        {(reason) => (
          <p class="fine" id="join-why">
            {reason()}
          </p>
        )}
      </Show>
    </>
  );
}

function LobbyForm(props: { view: LobbyView; model: LobbyModel }): JSX.Element {
  let nameField: HTMLInputElement | undefined;
  let form: HTMLFormElement | undefined;
  const [name, setName] = createSignal(props.view.name);
  const [agreed, setAgreed] = createSignal(false);
  const [tried, setTried] = createSignal(false);
  const trimmed = (): string => name().trim();
  const reason = createMemo(() => {
    if (trimmed() === "" && !agreed()) return "Write your name and tick the box to join.";
    if (trimmed() === "") return "Write your name to join.";
    return agreed() ? undefined : "Tick the box to join.";
  });
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (props.view.joining || props.view.blocked) return;
    setTried(true);
    if (trimmed() === "") nameField?.focus();
    else if (agreed()) props.model.join(trimmed());
    else form?.querySelector<HTMLInputElement>("#agree")?.focus();
  };
  const nameMissing = (): boolean => tried() && trimmed() === "";
  return (
    <form class="lobby-form" ref={form} onSubmit={submit} noValidate>
      <div class="field all">
        <label for="your-name">Your name</label>
        <input
          class="input"
          id="your-name"
          ref={nameField}
          value={name()}
          maxLength={NAME_MAX}
          autocomplete="name"
          aria-invalid={nameMissing() ? "true" : undefined}
          aria-describedby={nameMissing() ? "name-error" : undefined}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <Show when={nameMissing()}>
          <p class="field-error" id="name-error">
            <TriangleAlert class="icon" aria-hidden="true" />
            Write the name that editors should see.
          </p>
        </Show>
      </div>
      <DeviceFields
        devices={props.view.devices}
        actions={props.model}
        level={props.model.level}
        goodLevel="Good level. Speak as you will in the interview."
      />
      <div class="join all">
        <Consent
          view={props.view}
          agreed={agreed()}
          setAgreed={(given) => props.model.consented(setAgreed(given))}
          reason={reason()}
          error={tried() && !agreed()}
        />
      </div>
    </form>
  );
}

/** `/r/:room` before joining: name, camera, microphone, consent, Join. */
export function Lobby(props: { view: LobbyView; model: LobbyModel }): JSX.Element {
  const title = (): string => (props.view.title === undefined ? "Join the room" : `Join ${props.view.title}`);
  usePageHead(() => ({ title: `${title()} · Tapesync` }));
  const problems = createMemo(() => worstFirst(props.view.problems));
  const canRetry = (reason: string): boolean => reason === "permission-refused" || reason === "device-in-use";
  return (
    <>
      <PageHead homeLink={props.view.role === "host"} />
      <main class="page lobby" id="main">
        <div class="title-block">
          <h1>{title()}</h1>
          <p class="dim">{whoIsHere(props.view)}</p>
        </div>
        <Show when={!props.view.blocked}>
          <OwnTile devices={props.view.devices} level={props.model.level} />
        </Show>
        <div class="lobby-notes" role="status">
          <For each={problems()}>
            {(problem) => (
              <ProblemNote problem={problem}>
                <Show when={canRetry(problem.reason)}>
                  <button
                    type="button"
                    class="button"
                    data-size="small"
                    data-kind="raised"
                    onClick={() => props.model.retryDevices()}
                  >
                    Try again
                  </button>
                </Show>
              </ProblemNote>
            )}
          </For>
        </div>
        <Show when={!props.view.blocked}>
          <LobbyForm view={props.view} model={props.model} />
        </Show>
      </main>
    </>
  );
}
