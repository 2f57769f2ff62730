import { keyOf, type TrackKey } from "#core/call/wanted-tracks.ts";
import type { Received } from "#core/ports/live-call.ts";
import { CallError } from "./call-error.ts";

/**
 * Plays what is heard: an audio element of its own for each sound, since echo cancellation knows what elements play. They are in
 * no document: nothing of them is to be seen.
 */
export class CallSound {
  readonly #playing = new Map<TrackKey, HTMLAudioElement>();
  readonly #held = new Set<HTMLAudioElement>();
  readonly #changed: () => void;
  readonly #failed: (error: unknown) => void;

  constructor(changed: () => void, failed: (error: unknown) => void) {
    this.#changed = changed;
    this.#failed = failed;
  }

  /** The browser plays nothing before the person presses something. */
  get isBlocked(): boolean {
    return this.#held.size > 0;
  }

  /** All that has arrived; pictures are left to others. */
  play(received: readonly Received<MediaStreamTrack>[]): void {
    const sounds = received.filter(({ media }) => media.kind === "audio");
    const keys = new Set(sounds.map(({ participant, source }) => keyOf(participant, source)));
    for (const [key, element] of this.#playing) if (!keys.has(key)) this.#stop(key, element);
    for (const { participant, source, media } of sounds) this.#hear(keyOf(participant, source), media);
  }

  /** Within a press. */
  allow(): void {
    for (const element of [...this.#held]) this.#start(element);
  }

  close(): void {
    for (const [key, element] of this.#playing) this.#stop(key, element);
  }

  #hear(key: TrackKey, media: MediaStreamTrack): void {
    const element = this.#playing.get(key) ?? new Audio();
    this.#playing.set(key, element);
    if (element.srcObject instanceof MediaStream && element.srcObject.getAudioTracks()[0] === media) return;
    element.srcObject = new MediaStream([media]);
    this.#start(element);
  }

  #start(element: HTMLAudioElement): void {
    element.play().then(
      () => this.#note(element, false),
      (error: unknown) => {
        const isPlaying = [...this.#playing.values()].includes(element);
        if (isRefusal(error) && isPlaying) this.#note(element, true);
        // A new source or a stop ends the play before it: nothing to tell.
        else if (isPlaying && !isInterruption(error)) this.#failed(CallError.playback(error));
      },
    );
  }

  #note(element: HTMLAudioElement, isHeld: boolean): void {
    const before = this.isBlocked;
    if (isHeld) this.#held.add(element);
    else this.#held.delete(element);
    if (this.isBlocked !== before) this.#changed();
  }

  #stop(key: TrackKey, element: HTMLAudioElement): void {
    this.#playing.delete(key);
    element.pause();
    element.srcObject = null;
    this.#note(element, false);
  }
}

const isRefusal = (error: unknown): boolean => error instanceof DOMException && error.name === "NotAllowedError";
const isInterruption = (error: unknown): boolean => error instanceof DOMException && error.name === "AbortError";
