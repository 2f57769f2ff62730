/** Numbers and times as people read them. All durations are ms; clock times are ms since 1970. */

/** "2.51 GB", "61 GB", "38 MB", "18 KB": decimal units, three figures at most, none after the point below 1 GB. */
export function bytes(count: number): string {
  if (count >= 1e9) return `${Number((count / 1e9).toPrecision(3))} GB`;
  if (count >= 1e6) return `${Math.round(count / 1e6)} MB`;
  return `${count <= 0 ? 0 : Math.max(1, Math.round(count / 1e3))} KB`;
}

/** "2.47 of 2.51 GB": the unit of the whole once when both share it. */
export function bytesOf(part: number, whole: number): string {
  const [partText, wholeText] = [bytes(part), bytes(whole)];
  const unit = wholeText.slice(-3);
  return `${partText.endsWith(unit) ? partText.slice(0, -3) : partText} of ${wholeText}`;
}

/** "0:03", "24:18", "1:08:31". */
export function clock(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const seconds = String(total % 60).padStart(2, "0");
  const minutes = Math.floor(total / 60) % 60;
  const hours = Math.floor(total / 3600);
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}

/** "0.4 s", "3.1 s", "12 s", "1:12". */
export function span(ms: number): string {
  if (ms >= 60_000) return clock(ms);
  const seconds = ms / 1000;
  return seconds >= 10 ? `${Math.round(seconds)} s` : `${Math.max(0.1, Math.round(seconds * 10) / 10)} s`;
}

function plural(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** "20 seconds", "3 minutes", "2 hours": rounded up a little, since it is an estimate. */
export function roughly(ms: number): string {
  const seconds = ms / 1000;
  if (seconds <= 10) return plural(Math.max(1, Math.ceil(seconds)), "second");
  if (seconds < 57) return plural(Math.ceil(seconds / 5) * 5, "second");
  if (seconds < 90 * 60) return plural(Math.max(1, Math.round(seconds / 60)), "minute");
  return plural(Math.round(seconds / 3600), "hour");
}

/** "about 20 seconds". */
export function about(ms: number): string {
  return `about ${roughly(ms)}`;
}

/** "18 minutes", "16 hours" of space. */
export function spaceTime(minutes: number): string {
  return minutes < 90 ? plural(Math.round(minutes), "minute") : plural(Math.floor(minutes / 60), "hour");
}

/** 0.614 to "61%"; only a whole is 100%. */
export function percent(fraction: number): string {
  const clamped = Math.min(1, Math.max(0, fraction));
  return `${clamped >= 1 ? 100 : Math.min(99, Math.floor(clamped * 100))}%`;
}

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const WEEKDAY = new Intl.DateTimeFormat("en-GB", { weekday: "long" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long" });

function dayNumber(ms: number): number {
  const date = new Date(ms);
  return Math.round(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000);
}

/** "Today, 21:14", "Yesterday, 21:14", "Tuesday, 07:40", "12 November, 09:31". */
export function moment(ms: number, nowMs: number = Date.now()): string {
  const days = dayNumber(nowMs) - dayNumber(ms);
  const time = TIME.format(ms);
  if (days === 0) return `Today, ${time}`;
  if (days === 1) return `Yesterday, ${time}`;
  return `${days > 1 && days < 7 ? WEEKDAY.format(ms) : DAY.format(ms)}, ${time}`;
}

/** "27 November". */
export function day(ms: number): string {
  return DAY.format(ms);
}

/** "1,386". */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** "IC" of Inês Carvalho. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const first = words[0] ?? "";
  const last = words.length > 1 ? (words.at(-1) ?? "") : "";
  return ([...first][0] ?? "?").toUpperCase() + ([...last][0] ?? "").toUpperCase();
}

/** "Marek", "Marek and Joanna", "Marek, Joanna and Teo". */
export function names(list: readonly string[]): string {
  if (list.length < 2) return list[0] ?? "";
  return `${list.slice(0, -1).join(", ")} and ${list.at(-1)}`;
}

/** The first name, as used in sentences. */
export function firstName(name: string): string {
  return name.trim().split(/\s+/)[0] ?? name;
}

const SOURCES: Record<string, string> = {
  camera: "camera",
  microphone: "microphone",
  screen: "screen",
  "screen-audio": "screen sound",
};

/** "camera, microphone". */
export function sources(list: readonly string[]): string {
  return list.map((source) => SOURCES[source] ?? source).join(", ");
}

/** First letter large, for a line that begins with a list. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
