import type { CallTrack, Rid } from "#protocol/call.ts";
import type { ParticipantId, Source } from "#protocol/ids.ts";
import type { Publisher, ShownPicture } from "../ports/live-call.ts";
import { layerFor } from "./layer-choice.ts";

/** PRODUCT.md: a stage of at most six video subscriptions. */
export const MOST_CAMERAS = 6;

/** One track of somebody else that is to be pulled. */
export interface WantedTrack {
  readonly key: TrackKey;
  readonly participant: ParticipantId;
  readonly source: Source;
  readonly track: CallTrack;
  /** `null`: it has one encoding. */
  readonly layer: Rid | null;
}

/** A participant's source; a track that replaces another one keeps it. */
export type TrackKey = `${ParticipantId} ${Source}`;

export const keyOf = (participant: ParticipantId, source: Source): TrackKey => `${participant} ${source}`;

/** What is to be pulled: every sound, the shown screens, and the first six shown cameras (CA10). `layerNow`: of a key, to stay near. */
export function wantedTracks(
  publishers: readonly Publisher[],
  pictures: readonly ShownPicture[],
  layerNow: (key: TrackKey) => Rid | null,
): ReadonlyMap<TrackKey, WantedTrack> {
  const widths = shownWidths(pictures, publishers);
  const wanted = new Map<TrackKey, WantedTrack>();
  for (const { participant, tracks } of publishers) {
    for (const track of tracks) {
      const { source } = track;
      const key = keyOf(participant, source);
      const width = widths.get(key);
      const isSound = source === "microphone" || source === "screen-audio";
      if (!isSound && width === undefined) continue;
      const layer = track.simulcast && width !== undefined ? layerFor(width, layerNow(key)) : null;
      wanted.set(key, { key, participant, source, track, layer });
    }
  }
  return wanted;
}

/** The widest place of each picture that is pulled. A camera that nobody publishes takes no place of the six. */
function shownWidths(
  pictures: readonly ShownPicture[],
  publishers: readonly Publisher[],
): ReadonlyMap<TrackKey, number> {
  const published = new Set(
    publishers.flatMap(({ participant, tracks }) => tracks.map(({ source }) => keyOf(participant, source))),
  );
  const widths = new Map<TrackKey, number>();
  let cameras = 0;
  for (const { participant, source, width } of pictures) {
    const key = keyOf(participant, source);
    if (!published.has(key)) continue;
    const isNew = !widths.has(key);
    if (isNew && source === "camera" && cameras >= MOST_CAMERAS) continue;
    if (isNew && source === "camera") cameras++;
    widths.set(key, Math.max(width, widths.get(key) ?? 0));
  }
  return widths;
}
