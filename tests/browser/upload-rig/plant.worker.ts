import { expose } from "comlink";
import { dexieTakes } from "#platform/dexie-takes.ts";
import { opfsEpochStore } from "#platform/opfs-epochs.ts";
import { sha256 } from "#platform/sha256.ts";
import type { TakeId, TrackId } from "#protocol/ids.ts";
import type { SeatRow } from "#protocol/take-manifest.ts";
import { asLocal } from "#protocol/units.ts";

export interface Planted {
  readonly take: TakeId;
  readonly track: TrackId;
  readonly seat: SeatRow;
  readonly epochs: number;
  readonly bytes: number;
}

/** A take as a recorder leaves it: epochs in the journal, rows in the manifest, nothing sent. */
async function plant({ take, track, seat, epochs, bytes }: Planted): Promise<void> {
  const [repo, store] = [dexieTakes(), opfsEpochStore()];
  const { room, participant, participantName } = seat;
  await repo.putSeat(seat);
  await repo.putTake({
    take,
    room,
    participant,
    participantName,
    title: "Planted",
    startedMs: Date.now(),
    consentMs: Date.now(),
    zeroRoomUs: 1,
    timeOriginMs: performance.timeOrigin,
    state: "stopped",
    stoppedMs: Date.now(),
  });
  const row = { track, take, source: "microphone", label: "Planted", trackZeroUs: asLocal(0) } as const;
  await repo.putTrack({ ...row, state: "closed", epochs, gaps: [], endUs: epochs * 2_000_000, sealed: false });
  for (let seq = 0; seq < epochs; seq++) {
    const content = new Uint8Array(bytes).fill(seq);
    await store.write({ take, track, seq }, content);
    await repo.addEpoch({
      track,
      take,
      seq,
      bytes,
      sha256: await sha256(content),
      run: 0,
      media: { kind: "audio", codec: "opus", sampleRate: 48_000, channels: 1 },
      firstUs: asLocal(seq * 2_000_000),
      endUs: asLocal((seq + 1) * 2_000_000),
      samples: 100,
      gaps: [],
      peaks: "",
      clock: null,
      receiptMs: null,
    });
  }
}

export type PlantApi = { plant: typeof plant };
expose({ plant } satisfies PlantApi);
