import type { ParticipantView, QualityView, ReactionKindView } from "#controllers/view-models.ts";
import { moment, percent } from "../../words/format.ts";

/** One word for three bars. */
const QUALITY: Record<QualityView["bars"], string> = { 3: "Good", 2: "Fair", 1: "Weak", 0: "Nothing arrives" };

export function qualityWord(quality: QualityView): string {
  return QUALITY[quality.bars];
}

function why(quality: QualityView): string {
  switch (quality.why) {
    case "loss":
      return `${percent(quality.loss)} of the packets are lost.`;
    case "jitter":
      return `Packets come unevenly, by ${Math.round(quality.jitterMs)} ms.`;
    case "delay":
      return `A word needs ${Math.round(quality.roundTripMs ?? 0)} ms there and back.`;
    case "nothing":
      return "Nothing arrives at the moment.";
    case "good":
      return "Little is lost, nothing is late.";
  }
}

/** What the bars mean, and that the recording has nothing to do with it. */
export function qualitySentence(quality: QualityView): string {
  return quality.bars === 3 ? why(quality) : `${why(quality)} The recording is not affected.`;
}

/** The reactions in their order, and the word of each. */
export const REACTIONS: readonly { readonly kind: ReactionKindView; readonly name: string }[] = [
  { kind: "thumbs-up", name: "Thumbs up" },
  { kind: "clap", name: "Applause" },
  { kind: "heart", name: "Heart" },
  { kind: "laugh", name: "Laughter" },
  { kind: "surprise", name: "Surprise" },
  { kind: "celebrate", name: "Celebration" },
];

function reactionName(kind: ReactionKindView): string {
  return REACTIONS.find((each) => each.kind === kind)?.name ?? kind;
}

const RECORDING: Partial<Record<ParticipantView["state"], string>> = {
  recording: "Recording",
  starting: "Starting to record",
  "not-recording": "Not recording",
  "out-of-reach": "Out of reach",
};

/** All that the signs on a tile say, as sentences for those who do not see them. */
export function tileSentence(person: ParticipantView): string {
  const parts: (string | undefined)[] = [
    person.muted ? "Muted" : undefined,
    person.cameraOff ? "Camera off" : undefined,
    RECORDING[person.state],
    person.handPlace === undefined ? undefined : `Hand raised, place ${person.handPlace}`,
    person.reaction === undefined ? undefined : reactionName(person.reaction),
  ];
  const said = parts.filter((part) => part !== undefined).map((part) => `${part}.`);
  if (person.quality)
    said.push(`Connection: ${qualityWord(person.quality).toLowerCase()}. ${qualitySentence(person.quality)}`);
  return said.join(" ");
}

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** "21:14" today, "Yesterday, 21:14" after midnight. */
export function chatTime(atMs: number, nowMs: number = Date.now()): string {
  const said = moment(atMs, nowMs);
  return said.startsWith("Today, ") ? TIME.format(atMs) : said;
}
