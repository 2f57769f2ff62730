import { proxy, type Remote, releaseProxy, transfer, wrap } from "comlink";
import type { TrackEncoder } from "#core/ports/track-encoder.ts";
import type { CaptureInput, EncodeWorkerApi } from "#protocol/encode-rpc.ts";

/** Makes a worker that records one source. It ends with {@link TrackEncoder.close}, once everything is kept. */
export function createTrackEncoder(): TrackEncoder {
  const worker = new Worker(new URL("./encode.worker.ts", import.meta.url), {
    type: "module",
    name: "tapesync-encode",
  });
  return trackEncoderOf(worker, wrap<EncodeWorkerApi>(worker));
}

/** Comlink's answer to a method without a result is a promise too; a worker that died is reported by `onCrash`. */
function trackEncoderOf(worker: Worker, remote: Remote<EncodeWorkerApi>): TrackEncoder {
  const crashed: ((detail: string) => void)[] = [];
  const report = (detail: string): void => {
    for (const listener of crashed) listener(detail);
  };
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    report(event.message);
  });
  worker.addEventListener("messageerror", () => report("a message could not be read"));
  const failed = (error: unknown): void => report(error instanceof Error ? error.message : String(error));
  const tell = (sent: Promise<unknown>): void => {
    sent.catch(failed);
  };
  return {
    arm: (request, onEvent) => remote.arm(transfer({ ...request }, [streamOf(request.input)]), proxy(onEvent)),
    replaceInput: (input) => remote.replaceInput(transfer({ ...input }, [streamOf(input)])),
    start: (request) => remote.start(request),
    stop: (keepUntilUs) => remote.stop(keepUntilUs),
    setClock: (sample) => tell(remote.setClock(sample)),
    hintCaptureTimes: (captureUs) =>
      remote.hintCaptureTimes(captureUs).catch((error: unknown) => {
        failed(error);
        return true;
      }),
    interrupted: (interruption) => tell(remote.interrupted(interruption)),
    resumed: (interruption) => tell(remote.resumed(interruption)),
    stats: () => remote.stats(),
    close: async () => {
      await remote.disarm();
      remote[releaseProxy]();
      worker.terminate();
    },
    kill: () => worker.terminate(),
    onCrash: (listener) => {
      crashed.push(listener);
    },
  };
}

function streamOf(input: CaptureInput): Transferable {
  return input.stream as ReadableStream;
}
