import * as v from "valibot";
import { chatMessage, type ChatMessage } from "#protocol/chat.ts";
import { type Sha256, seq, sha256, type TakeId, type TrackId } from "#protocol/ids.ts";
import type { MarkerId } from "#protocol/markers.ts";
import { count } from "#protocol/units.ts";
import {
  goneRow,
  inviteRow,
  linkRow,
  type MarkerRow,
  markerRow,
  metaRow,
  participantRow,
  type PurgeRow,
  purgeRow,
  type RoomState,
  type Take,
  takeRow,
  type Track,
  trackRow,
} from "./room-state.ts";

const TABLES = ["participants", "takes", "links", "invites", "gone", "purges"] as const;

const ledgerRow = v.object({ seq, sha256, bytes: count });
/** One stored epoch. */
export type LedgerRow = v.InferOutput<typeof ledgerRow>;
const range = v.object({ first: seq, last: seq });

/** A document per row, and the ledger in columns, since it is large. */
const SCHEMA = [
  "CREATE TABLE IF NOT EXISTS meta (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL)",
  ...TABLES.map(
    (table) => `CREATE TABLE IF NOT EXISTS ${table} (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID`,
  ),
  "CREATE TABLE IF NOT EXISTS tracks (take TEXT, track TEXT, body TEXT NOT NULL, PRIMARY KEY (take, track)) WITHOUT ROWID",
  `CREATE TABLE IF NOT EXISTS epochs (
     take TEXT, track TEXT, seq INTEGER, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL,
     PRIMARY KEY (take, track, seq)
   ) WITHOUT ROWID`,
  "CREATE TABLE IF NOT EXISTS chat (number INTEGER PRIMARY KEY, body TEXT NOT NULL)",
  "CREATE TABLE IF NOT EXISTS markers (take TEXT, marker TEXT, body TEXT NOT NULL, PRIMARY KEY (take, marker)) WITHOUT ROWID",
];

const bodyOf = v.pipe(
  v.string(),
  v.transform((text): unknown => JSON.parse(text)),
);

