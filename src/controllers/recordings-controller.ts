import type { EpochStore } from "#core/ports/epoch-store.ts";
import type { JournalChannel } from "#core/ports/journal-channel.ts";
import type { LockPort } from "#core/ports/lock-port.ts";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import type { Clock, Scheduler } from "#core/ports/time.ts";
import type { TakeId } from "#protocol/ids.ts";
import { takeLock } from "#protocol/sw-messages.ts";
import type { UploadState } from "#protocol/upload-rpc.ts";
import { type DeviceTake, readDeviceTakes } from "./device-takes.ts";
import { createFiguresCache, type FiguresCache } from "./figures-cache.ts";
import { localTakeView } from "./local-take-view.ts";
import type { RecordingsModel, RecordingsView } from "./recordings-view.ts";
import { createRefresher } from "./refresher.ts";
import type { MeasureSpace, SpaceEstimate } from "./space-left.ts";
import type { TakeExports } from "./take-exports.ts";
import { createViewCell, type ViewSource } from "./view-source.ts";

export interface RecordingsPorts {
  readonly repo: TakeRepo;
  readonly store: Pick<EpochStore, "discardTake">;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly journal: JournalChannel;
  readonly locks: Pick<LockPort, "tryHold">;
  readonly uploads: ViewSource<UploadState>;
  readonly exports: TakeExports;
  readonly online: ViewSource<boolean>;
  readonly measureSpace: MeasureSpace;
  /** Hears of faults that the page has no words for. */
  readonly report: (error: unknown) => void;
}

interface RecordingsFacts {
  readonly loading: boolean;
  readonly takes: readonly DeviceTake[];
  readonly space: SpaceEstimate | undefined;
}

/**
 * `/recordings`: the takes of this device, looked at when the journal tells of a change. A list of takes costs no
 * epochs; those of a take are read when its lane comes into view.
 */
export function createRecordingsController(ports: RecordingsPorts): RecordingsModel {
  const figures = createFiguresCache(ports.repo);
  const deleting = new Set<string>();
  const inSight = new Set<string>();
  let facts: RecordingsFacts = { loading: true, takes: [], space: undefined };
  const view = createViewCell<RecordingsView>(viewOf(ports, facts, figures, deleting));
  const show = (): void => view.set(viewOf(ports, facts, figures, deleting));
  const lanes = createRefresher(
    async (signal) => {
      const done = new Set<string>();
      // looked up anew each time: more may have come into view while one was read
      const next = (): DeviceTake | undefined =>
        facts.takes.find(({ row }) => inSight.has(row.take) && !done.has(row.take));
      for (let take = next(); take !== undefined; take = next()) {
        done.add(take.row.take);
        await figures.read(take);
        if (signal.aborted) return;
        show();
      }
    },
    { ...ports, failed: ports.report },
  );
  const look = createRefresher(
    async (signal) => {
      const [takes, space] = await Promise.all([readDeviceTakes(ports.repo), ports.measureSpace()]);
      if (signal.aborted) return;
      facts = { loading: false, takes, space };
      show();
      if (inSight.size > 0) lanes.ask();
    },
    { ...ports, failed: ports.report },
  );
  const ways = [
    ports.journal.listen(() => look.ask()),
    ports.uploads.subscribe(show),
    ports.exports.view.subscribe(show),
    ports.online.subscribe(show),
  ];
  const remove = async (take: TakeId): Promise<void> => {
    deleting.add(take);
    show();
    try {
      await deleteTake(ports, take);
      figures.forget(take);
    } finally {
      const takes = await readDeviceTakes(ports.repo);
      facts = { ...facts, takes };
      deleting.delete(take);
      show();
      look.ask();
    }
  };
  look.ask();
  return {
    view,
    exportTake: (take) => ports.exports.start(take as TakeId),
    cancelExport: (take) => ports.exports.cancel(take as TakeId),
    deleteTake: (take) => void remove(take as TakeId).catch(ports.report),
    wantLanes(take) {
      inSight.add(take);
      lanes.ask();
    },
    close() {
      look.close();
      lanes.close();
      for (const leave of ways) leave();
    },
  };
}

/**
 * Holds the take's lock meanwhile: a page that records it has it, and a launch of another tab leaves a held take alone.
 * Bytes go before rows. Were it cut short the other way round, the next launch would find bytes without a row, make a take
 * of them again and upload what a person has deleted; rows without bytes are only listed once more.
 */
async function deleteTake(ports: RecordingsPorts, take: TakeId): Promise<void> {
  const release = await ports.locks.tryHold(takeLock(take));
  if (release === undefined) return;
  try {
    ports.exports.cancel(take);
    await ports.store.discardTake(take);
    await ports.repo.deleteTake(take);
    ports.journal.tell({ type: "take-changed", take });
  } finally {
    release();
  }
}

function viewOf(
  ports: RecordingsPorts,
  facts: RecordingsFacts,
  figures: FiguresCache,
  deleting: ReadonlySet<string>,
): RecordingsView {
  const uploads = ports.uploads.get();
  const exports = ports.exports.view.get();
  const wallMs = ports.clock.wallMs();
  const takes = facts.takes.filter((take) => !deleting.has(take.row.take));
  return {
    loading: facts.loading,
    takes: takes.map((take) =>
      localTakeView(take, figures.now(take), { uploads, exports: exports[take.row.take], wallMs }),
    ),
    bytesUsed: takes.reduce((sum, take) => sum + take.totals.bytes, 0),
    ...(facts.space === undefined ? {} : { bytesFree: facts.space.freeBytes }),
    offline: !ports.online.get(),
  };
}
