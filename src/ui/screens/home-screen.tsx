import type { DeviceFactsView, HomeModel, LeftoverView, RecentView } from "#controllers/view-models.ts";
import CircleCheck from "lucide-solid/icons/circle-check";
import Download from "lucide-solid/icons/download";
import HardDrive from "lucide-solid/icons/hard-drive";
import LoaderCircle from "lucide-solid/icons/loader-circle";
import Plus from "lucide-solid/icons/plus";
import Wifi from "lucide-solid/icons/wifi";
import WifiOff from "lucide-solid/icons/wifi-off";
import { createSignal, For, type JSX, Show } from "solid-js";
import { usePageHead } from "../page-head.ts";
import { Chip, type ChipState } from "../parts/chip.tsx";
import { ProblemNote } from "../parts/note.tsx";
import { PageHead, RecordingsLink } from "../parts/page-frame.tsx";
import { Bar } from "../parts/tape.tsx";
import { useShell } from "../shell-context.ts";
import { fromSource } from "../view-store.ts";
import { about, bytes, clock, moment, percent, spaceTime } from "../words/format.ts";
import { FoundTake } from "./home-found-take.tsx";
import { HowItGoes } from "./home-how.tsx";

const RECENT: Record<RecentView["state"], { chip: ChipState; word: (recent: RecentView) => string } | undefined> = {
  safe: { chip: "safe", word: () => "Safe" },
  uploading: { chip: "moving", word: () => "Uploading" },
  waiting: { chip: "waiting", word: () => "Waiting for a network" },
  local: { chip: "local", word: () => "Only on this device" },
  none: undefined,
};

function people(recent: RecentView): string {
  if (recent.alone) return "alone";
  return recent.people === 1 ? "1 person" : `${recent.people ?? 0} people`;
}

function Recent(props: { list: readonly RecentView[] }): JSX.Element {
  return (
    <section class="full" aria-labelledby="earlier">
      <h2 class="section-title" id="earlier">
        Earlier
      </h2>
      <ul class="rooms">
        <For each={props.list}>
          {(recent) => (
            <li>
              <div>
                <a href={recent.href}>{recent.title}</a>
                <ul class="meta">
                  <Show when={recent.lengthMs}>{(length) => <li>{clock(length())}</li>}</Show>
                  <Show when={recent.alone || recent.people}>
                    <li>{people(recent)}</li>
                  </Show>
                  <li>{moment(recent.atMs)}</li>
                </ul>
              </div>
              <Show when={RECENT[recent.state]}>
                {(state) => <Chip state={state().chip}>{state().word(recent)}</Chip>}
              </Show>
            </li>
          )}
        </For>
      </ul>
    </section>
  );
}

function Leftover(props: { left: LeftoverView }): JSX.Element {
  const takes = (): string => (props.left.takes === 1 ? "one take" : `${props.left.takes} takes`);
  return (
    <section class="card full leftover" aria-label="Takes still to upload">
      <div class="state-line">
        <Show when={props.left.state === "uploading"} fallback={<Chip state="waiting">Waiting for a network</Chip>}>
          <Chip state="moving">Uploading, {percent(props.left.fraction)}</Chip>
        </Show>
        <p class="small dim">
          {bytes(props.left.bytesLeft)} of {takes()} left
          <Show when={props.left.state === "uploading" && props.left.etaMs}>{(eta) => `, ${about(eta())}`}</Show>. You
          need do nothing.
        </p>
      </div>
      <Bar name="Upload of earlier takes" fraction={props.left.fraction} />
    </section>
  );
}

function ThisDevice(props: { device: DeviceFactsView; install(): void }): JSX.Element {
  return (
    <section class="card" aria-labelledby="dev">
      <h2 class="section-title" id="dev">
        This device
      </h2>
      <ul class="device">
        <Show when={props.device.bytesFree}>
          {(free) => (
            <li>
              <HardDrive class="icon" aria-hidden="true" />
              <span>{bytes(free())} free</span>
              <span>
                <Show when={props.device.minutesFree}>
                  {(minutes) => `About ${spaceTime(minutes())} of camera and microphone`}
                </Show>
              </span>
            </li>
          )}
        </Show>
        <li>
          <Show when={props.device.online} fallback={<WifiOff class="icon" aria-hidden="true" />}>
            <Wifi class="icon" aria-hidden="true" />
          </Show>
          <span>{props.device.online ? "Online" : "No network"}</span>
          <span>{props.device.online ? "Uploads go on by themselves" : "Record alone works as always"}</span>
        </li>
        <Show when={props.device.installed}>
          <li>
            <CircleCheck class="icon" aria-hidden="true" />
            <span>Installed</span>
            <span>Opens without a network</span>
          </li>
        </Show>
        <Show when={!props.device.installed && props.device.installable}>
          <li>
            <Download class="icon" aria-hidden="true" />
            <span>Works in this browser</span>
            <span>
              <button type="button" class="link" onClick={() => props.install()}>
                Install the app
              </button>{" "}
              to open it like any other
            </span>
          </li>
        </Show>
      </ul>
    </section>
  );
}

function Hero(props: { model: HomeModel; making: boolean; keyNeeded: boolean; children: JSX.Element }): JSX.Element {
  const shell = useShell();
  const [key, setKey] = createSignal("");
  const open = async (): Promise<void> => {
    const path = await props.model.newRoom(key().trim() || undefined);
    if (path !== undefined) shell.navigate(path);
  };
  return (
    <section class="hero">
      <h1>Everyone records where they are.</h1>
      <p class="lead">
        Each person is recorded on their own device, at full quality. A bad connection never gets into the recording.
      </p>
      <Show when={props.keyNeeded}>
        <div class="field">
          <label for="studio-key">Studio key</label>
          <input
            class="input"
            id="studio-key"
            type="password"
            autocomplete="off"
            value={key()}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </div>
      </Show>
      <div class="button-row">
        <button
          type="button"
          class="button"
          data-kind="primary"
          data-size="main"
          aria-busy={props.making}
          onClick={() => {
            if (!props.making) void open();
          }}
        >
          <Show when={props.making} fallback={<Plus class="icon" aria-hidden="true" />}>
            <LoaderCircle class="icon spin" aria-hidden="true" />
          </Show>
          New room
        </button>
        <button type="button" class="button" data-size="main" onClick={() => shell.navigate("/alone")}>
          <span class="dot" aria-hidden="true" />
          Record alone
        </button>
      </div>
      {props.children}
      <p class="fine">No account. Record alone works without a network.</p>
    </section>
  );
}

/** `/` */
export default function HomeScreen(props: { model: HomeModel }): JSX.Element {
  const view = fromSource(props.model.view);
  usePageHead(() => ({ title: "Tapesync" }));
  return (
    <>
      <PageHead>
        <RecordingsLink />
      </PageHead>
      <main class="page home-page" id="main">
        <For each={view().found}>{(take) => <FoundTake take={take} model={props.model} />}</For>
        <Hero model={props.model} making={view().making} keyNeeded={view().studioKeyNeeded}>
          <Show when={view().problem}>{(problem) => <ProblemNote problem={problem()} alert />}</Show>
        </Hero>
        <ThisDevice device={view().device} install={() => props.model.install()} />
        <Show when={view().leftover}>{(left) => <Leftover left={left()} />}</Show>
        <Show when={!view().loading && view().recent.length === 0 && view().found.length === 0}>
          <HowItGoes />
        </Show>
        <Show when={view().recent.length > 0}>
          <Recent list={view().recent} />
        </Show>
      </main>
    </>
  );
}
