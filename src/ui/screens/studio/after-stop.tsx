import type { AfterStopView, StudioView, TallyView } from "#controllers/view-models.ts";
import Check from "lucide-solid/icons/check";
import FolderDown from "lucide-solid/icons/folder-down";
import { createUniqueId, type JSX, Show } from "solid-js";
import { Tape } from "../../parts/tape.tsx";
import { about, bytes, bytesOf, clock, span } from "../../words/format.ts";
import { missingWords, safeSentence } from "./studio-words.ts";

function Draining(props: {
  after: AfterStopView;
  tally: Extract<TallyView, { phase: "draining" | "waiting" | "stopping" }>;
  tryNow(): void;
}): JSX.Element {
  const id = createUniqueId();
  const waiting = (): boolean => props.tally.phase === "waiting";
  const etaMs = (): number | undefined => (props.tally.phase === "draining" ? props.tally.etaMs : undefined);
  const share = (): number => (props.after.bytesTotal > 0 ? props.after.bytesArrived / props.after.bytesTotal : 0);
  return (
    <section class="after" data-state="draining" aria-labelledby={id}>
      <div class="title-block">
        <h2 class="big" id={id}>
          {waiting() ? "Kept on this device" : "Keep this page open"}
        </h2>
        <p class="said">
          <Show when={waiting()} fallback="The rest of your take is on its way. You can go on talking.">
            {bytes(props.after.bytesTotal - props.after.bytesArrived)} wait for a network. You can close this page; open
            Tapesync here when you are online.
          </Show>
        </p>
      </div>
      <div class="stack-2">
        <Tape
          name="Upload of your take"
          tape={{
            lengthMs: props.after.lengthMs,
            keptMs: props.after.lengthMs,
            arrivedMs: props.after.lengthMs * Math.min(share(), 0.999),
            gaps: props.after.missing,
            live: false,
            local: false,
          }}
        />
        <div class="split">
          <span>{bytesOf(props.after.bytesArrived, props.after.bytesTotal)} arrived and checked</span>
          <span>{etaMs() === undefined ? "" : about(etaMs() ?? 0)}</span>
        </div>
      </div>
      <Show
        when={waiting()}
        fallback={
          <p class="fine">
            If you must go now: nothing is lost. The rest stays on this device and is uploaded the next time you open
            Tapesync.
          </p>
        }
      >
        <div class="button-row">
          <button type="button" class="button" onClick={() => props.tryNow()}>
            Try now
          </button>
        </div>
      </Show>
    </section>
  );
}

function Proof(props: { after: AfterStopView }): JSX.Element {
  return (
    <dl class="proof">
      <div>
        <dt>Recorded</dt>
        <dd>{clock(props.after.lengthMs)}</dd>
      </div>
      <div>
        <dt>Arrived and checked</dt>
        <dd>{bytesOf(props.after.bytesArrived, props.after.bytesTotal)}</dd>
      </div>
      <div>
        <dt>Missing</dt>
        <dd>{missingWords(props.after)}</dd>
      </div>
    </dl>
  );
}

function Safe(props: { view: StudioView; after: AfterStopView; leave(): void; stay(): void }): JSX.Element {
  const id = createUniqueId();
  const host = (): boolean => props.view.role !== "guest";
  return (
    <section class="after" data-state="safe" aria-labelledby={id}>
      <div class="lit-mid">
        <div class="big-tick" aria-hidden="true">
          <Check class="icon" aria-hidden="true" />
        </div>
        <div class="title-block">
          <h2 class="big" id={id}>
            Safe to leave
            <Show when={props.after.lostMs > 0}>
              <span class="beside-loss">
                <span class="unseen"> · </span>
                {span(props.after.lostMs)} lost
              </span>
            </Show>
          </h2>
          <p class="said">{safeSentence(props.after, host(), props.view.ownName)}</p>
        </div>
        <Show when={!host()}>
          <Proof after={props.after} />
        </Show>
      </div>
      <div class="button-row">
        <Show
          when={host()}
          fallback={
            <button type="button" class="button" data-kind="primary" data-size="main" onClick={() => props.leave()}>
              Leave
            </button>
          }
        >
          <a class="button" data-kind="primary" data-size="main" href={`/r/${props.view.room}/exports`}>
            <FolderDown class="icon" aria-hidden="true" />
            Open exports
          </a>
        </Show>
        <button type="button" class="button" data-size="main" onClick={() => props.stay()}>
          Stay in the room
        </button>
      </div>
    </section>
  );
}

/** The big panel after Stop: wait, or go. */
export function AfterStop(props: {
  view: StudioView;
  after: AfterStopView;
  leave(): void;
  stay(): void;
  tryNow(): void;
}): JSX.Element {
  const open = (): Extract<TallyView, { phase: "draining" | "waiting" | "stopping" }> | undefined => {
    const { tally } = props.view;
    return tally.phase === "draining" || tally.phase === "waiting" || tally.phase === "stopping" ? tally : undefined;
  };
  return (
    <Show
      when={open()}
      fallback={<Safe view={props.view} after={props.after} leave={() => props.leave()} stay={() => props.stay()} />}
    >
      {(tally) => <Draining after={props.after} tally={tally()} tryNow={() => props.tryNow()} />}
    </Show>
  );
}
