import * as v from "valibot";
import { beforeEach, describe, expect, it } from "vitest";
import type { CaptureListener, CaptureSource } from "#core/ports/capture-source.ts";
import type { LockPort } from "#core/ports/lock-port.ts";
import type { TakeRepo } from "#core/ports/take-repo.ts";
import type { TrackEncoder } from "#core/ports/track-encoder.ts";
import { TakeRecorder } from "#core/take/take-recorder.ts";
import type { RecorderState, TakeOrder } from "#core/take/take-state.ts";
import type { ArmRequest, EncodeEvent, StartRequest } from "#protocol/encode-rpc.ts";
import { ok } from "#protocol/errors.ts";
import { type Source, takeId, trackId } from "#protocol/ids.ts";
import { takeLock } from "#protocol/sw-messages.ts";
import { asLocal } from "#protocol/units.ts";
import { memoryTakes } from "../../contracts/fakes/memory-takes.ts";

const TAKE = v.parse(takeId, "take-a________________");

interface FakeEncoder extends TrackEncoder {
  readonly armed: ArmRequest[];
  readonly started: StartRequest[];
  readonly stoppedAt: number[];
  tell(event: EncodeEvent): void;
  crash(): void;
}

interface Rig {
  readonly recorder: TakeRecorder;
  readonly repo: TakeRepo;
  readonly encoders: FakeEncoder[];
  readonly listeners: Map<Source, CaptureListener>;
  readonly held: Set<string>;
  readonly lost: Source[];
  readonly log: string[];
  nowUs: number;
  changed: () => void;
}

function fakeEncoder(rig: Rig): FakeEncoder {
  let listener: (event: EncodeEvent) => void = () => {};
  let crashed: (detail: string) => void = () => {};
  const encoder: FakeEncoder = {
    armed: [],
    started: [],
    stoppedAt: [],
    arm: async (request, onEvent) => {
      encoder.armed.push(request);
      listener = onEvent;
      const format = { kind: "audio", codec: "opus", sampleRate: 48_000, channels: 1 } as const;
      return ok({ format, choice: null });
    },
    replaceInput: async () => ok({ kind: "audio", codec: "opus", sampleRate: 48_000, channels: 1 } as const),
    start: async (request) => {
      rig.log.push(`start ${request.track.source}`);
      encoder.started.push(request);
      return ok(null);
    },
    stop: async (atUs) => {
      encoder.stoppedAt.push(atUs);
      const [request] = encoder.started.slice(-1);
      if (request) await rig.repo.putTrack({ ...request.track, state: "closed", epochs: 2, endUs: 4_000_000 });
      return ok({ epochs: 2, gaps: [], endUs: 4_000_000 });
    },
    setClock: () => {},
    hintCaptureTimes: async () => true,
    interrupted: ({ reason }) => void rig.log.push(`silent ${reason}`),
    resumed: ({ reason }) => void rig.log.push(`resumed ${reason}`),
    stats: async () => null,
    close: async () => {},
    kill: () => rig.log.push("kill"),
    onCrash: (hear) => {
      crashed = hear;
    },
    tell: (event) => listener(event),
    crash: () => crashed("out of memory"),
  };
  rig.encoders.push(encoder);
  return encoder;
}

