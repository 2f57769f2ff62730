import type { ExportFileView, ExportsModel, ExportTakeView } from "#controllers/view-models.ts";
import AudioLines from "lucide-solid/icons/audio-lines";
import CircleOff from "lucide-solid/icons/circle-off";
import FileBraces from "lucide-solid/icons/file-braces";
import FileCheck from "lucide-solid/icons/file-check-corner";
import FileCode from "lucide-solid/icons/file-code-corner";
import FileVideo from "lucide-solid/icons/file-play";
import FileVolume from "lucide-solid/icons/file-volume";
import FolderDown from "lucide-solid/icons/folder-down";
import Monitor from "lucide-solid/icons/monitor";
import ShieldCheck from "lucide-solid/icons/shield-check";
import TriangleAlert from "lucide-solid/icons/triangle-alert";
import { type Component, For, type JSX, Show } from "solid-js";
import { Dynamic } from "solid-js/web";
import { Lanes } from "../../parts/lanes.tsx";
import { bytes, clock, day, moment, span } from "../../words/format.ts";
import { JobSteps } from "./job-card.tsx";

type Icon = Component<{ class?: string; "aria-hidden"?: "true" }>;

const KINDS: Record<ExportFileView["kind"], { icon: Icon; what: string }> = {
  video: { icon: FileVideo, what: "Camera and microphone" },
  audio: { icon: FileVolume, what: "Microphone" },
  screen: { icon: Monitor, what: "Screen" },
  timeline: { icon: FileCode, what: "Final Cut Pro and Resolve, multicam" },
  manifest: { icon: FileBraces, what: "What was captured, what arrived, every gap" },
  checksums: { icon: FileCheck, what: "To check the download" },
  other: { icon: FileBraces, what: "" },
};

/** More gaps than this are told as a number; every one stands in manifest.json. */
const GAPS_TOLD = 3;

function Proof(props: { take: ExportTakeView }): JSX.Element {
  /** Losses first: what somebody switched off is no news to them. */
  const gaps = (): ExportTakeView["gaps"] =>
    props.take.gaps.toSorted((a, b) => Number(a.off === true) - Number(b.off === true));
  return (
    <ul class="proof-line">
      <Show when={props.take.verified}>
        <li>
          <ShieldCheck class="icon" aria-hidden="true" />
          <span>{props.take.incomplete ? "Verified" : "Complete and verified"}, from each device to these files</span>
        </li>
      </Show>
      <Show when={props.take.incomplete}>
        <li data-state="degraded">
          <TriangleAlert class="icon" aria-hidden="true" />
          <span>Delivered before everything had arrived: what was missing then is a declared gap</span>
        </li>
      </Show>
      <Show when={props.take.syncWithinMs}>
        {(within) => (
          <li>
            <AudioLines class="icon" aria-hidden="true" />
            <span>
              In sync: any two tracks lie within {within() < 1 ? "1" : within().toFixed(within() < 10 ? 1 : 0)} ms of
              each other
            </span>
          </li>
        )}
      </Show>
      <For each={gaps().slice(0, GAPS_TOLD)}>
        {(gap) => (
          <li data-state={gap.off === true ? undefined : "degraded"}>
            <Show when={gap.off} fallback={<TriangleAlert class="icon" aria-hidden="true" />}>
              <CircleOff class="icon" aria-hidden="true" />
            </Show>
            <span>
              {gap.off === true ? "Switched off" : "Gap"}: {gap.who}, {gap.what}, {span(gap.lengthMs)} at{" "}
              {clock(gap.atMs)}
            </span>
          </li>
        )}
      </For>
      <Show when={gaps().length > GAPS_TOLD}>
        <li data-state={gaps()[GAPS_TOLD]?.off === true ? undefined : "degraded"}>
          <Show when={gaps()[GAPS_TOLD]?.off} fallback={<TriangleAlert class="icon" aria-hidden="true" />}>
            <CircleOff class="icon" aria-hidden="true" />
          </Show>
          <span>{gaps().length - GAPS_TOLD} more gaps, each in manifest.json</span>
        </li>
      </Show>
    </ul>
  );
}

function FileItem(props: { file: ExportFileView; number: number }): JSX.Element {
  const what = (): string => props.file.what ?? KINDS[props.file.kind].what;
  const id = (): string => `file-${props.number}-${props.file.name}`;
  return (
    <li>
      <Dynamic component={KINDS[props.file.kind].icon} class="icon" aria-hidden="true" />
      <div>
        <a href={props.file.href} download={props.file.name} aria-describedby={id()}>
          {props.file.name}
        </a>
        <span class="what" id={id()}>
          {what()}
        </span>
      </div>
      <span class="size">{bytes(props.file.bytes)}</span>
    </li>
  );
}

/** A take whose files are there. */
export function FilesCard(props: {
  take: ExportTakeView;
  model: ExportsModel;
  host: boolean;
  /** The newest: its "Download all" is the screen's one obvious action. */
  first: boolean;
}): JSX.Element {
  const titleId = (): string => `export-${props.take.id}`;
  return (
    <section class="card" aria-labelledby={titleId()}>
      <div class="take-head">
        <div>
          <h2 id={titleId()}>Take {props.take.number}</h2>
          <ul class="meta">
            <li>{moment(props.take.atMs)}</li>
            <li>{clock(props.take.lengthMs)}</li>
            <li>{props.take.people === 1 ? "1 person" : `${props.take.people} people`}</li>
            <li>{bytes(props.take.bytes)}</li>
          </ul>
        </div>
        <Show when={props.take.downloadAllHref}>
          {(href) => (
            <a
              class="button"
              data-kind={props.first ? "primary" : undefined}
              href={href()}
              download=""
              aria-describedby={titleId()}
            >
              <FolderDown class="icon" aria-hidden="true" />
              Download all
            </a>
          )}
        </Show>
      </div>
      <Proof take={props.take} />
      <Show when={props.take.state.kind !== "ready"}>
        <JobSteps take={props.take} model={props.model} host={props.host} />
      </Show>
      <Show when={props.take.lanes}>{(lanes) => <Lanes name={`Take ${props.take.number}`} view={lanes()} />}</Show>
      <ul class="files" aria-label={`Files of take ${props.take.number}`}>
        <For each={props.take.files}>{(file) => <FileItem file={file} number={props.take.number} />}</For>
      </ul>
      <Show when={props.take.expiresAtMs}>
        {(expires) => <p class="fine kept-until">Files are kept until {day(expires())}.</p>}
      </Show>
    </section>
  );
}
