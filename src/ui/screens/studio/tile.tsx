import type { LevelView, ParticipantView, ViewSource } from "#controllers/view-models.ts";
import Check from "lucide-solid/icons/check";
import Hand from "lucide-solid/icons/hand";
import MicOff from "lucide-solid/icons/mic-off";
import Monitor from "lucide-solid/icons/monitor";
import Pin from "lucide-solid/icons/pin";
import TriangleAlert from "lucide-solid/icons/triangle-alert";
import Upload from "lucide-solid/icons/upload";
import { createMemo, createSignal, createUniqueId, type JSX, Match, Show, Switch } from "solid-js";
import { ringLevel } from "../../parts/level.tsx";
import { Picture } from "../../parts/picture.tsx";
import { Tape } from "../../parts/tape.tsx";
import { initials, percent } from "../../words/format.ts";
import { useCallLevels } from "./call-levels.ts";
import { tileSentence } from "./call-words.ts";
import { Quality } from "./quality.tsx";
import { ReactionSign } from "./reaction-sign.tsx";
import { screenKey, type StageControls } from "./stage-controls.ts";
import type { Box } from "./stage-layout.ts";
import { TileActs } from "./tile-acts.tsx";
import "../../styles/call.css";

function arrivedShare(person: ParticipantView): number {
  if (person.bytes && person.bytes.total > 0) return person.bytes.arrived / person.bytes.total;
  return person.tape && person.tape.keptMs > 0 ? person.tape.arrivedMs / person.tape.keptMs : 0;
}

/** Where a tile stands, as custom properties: the style sheet does the rest. */
export function placed(box: Box | undefined): Record<string, string> | undefined {
  if (!box) return undefined;
  return { "--x": `${box.x}px`, "--y": `${box.y}px`, "--w": `${box.width}px`, "--h": `${box.height}px` };
}

function StatePlate(props: { person: ParticipantView }): JSX.Element {
  const moving = (): boolean =>
    props.person.state === "stopped" && !props.person.safe && props.person.tape !== undefined;
  return (
    <Switch fallback={<span />}>
      <Match when={props.person.state === "recording"}>
        <span class="plate" data-state="recording">
          <span class="dot" aria-hidden="true" />
          <span>REC</span>
        </span>
      </Match>
      <Match when={props.person.state === "not-recording"}>
        <span class="plate" data-state="lost">
          <TriangleAlert class="icon" aria-hidden="true" />
          <span class="state-word">Not recording</span>
        </span>
      </Match>
      <Match when={props.person.state === "out-of-reach"}>
        <span class="plate" data-state="unsure">
          <span class="dot" aria-hidden="true" />
          <span class="state-word">Out of reach</span>
        </span>
      </Match>
      <Match when={props.person.state === "starting"}>
        <span class="plate">Starting</span>
      </Match>
      <Match when={props.person.safe}>
        <span class="plate" data-state="safe">
          <Check class="icon" aria-hidden="true" />
          Safe
        </span>
      </Match>
      <Match when={moving()}>
        <span class="plate" data-state="moving">
          <Upload class="icon" aria-hidden="true" />
          {percent(arrivedShare(props.person))}
        </span>
      </Match>
    </Switch>
  );
}

function Name(props: { name: string; role?: string; muted: boolean; pinned: boolean }): JSX.Element {
  const cut = (): number => props.name.trim().lastIndexOf(" ");
  return (
    <span class="plate">
      <Show when={props.pinned}>
        <Pin class="icon" aria-hidden="true" />
      </Show>
      <Show when={props.muted}>
        <MicOff class="icon" aria-hidden="true" />
      </Show>
      <span class="name">
        {cut() > 0 ? props.name.slice(0, cut()) : props.name}
        <Show when={cut() > 0}>
          <span class="family">{props.name.slice(cut())}</span>
        </Show>
      </span>
      <Show when={props.role}>{(role) => <span class="role wide">{role()}</span>}</Show>
    </span>
  );
}

/** What stands in the upper corner besides the state: hand, gaps, upload. */
function Signs(props: { person: ParticipantView; showTape: boolean }): JSX.Element {
  const gaps = (): number => props.person.tape?.gaps.length ?? 0;
  return (
    <span class="plates">
      <Show when={props.person.handPlace}>
        {(at) => (
          <span class="plate">
            <Hand class="icon" aria-hidden="true" />
            <span aria-hidden="true">{at()}</span>
          </span>
        )}
      </Show>
      <Show when={props.showTape && gaps() > 0}>
        <span class="plate" data-state="degraded">
          <TriangleAlert class="icon" aria-hidden="true" />
          <span class="word">
            {gaps()} gap{gaps() === 1 ? "" : "s"}
          </span>
        </span>
      </Show>
      <Show when={props.showTape && props.person.state === "recording" && !props.person.tape?.local}>
        <span class="plate wide">
          <Upload class="icon" aria-hidden="true" />
          {percent(arrivedShare(props.person))}
        </span>
      </Show>
    </span>
  );
}

