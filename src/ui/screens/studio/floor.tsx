import type {
  AfterStopView,
  LevelView,
  Problem,
  StudioModel,
  StudioView,
  ViewSource,
} from "#controllers/view-models.ts";
import CloudOff from "lucide-solid/icons/cloud-off";
import { createMemo, createSignal, For, type JSX, Show } from "solid-js";
import { ProblemNote } from "../../parts/note.tsx";
import { worstFirst } from "../../words/problem-words.ts";
import { AfterStop } from "./after-stop.tsx";
import { ChatPanel } from "./chat.tsx";
import { Markers } from "./markers.tsx";
import { Announcements, Notices } from "./notices.tsx";
import { People } from "./people.tsx";
import { Stage } from "./stage.tsx";
import type { StageControls } from "./stage-controls.ts";

/** What is wrong with the call as a whole, unless the controllers have said it. */
function callProblem(view: StudioView): Problem | undefined {
  const told = (reason: Problem["reason"]): boolean => view.problems.some((problem) => problem.reason === reason);
  if (view.call.state === "reconnecting" && !told("call-lost")) return { reason: "call-lost" };
  const together = view.participants.length > 1;
  return view.call.state === "off" && together && !told("call-off") ? { reason: "call-off" } : undefined;
}

function CallProblem(props: { view: StudioView }): JSX.Element {
  const call = createMemo(() => callProblem(props.view));
  return (
    <div role="status" classList={{ unseen: call() === undefined }}>
      <Show when={call()}>{(problem) => <ProblemNote problem={problem()} />}</Show>
    </div>
  );
}

function OwnProblems(props: { view: StudioView }): JSX.Element {
  const problems = createMemo(() => worstFirst(props.view.problems));
  return (
    <>
      <CallProblem view={props.view} />
      <Show when={problems().length > 0 || props.view.connection === "lost"}>
        <div class="own-problems">
          <For each={problems()}>{(problem) => <ProblemNote problem={problem} alert />}</For>
          <Show when={props.view.connection === "lost" && problems().length === 0}>
            <div class="note" role="status">
              <CloudOff class="icon" aria-hidden="true" />
              <strong>No word from the room</strong>
              <p>Your take goes on, on this device. Tapesync keeps trying.</p>
            </div>
          </Show>
        </div>
      </Show>
    </>
  );
}

/** The floor: stage and list; after Stop the stage is a strip above the big panel. The stage is the same all the time. */
export function Floor(props: {
  view: StudioView;
  model: StudioModel;
  level: ViewSource<LevelView>;
  controls: StageControls;
  elapsedMs(): number;
  stayed: boolean;
  lit: boolean;
  chatOpen: boolean;
  closeChat(): void;
  stay(): void;
  leave(): void;
  invite(): void;
}): JSX.Element {
  const [draft, setDraft] = createSignal("");
  const host = (): boolean => props.view.role !== "guest";
  const after = (): AfterStopView | undefined => {
    const { phase } = props.view.tally;
    const open = phase === "draining" || phase === "waiting" || (phase === "safe" && !props.stayed);
    return open ? props.view.afterStop : undefined;
  };
  return (
    <main class="floor" id="main" data-lit={props.lit ? "" : undefined}>
      <h2 class="unseen" id="stage-heading" tabindex={-1}>
        Stage
      </h2>
      <Announcements view={props.view} chatOpen={props.chatOpen} />
      <div class="stage-side" data-region="stage" data-after={after() ? "" : undefined}>
        <div class="stage-fit">
          <Stage
            people={props.view.participants}
            level={props.level}
            host={host()}
            strip={after() !== undefined}
            controls={props.controls}
            showing={(pictures) => props.model.showing(pictures)}
          />
        </div>
        <Show when={after()}>
          {(panel) => (
            <AfterStop
              view={props.view}
              after={panel()}
              leave={() => props.leave()}
              stay={() => props.stay()}
              tryNow={() => props.model.tryUploadNow()}
            />
          )}
        </Show>
      </div>
      <div class="side" data-chat={props.chatOpen ? "" : undefined}>
        <Notices view={props.view} model={props.model}>
          <Show when={props.lit}>
            <CallProblem view={props.view} />
          </Show>
        </Notices>
        <Show when={!props.lit}>
          <People
            people={props.view.participants}
            host={host()}
            controls={props.controls}
            act={(id, action) => props.model.act(id, action)}
            invite={props.view.mayHost ? () => props.invite() : undefined}
            below={<Markers view={props.view} model={props.model} elapsedMs={() => props.elapsedMs()} />}
          >
            <OwnProblems view={props.view} />
          </People>
        </Show>
        <Show when={props.chatOpen}>
          <ChatPanel
            chat={props.view.chat}
            model={props.model}
            draft={draft()}
            setDraft={setDraft}
            close={() => props.closeChat()}
          />
        </Show>
      </div>
    </main>
  );
}
