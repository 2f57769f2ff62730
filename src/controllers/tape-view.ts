/** A stretch that a track does not have. All times are ms since the start of the take. */
export interface GapView {
  readonly atMs: number;
  readonly lengthMs: number;
}

/** The tape of one participant or take: what was recorded, what of it has a receipt, what is missing. */
export interface TapeView {
  /** Length of the take so far, ms; the whole width of the tape. */
  readonly lengthMs: number;
  /** Recorded and sealed (or in the encoder), ms from the start; less than `lengthMs` when it ended early. */
  readonly keptMs: number;
  /** Has receipts, as ms of media (a fraction of bytes is near enough). */
  readonly arrivedMs: number;
  /** Losses. */
  readonly gaps: readonly GapView[];
  /** Stretches in which the person had a source switched off; not a loss, so never amber. Absent: not known here. */
  readonly off?: readonly GapView[];
  /** The head is moving: this is being recorded now. */
  readonly live: boolean;
  /** No server knows of it (recorded alone): grey hatching. */
  readonly local: boolean;
}

/** Peaks of one track, drawn as a waveform. */
export interface WaveView {
  /** One value per bucket, 0 silent to 255 full scale, evenly over [fromMs, toMs]. At most about 600 are drawn. */
  readonly peaks: Uint8Array;
}

/** One lane of the timeline strip: a participant's (or a screen's) stretch of the take. */
export interface LaneView {
  readonly id: string;
  /** "Inês Carvalho", or "Screen of Inês". */
  readonly name: string;
  readonly kind: "person" | "screen";
  /** Placement on the take's timeline, ms. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Absent while it is being computed, or when the track has no sound. */
  readonly wave?: WaveView;
  readonly gaps: readonly GapView[];
  /** As in {@link TapeView}. */
  readonly off?: readonly GapView[];
}

/** The take as it lies on the editor's timeline. */
export interface LanesView {
  readonly lengthMs: number;
  readonly lanes: readonly LaneView[];
}