/** One participant. The tile and its video element stay for as long as the participant does. */
export function PersonTile(props: {
  person: ParticipantView;
  box: Box | undefined;
  level: ViewSource<LevelView>;
  /** The tape is the host's business, and one's own. */
  showTape: boolean;
  controls: StageControls | undefined;
}): JSX.Element {
  const said = createUniqueId();
  const levels = useCallLevels();
  const [video, setVideo] = createSignal<HTMLVideoElement>();
  const hadPicture = createMemo<boolean>((before) => before || props.person.stream !== undefined, false);
  const pictured = (): boolean => props.person.stream !== undefined && !props.person.cameraOff;
  return (
    <div
      class="tile"
      role="group"
      aria-label={props.person.name}
      aria-describedby={said}
      data-tile={props.person.id}
      data-placed={props.box ? "" : undefined}
      data-crop={props.box?.crop ? "" : undefined}
      data-muted={props.person.muted ? "" : undefined}
      data-reach={props.person.state === "out-of-reach" ? "none" : undefined}
      style={placed(props.box)}
      ref={(element) => {
        if (props.person.self) ringLevel(element, props.level);
        else levels?.follow(props.person.id, element);
      }}
    >
      <Show when={hadPicture()}>
        <Picture stream={props.person.stream} mirrored={props.person.self} hidden={!pictured()} ref={setVideo} />
      </Show>
      <Show when={!pictured()}>
        <div class="off">
          <span class="initials" aria-hidden="true">
            {initials(props.person.name)}
          </span>
        </div>
      </Show>
      <p id={said} hidden>
        {tileSentence(props.person)}
      </p>
      <Show when={props.person.reaction}>
        {(kind) => (
          <span class="reaction" aria-hidden="true">
            <ReactionSign kind={kind()} />
          </span>
        )}
      </Show>
      <div class="over">
        <StatePlate person={props.person} />
        <Signs person={props.person} showTape={props.showTape} />
      </div>
      <div class="under">
        <Name
          name={props.person.name}
          role={props.person.self && props.person.name !== "You" ? "you" : undefined}
          muted={props.person.muted}
          pinned={props.controls?.pinned() === props.person.id}
        />
        <Show when={props.person.quality}>{(quality) => <Quality quality={quality()} />}</Show>
      </div>
      <Show when={props.controls}>
        {(controls) => (
          <TileActs
            controls={controls()}
            tile={props.person.id}
            what={props.person.name}
            video={pictured() ? video() : undefined}
          />
        )}
      </Show>
      <Show when={props.showTape && props.person.tape}>{(tape) => <Tape tape={tape()} />}</Show>
    </div>
  );
}

/** A shared screen, in the large place. */
export function ScreenTile(props: {
  person: ParticipantView;
  screen: NonNullable<ParticipantView["screen"]>;
  box: Box | undefined;
  controls: StageControls | undefined;
}): JSX.Element {
  const [video, setVideo] = createSignal<HTMLVideoElement>();
  const hadPicture = createMemo<boolean>((before) => before || props.screen.stream !== undefined, false);
  const what = (): string => `Screen of ${props.person.name}`;
  return (
    <div
      class="tile screen-tile"
      role="group"
      aria-label={what()}
      data-tile={screenKey(props.person.id)}
      data-placed={props.box ? "" : undefined}
      style={placed(props.box)}
    >
      <Show when={hadPicture()}>
        <Picture stream={props.screen.stream} hidden={props.screen.stream === undefined} ref={setVideo} />
      </Show>
      <Show when={props.screen.stream === undefined}>
        <div class="off">
          <Monitor class="icon" aria-hidden="true" />
        </div>
      </Show>
      <div class="under">
        <span class="plate">
          <Monitor class="icon" aria-hidden="true" />
          <span class="name">{props.person.self ? "Your screen" : what()}</span>
        </span>
      </div>
      <Show when={props.controls}>
        {(controls) => (
          <TileActs
            controls={controls()}
            tile={screenKey(props.person.id)}
            what={props.person.self ? "your screen" : `the screen of ${props.person.name}`}
            video={video()}
          />
        )}
      </Show>
    </div>
  );
}
