import type { DevicesModel, DevicesView } from "#controllers/view-models.ts";
import Mic from "lucide-solid/icons/mic";
import Video from "lucide-solid/icons/video";
import { createMemo, createUniqueId, For, type JSX, lazy, Show, Suspense } from "solid-js";
import { LevelMeter } from "./level.tsx";

/** Asked for once the devices are open: it must not delay the lobby. */
const MicrophoneTreatmentFields = lazy(() => import("./microphone-treatment.tsx"));

type DeviceActions = Pick<DevicesModel, "chooseCamera" | "chooseMicrophone" | "treatMicrophone">;

function CameraField(props: { devices: DevicesView; actions: DeviceActions; disabled?: boolean }): JSX.Element {
  const id = createUniqueId();
  return (
    <div class="field">
      <label for={id}>Camera</label>
      <div class="with-icon">
        <Video class="icon" aria-hidden="true" />
        <select
          class="input"
          id={id}
          disabled={props.disabled}
          onChange={(event) => props.actions.chooseCamera(event.currentTarget.value)}
        >
          <For each={props.devices.cameras}>
            {(camera) => (
              <option value={camera.id} selected={camera.id === props.devices.camera}>
                {camera.label}
              </option>
            )}
          </For>
          <option value="" selected={props.devices.camera === ""}>
            No camera
          </option>
        </select>
      </div>
    </div>
  );
}

function MicrophoneField(props: {
  devices: DevicesView;
  actions: DeviceActions;
  disabled?: boolean;
  level?: DevicesModel["level"];
  goodLevel?: string;
}): JSX.Element {
  const id = createUniqueId();
  return (
    <div class="field">
      <label for={id}>Microphone</label>
      <div class="with-icon">
        <Mic class="icon" aria-hidden="true" />
        <select
          class="input"
          id={id}
          disabled={props.disabled}
          onChange={(event) => props.actions.chooseMicrophone(event.currentTarget.value)}
        >
          <For
            each={props.devices.microphones}
            fallback={
              <option value="" selected>
                No microphone
              </option>
            }
          >
            {(microphone) => (
              <option value={microphone.id} selected={microphone.id === props.devices.microphone}>
                {microphone.label}
              </option>
            )}
          </For>
        </select>
      </div>
      <Show when={props.level}>
        {(level) => (
          <LevelMeter source={level()} words={props.goodLevel === undefined ? undefined : { good: props.goodLevel }} />
        )}
      </Show>
    </div>
  );
}

/** Camera and microphone as native selects: they have the role `combobox` and open the phone's own picker. */
export function DeviceFields(props: {
  devices: DevicesView;
  actions: DeviceActions;
  level?: DevicesModel["level"];
  /** What to say while the level is good. */
  goodLevel?: string;
  disabled?: boolean;
}): JSX.Element {
  // stays: a choice opens the microphone anew, and must not take the focus away
  const opened = createMemo<boolean>((before) => before || !props.devices.opening, false);
  return (
    <>
      <CameraField devices={props.devices} actions={props.actions} disabled={props.disabled} />
      <MicrophoneField
        devices={props.devices}
        actions={props.actions}
        disabled={props.disabled}
        level={props.level}
        goodLevel={props.goodLevel}
      />
      <Show when={props.devices.microphone !== "" || props.devices.opening}>
        <Show when={opened()} fallback={<div class="treatment-place" />}>
          <Suspense fallback={<div class="treatment-place" />}>
            <MicrophoneTreatmentFields
              treatment={props.devices.treatment}
              disabled={props.disabled}
              change={(change) => props.actions.treatMicrophone(change)}
            />
          </Suspense>
        </Show>
      </Show>
    </>
  );
}