/** The room's rows in the SQLite storage of its Durable Object. All calls are synchronous; what one turn writes is atomic. */
export class RoomStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Makes the tables. Not done before a room is made, so that asking for unknown rooms stores nothing. */
  create(): void {
    for (const statement of SCHEMA) this.#sql.exec(statement);
  }

  /** The room as it is stored; `null` when there is none. */
  load(): RoomState | null {
    if (!this.#hasTables()) return null;
    // A room from before some of the tables.
    this.create();
    const [meta] = this.#bodies("meta", metaRow);
    if (!meta) return null;
    const tracks = this.#loadTracks();
    const markers = this.#loadMarkers();
    const takes = this.#bodies("takes", takeRow).map(
      (row): Take => ({
        row,
        tracks: tracks.get(row.take) ?? new Map<TrackId, Track>(),
        markers: markers.get(row.take) ?? new Map<MarkerId, MarkerRow>(),
      }),
    );
    return {
      meta,
      participants: new Map(this.#bodies("participants", participantRow).map((row) => [row.participant, row])),
      takes: new Map(takes.map((take) => [take.row.take, take])),
      links: new Map(this.#bodies("links", linkRow).map((row) => [row.link, row])),
      invites: new Map(this.#bodies("invites", inviteRow).map((row) => [row.hash, row])),
      chat: this.#bodies("chat", chatMessage).sort((a, b) => a.number - b.number),
      gone: new Map(this.#bodies("gone", goneRow).map((row) => [row.take, row])),
      purges: new Map(this.#bodies("purges", purgeRow).map((row) => [row.prefix, row])),
      online: new Map(),
    };
  }

  #hasTables(): boolean {
    return this.#sql.exec("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'meta'").toArray().length > 0;
  }

  #bodies<Schema extends v.GenericSchema>(
    table: "meta" | "chat" | "markers" | (typeof TABLES)[number],
    schema: Schema,
  ): v.InferOutput<Schema>[] {
    const rows = this.#sql.exec(`SELECT body FROM ${table}`).toArray();
    return rows.map((row) => v.parse(schema, v.parse(bodyOf, row.body)));
  }

  #loadTracks(): Map<TakeId, Map<TrackId, Track>> {
    const held = new Map<string, { epochs: number; bytes: number }>();
    const counted = v.object({ take: v.string(), track: v.string(), epochs: v.number(), bytes: v.number() });
    const counts = this.#sql.exec(
      "SELECT take, track, COUNT(*) AS epochs, SUM(bytes) AS bytes FROM epochs GROUP BY take, track",
    );
    for (const one of counts) {
      const { take, track, epochs, bytes } = v.parse(counted, one);
      held.set(`${take}/${track}`, { epochs, bytes });
    }
    const byTake = new Map<TakeId, Map<TrackId, Track>>();
    for (const { body } of this.#sql.exec("SELECT body FROM tracks")) {
      const row = v.parse(trackRow, v.parse(bodyOf, body));
      const tracks = byTake.get(row.take) ?? new Map<TrackId, Track>();
      tracks.set(row.track, { row, ...(held.get(`${row.take}/${row.track}`) ?? { epochs: 0, bytes: 0 }) });
      byTake.set(row.take, tracks);
    }
    return byTake;
  }

  #loadMarkers(): Map<TakeId, Map<MarkerId, MarkerRow>> {
    const byTake = new Map<TakeId, Map<MarkerId, MarkerRow>>();
    for (const row of this.#bodies("markers", markerRow)) {
      const known = byTake.get(row.take) ?? new Map<MarkerId, MarkerRow>();
      byTake.set(row.take, known.set(row.marker, row));
    }
    return byTake;
  }

  /** Stores what has changed: rows that are other objects than before. */
  save(before: RoomState | null, after: RoomState): void {
    if (before?.meta !== after.meta) {
      this.#sql.exec("INSERT OR REPLACE INTO meta (id, body) VALUES (1, ?)", JSON.stringify(after.meta));
    }
    this.#saveRows("participants", before?.participants, after.participants);
    this.#saveRows("links", before?.links, after.links);
    this.#saveRows("invites", before?.invites, after.invites);
    if (before?.chat !== after.chat) this.#saveChat(before?.chat ?? [], after.chat);
    this.#saveRows("gone", before?.gone, after.gone);
    this.#saveRows("purges", before?.purges, after.purges);
    if (before?.takes !== after.takes) this.#saveTakes(before?.takes, after.takes);
  }

  #saveRows(
    table: (typeof TABLES)[number],
    before: ReadonlyMap<string, object> | undefined,
    after: ReadonlyMap<string, object>,
  ): void {
    if (before === after) return;
    for (const [id, row] of after) {
      if (before?.get(id) === row) continue;
      this.#sql.exec(`INSERT OR REPLACE INTO ${table} (id, body) VALUES (?, ?)`, id, JSON.stringify(row));
    }
    for (const id of before?.keys() ?? []) {
      if (!after.has(id)) this.#sql.exec(`DELETE FROM ${table} WHERE id = ?`, id);
    }
  }

  #saveTakes(before: ReadonlyMap<TakeId, Take> | undefined, after: ReadonlyMap<TakeId, Take>): void {
    const rows = (takes: ReadonlyMap<TakeId, Take> | undefined) =>
      new Map([...(takes ?? [])].map(([id, take]) => [id, take.row]));
    this.#saveRows("takes", rows(before), rows(after));
    for (const [id, take] of after) {
      const known = before?.get(id);
      if (known?.tracks !== take.tracks) this.#saveTracks(take, known);
      if (known?.markers !== take.markers) this.#saveMarkers(take, known);
    }
    for (const id of before?.keys() ?? []) {
      if (after.has(id)) continue;
      this.#sql.exec("DELETE FROM tracks WHERE take = ?", id);
      this.#sql.exec("DELETE FROM epochs WHERE take = ?", id);
      this.#sql.exec("DELETE FROM markers WHERE take = ?", id);
    }
  }

  #saveTracks({ tracks }: Take, before: Take | undefined): void {
    for (const { row } of tracks.values()) {
      if (before?.tracks.get(row.track)?.row === row) continue;
      const body = JSON.stringify(row);
      this.#sql.exec("INSERT OR REPLACE INTO tracks (take, track, body) VALUES (?, ?, ?)", row.take, row.track, body);
    }
  }

  #saveMarkers({ markers }: Take, before: Take | undefined): void {
    for (const row of markers.values()) {
      if (before?.markers.get(row.marker) === row) continue;
      const body = JSON.stringify(row);
      this.#sql.exec(
        "INSERT OR REPLACE INTO markers (take, marker, body) VALUES (?, ?, ?)",
        row.take,
        row.marker,
        body,
      );
    }
  }

  /** Messages never change: new ones follow, old ones go. */
  #saveChat(before: readonly ChatMessage[], after: readonly ChatMessage[]): void {
    const last = before.at(-1)?.number ?? 0;
    for (const message of after) {
      if (message.number <= last) continue;
      this.#sql.exec("INSERT INTO chat (number, body) VALUES (?, ?)", message.number, JSON.stringify(message));
    }
    this.#sql.exec("DELETE FROM chat WHERE number < ?", after[0]?.number ?? 0);
  }

  /** The room is gone; only what is still to be deleted from the bucket stays. */
  erase(): void {
    for (const table of ["meta", ...TABLES, "tracks", "epochs", "chat", "markers"]) {
      this.#sql.exec(`DELETE FROM ${table}`);
    }
  }

  /** The purge that a deleted room has left behind. */
  grave(): PurgeRow | null {
    return this.#hasTables() ? (this.#bodies("purges", purgeRow)[0] ?? null) : null;
  }

  setGrave(purge: PurgeRow): void {
    this.#saveRows("purges", undefined, new Map([[purge.prefix, purge]]));
  }

  /** The stored hash of an epoch, or `null`. */
  epoch(take: TakeId, track: TrackId, at: number): Sha256 | null {
    const [row] = this.#sql
      .exec("SELECT sha256 FROM epochs WHERE take = ? AND track = ? AND seq = ?", take, track, at)
      .toArray();
    return row ? v.parse(sha256, row.sha256) : null;
  }

  addEpoch(take: TakeId, track: TrackId, epoch: LedgerRow): void {
    this.#sql.exec(
      "INSERT INTO epochs (take, track, seq, sha256, bytes) VALUES (?, ?, ?, ?, ?)",
      take,
      track,
      epoch.seq,
      epoch.sha256,
      epoch.bytes,
    );
  }

  /** Ascending by seq. */
  epochs(take: TakeId, track: TrackId): LedgerRow[] {
    return this.#sql
      .exec("SELECT seq, sha256, bytes FROM epochs WHERE take = ? AND track = ? ORDER BY seq", take, track)
      .toArray()
      .map((row) => v.parse(ledgerRow, row));
  }

  /** Closed ranges of the epochs that are there, ascending, not touching. */
  ranges(take: TakeId, track: TrackId): [number, number][] {
    return this.#sql
      .exec(
        `SELECT MIN(seq) AS first, MAX(seq) AS last
           FROM (SELECT seq, seq - ROW_NUMBER() OVER (ORDER BY seq) AS island FROM epochs WHERE take = ? AND track = ?)
          GROUP BY island ORDER BY first`,
        take,
        track,
      )
      .toArray()
      .map((row) => v.parse(range, row))
      .map(({ first, last }) => [first, last]);
  }
}

/** What ranges leave out of 0 … count - 1, as closed ranges. */
export function missingOf(ranges: readonly (readonly [number, number])[], count: number): [number, number][] {
  const missing: [number, number][] = [];
  let next = 0;
  for (const [first, last] of ranges) {
    if (next >= count) break;
    if (first > next) missing.push([next, Math.min(first, count) - 1]);
    next = last + 1;
  }
  if (next < count) missing.push([next, count - 1]);
  return missing;
}
