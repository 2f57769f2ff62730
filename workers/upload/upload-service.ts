import { CallPace } from "#core/upload/call-pace.ts";
import { UploadEngine } from "#core/upload/upload-engine.ts";
import type { UploadPorts } from "#core/upload/upload-ports.ts";
import type { JournalChannel } from "#core/ports/journal-channel.ts";
import { failed, ok, type Result, toFailure } from "#protocol/errors.ts";
import type { TakeId } from "#protocol/ids.ts";
import type { JournalMessage } from "#protocol/sw-messages.ts";
import type { UploadStarted, UploadState, UploadWorkerApi } from "#protocol/upload-rpc.ts";

export interface UploadServicePorts extends UploadPorts {
  readonly journal: JournalChannel;
  /** Mends what a crash left; idempotent. */
  readonly recover: () => Promise<{ readonly cutShort: readonly TakeId[] }>;
  readonly rememberStudioKey: (key: string | null) => void;
  /** A fault that nobody can be told of by a result. */
  readonly report: (fault: unknown) => void;
}

/** The page's uploader: recovery first, then the engine for as long as the worker lives. */
export function createUploadService(ports: UploadServicePorts): UploadWorkerApi {
  const listeners = new Set<(state: UploadState) => void>();
  const pace = new CallPace(ports.clock, ports.scheduler);
  const engine = new UploadEngine({ ...ports, pace: pace.turn }, (state) => {
    for (const listener of listeners) listener(state);
  });
  const stopped = new AbortController();
  let started: Promise<Result<UploadStarted>> | null = null;
  let ended: Promise<void> = Promise.resolve();

  const start = async (): Promise<Result<UploadStarted>> => {
    const recovered = await recover(ports);
    if (!stopped.signal.aborted) ended = engine.run(stopped.signal).catch(ports.report);
    return recovered;
  };
  const leave = ports.journal.listen((message) => engine.kick(kickFor(message)));
  return {
    start() {
      started ??= start();
      return started;
    },
    kick: (why) => engine.kick(why),
    retryNow: () => engine.kick("person"),
    pace: (bytesPerSecond) => pace.set(bytesPerSecond),
    useStudioKey(key) {
      ports.rememberStudioKey(key);
      if (key !== null) engine.kick("person");
    },
    subscribe(listener) {
      listeners.add(listener);
      listener(engine.state);
    },
    async stop() {
      leave();
      stopped.abort();
      await started;
      await ended;
    },
  };
}

/** What cannot be mended now must not keep the rest from being uploaded. */
async function recover(ports: UploadServicePorts): Promise<Result<UploadStarted>> {
  try {
    const { cutShort } = await ports.recover();
    return ok({ cutShort });
  } catch (error) {
    ports.report(error);
    return failed(toFailure(error));
  }
}

function kickFor(message: JournalMessage): "commit" | "manifest" {
  return message.type === "epoch-sealed" ? "commit" : "manifest";
}
