import type { LaneView } from "#controllers/view-models.ts";
import CircleCheck from "lucide-solid/icons/circle-check";
import Link from "lucide-solid/icons/link";
import { For, type JSX } from "solid-js";
import { Strip } from "../parts/lanes.tsx";

/** Bars of the little picture; a picture only, so any shape that looks like speech will do. */
const PICTURE_BARS = 90;

function pictureLane(id: string, from: number, phase: number): LaneView {
  const peaks = Uint8Array.from({ length: PICTURE_BARS }, (_, bar) => {
    const speech = Math.sin(bar / 7 + phase) > 0.2 ? 170 : 12;
    return Math.round(speech * (0.55 + 0.45 * Math.abs(Math.sin(bar * 1.7 + phase * 3))));
  });
  return { id, name: id, kind: "person", fromMs: from, toMs: 100, wave: { peaks }, gaps: [] };
}

const PICTURE_LANES = [pictureLane("a", 0, 0), pictureLane("b", 12, 2.1), pictureLane("c", 0, 4)];

/** The four steps, for those who are here for the first time. */
export function HowItGoes(): JSX.Element {
  return (
    <section class="full" aria-labelledby="how">
      <h2 class="section-title" id="how">
        How it goes
      </h2>
      <ol class="how">
        <li>
          <div class="scene" aria-hidden="true">
            <span class="scene-link">
              <Link class="icon" aria-hidden="true" />
              studio.example/r/ferries
            </span>
          </div>
          <h3>Send the link</h3>
          <p>Guests join with their name. No account, nothing to install.</p>
        </li>
        <li>
          <div class="scene scene-rec" aria-hidden="true">
            <span class="lamp" />
            <b>REC</b>
            <span class="clock">0:03</span>
          </div>
          <h3>Press Record</h3>
          <p>All devices start together. Each keeps its own take on its own disk.</p>
        </li>
        <li>
          <div class="scene scene-safe" aria-hidden="true">
            <CircleCheck class="icon" aria-hidden="true" />
            <b>Safe to leave</b>
          </div>
          <h3>Wait for the light</h3>
          <p>When the window lights up, everything has arrived and been checked.</p>
        </li>
        <li>
          <div class="scene" aria-hidden="true">
            <For each={PICTURE_LANES}>{(lane) => <Strip lane={lane} lengthMs={100} />}</For>
          </div>
          <h3>Hand it over</h3>
          <p>One file per person, and a timeline that lines them up.</p>
        </li>
      </ol>
    </section>
  );
}
