import type { Receipt } from "#protocol/http-api.ts";
import type { RoomId } from "#protocol/ids.ts";
import type { EpochRow } from "#protocol/take-manifest.ts";
import type { Answer } from "../ports/upload-transport.ts";
import { StorageError } from "../ports/storage-error.ts";
import { epochKey } from "./epoch-key.ts";
import { DIGEST_TRIES } from "./limits.ts";
import type { Patience } from "./patience.ts";
import type { Judged } from "./request-guard.ts";
import type { Seats } from "./seats.ts";
import { isSetback, stored, UploadSetback } from "./setback.ts";
import { type DeclaredTake, speakerOf, type TakePreparation } from "./take-preparation.ts";
import type { PacedTurn, UploadPorts } from "./upload-ports.ts";

type EpochPorts = Pick<UploadPorts, "repo" | "store" | "transport" | "clock" | "hasher" | "journal" | "pace">;

/** Sends one epoch and notes its receipt. Idempotent: it may be killed and repeated at any point. */
export class EpochUpload {
  readonly #ports: EpochPorts;
  readonly #seats: Seats;
  readonly #preparation: TakePreparation;
  readonly #patience: Patience;
  readonly #digestFailures = new Map<string, number>();

  constructor(ports: EpochPorts, seats: Seats, preparation: TakePreparation, patience: Patience) {
    this.#ports = ports;
    this.#seats = seats;
    this.#preparation = preparation;
    this.#patience = patience;
  }

  /** `bytesPerSecond`: the rate so far, 0 when unknown. @throws UploadSetback */
  async send(declared: DeclaredTake, epoch: EpochRow, bytesPerSecond: number, signal: AbortSignal): Promise<void> {
    const file = await this.#file(epoch);
    if (file.size !== epoch.bytes) throw corrupt(epoch, file);
    const key = epochKey(epoch);
    const turn = await this.#ports.pace?.(signal);
    const allowanceMs = this.#patience.allowanceMs(key, epoch.bytes, bytesPerSecond);
    const answer = await this.#put(declared, epoch, file, allowanceMs, signal, turn)
      .catch((error: unknown) => {
        if (isSetback(error) && error.wait === "server-silent") this.#patience.stalled(key);
        throw error;
      })
      .finally(() => turn?.over());
    if (answer.kind === "refused") throw await this.#judge(answer, declared, epoch, file);
    if (!isReceiptFor(answer.value, epoch, declared.room))
      throw await this.#digestFailure(epoch, file, "a receipt for other bytes");
    this.#patience.gotThrough(key);
    await this.#note(epoch, answer.value);
  }

  #put(
    declared: DeclaredTake,
    epoch: EpochRow,
    file: Blob,
    allowanceMs: number,
    signal: AbortSignal,
    turn?: PacedTurn,
  ): Promise<Judged<Answer<Receipt>>> {
    return this.#seats.authorised(
      speakerOf(declared, epoch.track),
      allowanceMs,
      signal,
      (access, inner) => this.#ports.transport.putEpoch(access, epoch, file, epoch.sha256, inner, turn),
      turn,
    );
  }

  /** The receipt's own hash is what is noted; the manifest checks it against the row once more. */
  async #note(epoch: EpochRow, receipt: Receipt): Promise<void> {
    const { repo, clock, journal } = this.#ports;
    await stored(() => repo.markReceived(epoch.track, epoch.seq, receipt.sha256, clock.wallMs()));
    this.#digestFailures.delete(epochKey(epoch));
    journal.tell({ type: "epoch-received", take: epoch.take, track: epoch.track });
  }

  async #file(epoch: EpochRow): Promise<Blob> {
    try {
      return await this.#ports.store.read(epoch);
    } catch (error) {
      if (!isMissing(error)) throw UploadSetback.storage(error);
      throw UploadSetback.givenUp("epoch", "bytes-missing", error.message);
    }
  }

  async #judge(
    answer: { readonly status: number; readonly reason: string; readonly message: string },
    declared: DeclaredTake,
    epoch: EpochRow,
    file: Blob,
  ): Promise<UploadSetback> {
    if (answer.status === 422) return this.#digestFailure(epoch, file, answer.message);
    if (answer.status === 413) {
      const corrupt = await this.#corruption(epoch, file);
      return corrupt ?? UploadSetback.givenUp("epoch", "refused", `413 ${answer.reason}: ${answer.message}`);
    }
    return this.#preparation.refused(answer, declared, "epoch");
  }

  /** The server got, or names, other bytes than the manifest. Either the file has changed, or the way has. */
  async #digestFailure(epoch: EpochRow, file: Blob, detail: string): Promise<UploadSetback> {
    const key = epochKey(epoch);
    const failures = (this.#digestFailures.get(key) ?? 0) + 1;
    this.#digestFailures.set(key, failures);
    const corrupt = failures === 1 ? await this.#corruption(epoch, file) : null;
    if (corrupt) return corrupt;
    if (failures < DIGEST_TRIES) return UploadSetback.epoch("server-error", detail);
    this.#digestFailures.delete(key);
    return UploadSetback.givenUp("epoch", "refused", detail);
  }

  async #corruption(epoch: EpochRow, file: Blob): Promise<UploadSetback | null> {
    const hash = await stored(async () => this.#ports.hasher.sha256(new Uint8Array(await file.arrayBuffer())));
    return hash === epoch.sha256 ? null : corrupt(epoch, file);
  }
}

function corrupt(epoch: EpochRow, file: Blob): UploadSetback {
  const detail = `the file of epoch ${epoch.seq} has ${file.size} bytes that are not those of its row (${epoch.bytes})`;
  return UploadSetback.givenUp("epoch", "corrupt-local", detail);
}

function isReceiptFor(receipt: Receipt, epoch: EpochRow, room: RoomId): boolean {
  return (
    receipt.sha256 === epoch.sha256 &&
    receipt.bytes === epoch.bytes &&
    receipt.seq === epoch.seq &&
    receipt.track === epoch.track &&
    receipt.take === epoch.take &&
    receipt.room === room
  );
}

function isMissing(error: unknown): error is StorageError {
  return error instanceof StorageError && error.reason === "missing";
}
