import { node, type XmlNode } from "./xml.ts";

/** A moment that somebody marked. */
export interface TimelineMarker {
  /** Frame of the timeline, counted from the take's zero. */
  readonly frame: number;
  /** May be empty. */
  readonly text: string;
  /** Who set it; empty when that is not known. */
  readonly name: string;
}

/** The markers of one frame, as an editor shows them. */
export interface FrameMarker {
  readonly frame: number;
  readonly value: string;
  readonly note: string | undefined;
}

/** An editor lists markers by their text: one without has this. */
const UNNAMED = "Marker";

/**
 * One marker per frame, since a clip holds no two on the same: their texts stand side by side. What lies before `origin` or
 * from `end` on is brought to the timeline's first or last frame.
 */
export function frameMarkers(markers: readonly TimelineMarker[], origin: number, end: number): FrameMarker[] {
  const clamped = markers.map((marker) => ({ ...marker, frame: Math.min(end - 1, Math.max(origin, marker.frame)) }));
  const byFrame = Map.groupBy(
    clamped.sort((a, b) => a.frame - b.frame),
    (marker) => marker.frame,
  );
  return [...byFrame].map(([frame, here]) => ({
    frame,
    value: distinct(here.map((marker) => marker.text.trim())).join(" / ") || UNNAMED,
    note: here.some((marker) => marker.name !== "")
      ? `Set by ${distinct(here.map((marker) => marker.name)).join(", ")}`
      : undefined,
  }));
}

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)].filter((text) => text !== "");

/** Marks one frame of a clip whose own time begins at 0 with the timeline. `time`: frames as FCPXML writes them. */
export function markerNode(marker: FrameMarker, origin: number, time: (frames: number) => string): XmlNode {
  const { frame, value, note } = marker;
  return node("marker", { start: time(frame - origin), duration: time(1), value, note });
}
