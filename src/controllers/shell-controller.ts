import type { JournalChannel } from "#core/ports/journal-channel.ts";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import type { Clock, Scheduler } from "#core/ports/time.ts";
import type { UploadState } from "#protocol/upload-rpc.ts";
import { createRefresher } from "./refresher.ts";
import type { ShellModel, ShellView } from "./shell-view.ts";
import { createViewCell, type ViewSource } from "./view-source.ts";

/** A new version of the page that waits to take over. */
export interface AppUpdate {
  readonly waiting: ViewSource<boolean>;
  /** Lets it take over and reloads. */
  activate(): void;
}

/** What this page's studio (room or alone) is doing, whichever screen is open. */
export interface StudioActivity {
  readonly running?: NonNullable<ShellView["running"]>;
  /** The studio of a room, or Record alone, is open and something was recorded in it. */
  readonly open: boolean;
}

export interface ShellPorts {
  readonly repo: Pick<TakeRepo, "takes" | "totals">;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly journal: JournalChannel;
  readonly uploads: ViewSource<UploadState>;
  readonly online: ViewSource<boolean>;
  readonly update: AppUpdate;
  readonly activity: ViewSource<StudioActivity>;
  readonly report: (error: unknown) => void;
}

/** What stands around every screen. Lives as long as the page. */
export function createShellController(ports: ShellPorts): ShellModel & { close(): void } {
  let takesNotSafe = 0;
  const view = createViewCell<ShellView>(viewOf(ports, takesNotSafe));
  const show = (): void => {
    const next = viewOf(ports, takesNotSafe);
    if (!sameView(view.get(), next)) view.set(next);
  };
  const look = createRefresher(
    async (signal) => {
      const count = await countNotSafe(ports.repo);
      if (signal.aborted) return;
      takesNotSafe = count;
      show();
    },
    { ...ports, failed: ports.report },
  );
  const ways = [
    ports.journal.listen(() => look.ask()),
    // receipts of this page's own worker come here too, should a hint have been lost
    ports.uploads.subscribe((uploads) => {
      show();
      if (uploads.takes.length !== takesNotSafe) look.ask();
    }),
    ports.online.subscribe(show),
    ports.update.waiting.subscribe(show),
    ports.activity.subscribe(() => {
      show();
      look.ask();
    }),
  ];
  look.ask();
  return {
    view,
    update() {
      if (view.get().updateReady) ports.update.activate();
    },
    close() {
      look.close();
      for (const leave of ways) leave();
    },
  };
}

async function countNotSafe(repo: ShellPorts["repo"]): Promise<number> {
  const takes = await repo.takes();
  const unsafe = await Promise.all(
    takes.map(async (row) => row.state === "recording" || (await repo.totals(row.take)).pendingEpochs > 0),
  );
  return unsafe.filter(Boolean).length;
}

function viewOf(ports: ShellPorts, takesNotSafe: number): ShellView {
  const uploads = ports.uploads.get();
  const { running, open } = ports.activity.get();
  const inFlight = uploads.phase === "draining";
  return {
    offline: !ports.online.get(),
    updateReady: ports.update.waiting.get() && running === undefined && !inFlight,
    takesNotSafe,
    ...(running === undefined ? {} : { running }),
    guardClose: running !== undefined || (open && uploads.epochsLeft > 0),
  };
}

function sameView(a: ShellView, b: ShellView): boolean {
  return (
    a.offline === b.offline &&
    a.updateReady === b.updateReady &&
    a.takesNotSafe === b.takesNotSafe &&
    a.guardClose === b.guardClose &&
    a.running?.href === b.running?.href &&
    a.running?.title === b.running?.title &&
    a.running?.startedAtMs === b.running?.startedAtMs
  );
}
