import type { Problem, RoomView } from "#controllers/view-models.ts";
import HardDrive from "lucide-solid/icons/hard-drive";
import { type JSX, Show } from "solid-js";
import { usePageHead } from "../page-head.ts";
import { ProblemNote } from "../parts/note.tsx";
import { PageHead, RecordingsLink } from "../parts/page-frame.tsx";
import { bytes } from "../words/format.ts";

/** The session is over for this person, whatever they press. */
const OVER: readonly Problem["reason"][] = ["denied", "removed", "invite-used"];

/** What has not arrived, in words; a removed seat uploads no more. */
function leftWords(view: Extract<RoomView, { screen: "closed" }>): string {
  const left = `${bytes(view.bytesLeft)} are still only on this device.`;
  return view.problem?.reason === "removed"
    ? `${left} They stay here until you delete them.`
    : `${left} They upload by themselves while Tapesync is open here.`;
}

function closedTitle(problem: Problem): string {
  return problem.reason === "ended-by-host" ? "The session has ended" : "You are not in the room";
}

/** The stay has ended: on purpose, or because the host or the room said so. */
export default function Closed(props: { view: Extract<RoomView, { screen: "closed" }> }): JSX.Element {
  usePageHead(() => ({ title: "You have left · Tapesync" }));
  return (
    <>
      <PageHead>
        <RecordingsLink />
      </PageHead>
      <main class="page narrow" id="main">
        <div class="stack-4 page-start">
          <Show
            when={props.view.problem}
            fallback={
              <>
                <h1 class="page-title">You have left the room</h1>
                <p class="dim">
                  <Show
                    when={props.view.bytesLeft > 0}
                    fallback="All that you recorded has arrived. You can close this page."
                  >
                    {leftWords(props.view)}
                  </Show>
                </p>
              </>
            }
          >
            {(problem) => (
              <>
                <h1 class="page-title">{closedTitle(problem())}</h1>
                <ProblemNote problem={problem()} />
                <Show when={props.view.bytesLeft > 0}>
                  <p class="dim">{leftWords(props.view)}</p>
                </Show>
              </>
            )}
          </Show>
          <div class="button-row">
            <Show when={!props.view.problem || !OVER.includes(props.view.problem.reason)}>
              <button type="button" class="button" data-kind="primary" onClick={() => location.reload()}>
                Come in again
              </button>
            </Show>
            <Show when={props.view.problem?.reason === "removed" && props.view.bytesLeft > 0}>
              <a class="button" data-kind="primary" href="/recordings">
                <HardDrive class="icon" aria-hidden="true" />
                Open Recordings
              </a>
            </Show>
            <a class="button" href="/">
              Go to the front door
            </a>
          </div>
        </div>
      </main>
    </>
  );
}