function makeRig(): Rig {
  const memory = memoryTakes();
  const log: string[] = [];
  const held = new Set<string>();
  const locks: LockPort = {
    tryHold: async (name) => {
      if (held.has(name)) return undefined;
      held.add(name);
      return () => held.delete(name);
    },
    isFree: async (name) => !held.has(name),
  };
  const repo: TakeRepo = {
    ...memory,
    putTake: async (row) => {
      log.push(`take ${row.state}${held.has(takeLock(row.take)) ? "" : " without lock"}`);
      await memory.putTake(row);
    },
    putTrack: async (row) => {
      if (row.state === "recording") log.push(`track ${row.source}`);
      await memory.putTrack(row);
    },
  };
  let tracks = 0;
  const lost: Source[] = [];
  const shared = { repo, encoders: [], listeners: new Map(), held, lost, log, nowUs: 1_000_000, changed: () => {} };
  const rig: Rig = Object.assign(shared, {
    recorder: new TakeRecorder(
      {
        repo,
        locks,
        clock: { nowUs: () => asLocal(shared.nowUs), wallMs: () => 1_700_000_000_000 },
        channel: { tell: () => {}, listen: () => () => {} },
        newEncoder: () => fakeEncoder(rig),
        newTrackId: () => v.parse(trackId, `track-${tracks++}`.padEnd(22, "_")),
        pageTimeOriginMs: 0,
      },
      {
        changed: () => rig.changed(),
        sourceLost: (source) => lost.push(source),
        failed: (error) => {
          throw error;
        },
      },
    ),
  });
  return rig;
}

let rig: Rig;

beforeEach(() => {
  rig = makeRig();
});

function capture(source: Source): () => CaptureSource {
  return () => ({
    source,
    label: source,
    limits: { hidden: "everything", mainThreadBlock: "nothing" },
    lostFrames: () => undefined,
    start: async (listener) => {
      rig.listeners.set(source, listener);
      return { kind: "audio", stream: {}, sampleRate: 48_000, channels: 1 };
    },
    stop: () => void rig.log.push(`let go of ${source}`),
  });
}

function order(change: Partial<TakeOrder> = {}): TakeOrder {
  return {
    take: TAKE,
    room: null,
    participant: null,
    participantName: "Inês",
    title: "",
    consentMs: 5,
    zeroUs: asLocal(1_500_000),
    zeroRoomUs: null,
    ...change,
  };
}

function untilState(fits: (state: RecorderState) => boolean): Promise<void> {
  return new Promise((resolve) => {
    rig.changed = () => {
      if (fits(rig.recorder.state)) resolve();
    };
    rig.changed();
  });
}

