import type { StudioView, TallyView } from "#controllers/view-models.ts";
import type { JSX } from "solid-js";
import { AskDialog } from "../../parts/dialogs.tsx";
import { bytes, roughly } from "../../words/format.ts";

/** Bytes that would stay behind if the person left now. */
function bytesBehind(tally: TallyView): number {
  return tally.phase === "draining" || tally.phase === "waiting" ? tally.bytesLeft : 0;
}

function others(view: StudioView): boolean {
  return view.participants.some((person) => !person.self);
}

/** The session is the host's: a co-host helps with it, and does not end it. */
function mayEnd(view: StudioView): boolean {
  return view.role === "host" && others(view);
}

/** Whether leaving needs a word first: a take runs, bytes are left, or the host may end it for everybody. */
export function leavingAsks(view: StudioView): boolean {
  return view.tally.phase === "recording" || bytesBehind(view.tally) > 0 || mayEnd(view);
}

function words(view: StudioView): { title: string; text: string } {
  const behind = bytesBehind(view.tally);
  if (view.tally.phase === "recording") {
    return {
      title: "Leave while the take runs?",
      text: "Your part of the take ends now. What was recorded so far is kept and uploaded.",
    };
  }
  if (behind > 0) {
    return {
      title: "Leave before all has arrived?",
      text: `${bytes(behind)} are still only on this device. They upload the next time you open Tapesync here.`,
    };
  }
  return { title: "Leave the room?", text: "The others stay and go on talking." };
}

/** Asks before leaving; the host can end it for everybody instead. */
export function LeaveQuestion(props: {
  view: StudioView;
  open: boolean;
  stay(): void;
  leave(): void;
  endForAll(): void;
}): JSX.Element {
  const eta = (): number | undefined => (props.view.tally.phase === "draining" ? props.view.tally.etaMs : undefined);
  const canEnd = (): boolean => mayEnd(props.view);
  return (
    <AskDialog
      open={props.open}
      title={words(props.view).title}
      text={`${words(props.view).text}${canEnd() ? " End for all stops the take and ends the session for everybody." : ""}`}
      keep={eta() === undefined ? "Stay" : `Stay, ${roughly(eta() ?? 0)}`}
      go="Leave now"
      also={canEnd() ? { name: "End for all", choose: () => props.endForAll() } : undefined}
      onKeep={() => props.stay()}
      onGo={() => props.leave()}
    />
  );
}
