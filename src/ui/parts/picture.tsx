import { createEffect, type JSX } from "solid-js";

/** A silent picture of a stream; `mirrored` for one's own camera. Never carries sound. */
export function Picture(props: { stream: MediaStream; mirrored?: boolean }): JSX.Element {
  let video: HTMLVideoElement | undefined;
  createEffect(() => {
    const stream = props.stream;
    if (!video || video.srcObject === stream) return;
    // the attribute alone does not mute an element that was cloned from a template
    video.muted = true;
    video.srcObject = stream;
  });
  return (
    <video
      ref={video}
      autoplay
      playsinline
      muted
      tabindex={-1}
      aria-hidden="true"
      data-mirrored={props.mirrored ? "" : undefined}
    />
  );
}