describe("take recorder", () => {
  it("[CP20] [CP21] the lock, the take, all tracks, and only then the encoders", async () => {
    await rig.recorder.arm("camera", capture("camera"));
    await rig.recorder.arm("microphone", capture("microphone"));
    await rig.recorder.start(order());
    expect(rig.log).toEqual(["take recording", "track camera", "track microphone", "start camera", "start microphone"]);
    expect(rig.encoders.map((encoder) => encoder.started[0]?.track.trackZeroUs)).toEqual([1_500_000, 1_500_000]);
    expect(rig.recorder.state).toMatchObject({ phase: "rolling", health: "clean" });
  });

  it("[CP21] [CP22] Stop drains every track, closes the take and gives the lock back last", async () => {
    await rig.recorder.arm("microphone", capture("microphone"));
    await rig.recorder.start(order());
    rig.log.length = 0;
    await rig.recorder.stop(asLocal(6_000_000));
    expect(rig.encoders[0]?.stoppedAt).toEqual([6_000_000]);
    expect(rig.log).toEqual(["take stopped"]);
    expect(rig.held.size).toBe(0);
    expect(rig.recorder.state.phase).toBe("stopped");
    expect(rig.recorder.state.tracks).toMatchObject([{ open: false, epochs: 2, endUs: 4_000_000 }]);
  });

  it("[CP2] a late device's tracks begin now, and know the take's zero", async () => {
    await rig.recorder.arm("microphone", capture("microphone"));
    rig.nowUs = 9_000_000;
    await rig.recorder.start(order());
    const [request] = rig.encoders[0]?.started ?? [];
    expect(request?.track.trackZeroUs).toBe(9_000_000);
    expect([request?.takeZeroUs, request?.declareLate]).toEqual([1_500_000, true]);
  });

  it("[CP2] a screen that is shared in mid-take is a track without a gap before it", async () => {
    await rig.recorder.arm("microphone", capture("microphone"));
    await rig.recorder.start(order());
    rig.nowUs = 8_000_000;
    await rig.recorder.arm("screen", capture("screen"));
    const [request] = rig.encoders[1]?.started ?? [];
    expect([request?.track.trackZeroUs, request?.declareLate]).toEqual([8_000_000, false]);
    await rig.recorder.remove("screen");
    expect(rig.recorder.state.tracks.map((track) => [track.source, track.open])).toEqual([
      ["microphone", true],
      ["screen", false],
    ]);
  });

  it("a take with nothing to record, a second take, and one of another window are refused", async () => {
    await expect(rig.recorder.start(order())).rejects.toMatchObject({ reason: "no-sources" });
    await rig.recorder.arm("microphone", capture("microphone"));
    rig.held.add(takeLock(TAKE));
    await expect(rig.recorder.start(order())).rejects.toMatchObject({ reason: "locked" });
    expect(rig.recorder.state.phase).toBe("idle");
    rig.held.clear();
    await rig.recorder.start(order());
    await expect(rig.recorder.start(order())).rejects.toMatchObject({ reason: "take-rolling" });
  });

  it("[CP18] a device that goes makes the take lost until another is given, and the same track goes on", async () => {
    await rig.recorder.arm("camera", capture("camera"));
    await rig.recorder.arm("microphone", capture("microphone"));
    await rig.recorder.start(order());
    rig.listeners.get("camera")?.onEnded(3_000_000);
    expect(rig.lost).toEqual(["camera"]);
    expect(rig.recorder.state.health).toBe("lost");
    await rig.recorder.replace("camera", capture("camera"));
    expect(rig.recorder.state.health).toBe("clean");
    expect(rig.recorder.state.tracks).toHaveLength(2);
  });

  it("[CP23] a worker that dies ends its track with a declared end, and another track goes on", async () => {
    await rig.recorder.arm("microphone", capture("microphone"));
    await rig.recorder.start(order());
    rig.encoders[0]?.crash();
    await untilState((state) => state.tracks.length === 2 && state.sources[0]?.phase === "recording");
    const [dead, alive] = await rig.repo.tracks(TAKE);
    expect(dead).toMatchObject({ state: "cut-short", epochs: 0 });
    expect(dead?.gaps.at(-1)?.reason).toBe("cut-short");
    expect(alive?.state).toBe("recording");
    expect(rig.log).toContain("kill");
    expect(rig.recorder.state.health).toBe("degraded");
  });

  it("[CP46] [CP47] what is switched off is let go of, and its track goes on when it is switched on", async () => {
    await rig.recorder.arm("camera", capture("camera"));
    await rig.recorder.arm("microphone", capture("microphone"));
    await rig.recorder.start(order());
    rig.log.length = 0;
    await rig.recorder.switchOff("microphone");
    await rig.recorder.switchOff("microphone");
    expect(rig.log).toEqual(["silent muted", "let go of microphone"]);
    expect(rig.recorder.state).toMatchObject({ health: "clean", off: ["microphone"] });
    expect(rig.recorder.state.sources[1]).toMatchObject({ phase: "off", problem: null });
    await rig.recorder.arm("microphone", capture("microphone"), true);
    expect(rig.log).toContain("resumed muted");
    expect(rig.recorder.state).toMatchObject({ off: [] });
    expect(rig.recorder.state.sources[1]?.phase).toBe("recording");
    expect(rig.recorder.state.tracks).toHaveLength(2);
    rig.encoders[1]?.tell({ type: "gap", gap: { fromUs: 1, toUs: 900_000, reason: "muted" } });
    expect(rig.recorder.state.health).toBe("clean");
  });

  it("[CP47] Stop closes the track of what is switched off; the next take begins without it", async () => {
    await rig.recorder.arm("camera", capture("camera"));
    await rig.recorder.arm("microphone", capture("microphone"));
    await rig.recorder.start(order());
    await rig.recorder.switchOff("microphone");
    await rig.recorder.stop(asLocal(6_000_000));
    expect(rig.encoders.map((encoder) => encoder.stoppedAt)).toEqual([[6_000_000], [6_000_000]]);
    expect(rig.recorder.state.sources.map((state) => state.source)).toEqual(["camera"]);
    const next = v.parse(takeId, "take-b________________");
    await rig.recorder.start(order({ take: next }));
    expect((await rig.repo.tracks(next)).map((row) => row.source)).toEqual(["camera"]);
  });

  it("[CP48] off when the take begins: its track begins when it is switched on and knows since when it was off", async () => {
    await rig.recorder.arm("camera", capture("camera"));
    await rig.recorder.switchOff("microphone");
    await rig.recorder.start(order());
    rig.nowUs = 9_000_000;
    await rig.recorder.arm("microphone", capture("microphone"), true);
    const [request] = rig.encoders[1]?.started ?? [];
    expect(request).toMatchObject({ takeZeroUs: 1_500_000, declareLate: true, offFromUs: 1_500_000 });
    expect(rig.encoders[0]?.started[0]?.offFromUs).toBeNull();
    expect(rig.recorder.state.off).toEqual([]);
  });

  it("[CP48] on a device that hears of the take late, off begins with that", async () => {
    await rig.recorder.switchOff("microphone");
    rig.nowUs = 5_000_000;
    await rig.recorder.start(order());
    rig.nowUs = 9_000_000;
    await rig.recorder.arm("microphone", capture("microphone"), true);
    expect(rig.encoders[0]?.started[0]?.offFromUs).toBe(5_000_000);
  });

  it("[CP48] a take in which everything stayed off is not kept", async () => {
    await rig.recorder.switchOff("microphone");
    await rig.recorder.start(order());
    expect(rig.recorder.state).toMatchObject({ phase: "rolling", health: "clean", tracks: [] });
    await rig.recorder.stop(asLocal(6_000_000));
    expect(await rig.repo.take(TAKE)).toBeUndefined();
    expect(rig.held.size).toBe(0);
  });

  it("[CP46] what is switched on and refused is lost, like a device that went", async () => {
    await rig.recorder.arm("microphone", capture("microphone"));
    await rig.recorder.start(order());
    await rig.recorder.switchOff("microphone");
    await rig.recorder.withoutDevice("microphone");
    expect(rig.recorder.state).toMatchObject({ health: "lost", off: [] });
    expect(rig.recorder.state.sources[0]).toMatchObject({ phase: "lost", problem: { problem: "device-lost" } });
    expect(rig.log.slice(-2)).toEqual(["let go of microphone", "silent device-lost"]);
  });

  it("[CP23] [CP47] a worker that dies while its source is off ends the track; another one begins when it is switched on", async () => {
    await rig.recorder.arm("microphone", capture("microphone"));
    await rig.recorder.start(order());
    await rig.recorder.switchOff("microphone");
    rig.encoders[0]?.crash();
    await untilState((state) => state.sources.length === 0);
    expect(rig.recorder.state).toMatchObject({ off: ["microphone"] });
    await rig.recorder.arm("microphone", capture("microphone"), true);
    expect(rig.encoders[1]?.started[0]).toMatchObject({ declareLate: false });
    expect((await rig.repo.tracks(TAKE)).map((row) => row.state)).toEqual(["cut-short", "recording"]);
  });

  it("figures follow what the workers seal and declare", async () => {
    await rig.recorder.arm("microphone", capture("microphone"));
    await rig.recorder.start(order());
    rig.encoders[0]?.tell({ type: "sealed", epochs: 1, bytes: 700, endUs: 2_000_000 });
    const gap = { fromUs: 2_000_000, toUs: 2_100_000, reason: "capture-dropped" } as const;
    rig.encoders[0]?.tell({ type: "gap", gap });
    expect(rig.recorder.state).toMatchObject({ health: "degraded", tracks: [{ epochs: 1, bytes: 700, gaps: [gap] }] });
  });
});
