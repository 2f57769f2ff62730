import { createEffect, type JSX } from "solid-js";

/**
 * A silent picture of a stream; `mirrored` for one's own camera. Never carries sound. The element stays when the
 * stream goes and comes: only `srcObject` changes, and only when the stream is another one.
 */
export function Picture(props: {
  stream: MediaStream | undefined;
  mirrored?: boolean;
  hidden?: boolean;
  ref?: (video: HTMLVideoElement) => void;
}): JSX.Element {
  let video: HTMLVideoElement | undefined;
  createEffect(() => {
    const stream = props.stream ?? null;
    if (!video || video.srcObject === stream) return;
    // the attribute alone does not mute an element that was cloned from a template
    video.muted = true;
    video.srcObject = stream;
  });
  return (
    <video
      ref={(element) => {
        video = element;
        props.ref?.(element);
      }}
      autoplay
      playsinline
      muted
      tabindex={-1}
      aria-hidden="true"
      hidden={props.hidden}
      data-mirrored={props.mirrored ? "" : undefined}
    />
  );
}
