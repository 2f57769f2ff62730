import type { Access, Answer, TrackAddress, UploadTransport } from "#core/ports/upload-transport.ts";
import type { Join, SealTrack } from "#protocol/http-api.ts";
import type { RoomId, Sha256, TakeId, TrackId } from "#protocol/ids.ts";
import { type ContractCase, equal } from "./contract-case.ts";

/** What the suite needs besides the transport, from whatever runtime it runs in. */
export interface TransportSubject {
  readonly transport: UploadTransport;
  /** An id that nobody has used. */
  readonly newId: () => string;
  /** Bytes as the journal would hand them out. */
  readonly file: (bytes: Uint8Array<ArrayBuffer>) => Blob;
  readonly hash: (bytes: Uint8Array<ArrayBuffer>) => Promise<Sha256>;
}

interface Desk extends TransportSubject {
  readonly signal: AbortSignal;
  readonly access: Access;
  readonly at: TrackAddress;
  readonly put: (seq: number, text: string, options?: { sha256?: Sha256 }) => ReturnType<UploadTransport["putEpoch"]>;
}

const PERSON: Join = { name: "Inês", consent: true };

function valueOf<Value>(answer: Answer<Value>, what: string): Value {
  if (answer.kind !== "ok") throw new Error(`${what}: ${JSON.stringify(answer)}`);
  return answer.value;
}

/** A room, a seat, a take and a track. */
async function desk(subject: TransportSubject): Promise<Desk> {
  const { transport } = subject;
  const { signal } = new AbortController();
  const { room, hostSecret } = valueOf(await transport.createRoom({ title: "Contract" }, signal), "create room");
  const seat = valueOf(await transport.join(room, { ...PERSON, hostSecret }, signal), "join");
  const access = { room, token: seat.token };
  const at = { take: subject.newId() as TakeId, track: subject.newId() as TrackId };
  valueOf(await transport.declareTake(access, at.take, { startedMs: 1, alone: true }, signal), "declare take");
  const source = "microphone" as const;
  valueOf(await transport.declareTrack(access, at, { source, label: "Mic" }, signal), "declare track");
  return {
    ...subject,
    signal,
    access,
    at,
    async put(seq, text, options = {}) {
      const bytes = new TextEncoder().encode(text);
      const sha256 = options.sha256 ?? (await subject.hash(bytes));
      return transport.putEpoch(access, { ...at, seq }, subject.file(bytes), sha256, signal);
    },
  };
}

const statusOf = (answer: { kind: string; status?: number }): [string, number | undefined] => [
  answer.kind,
  answer.status,
];

/** Rules UT1–UT9: the same against the memory server over HTTP and against the backend itself. */
export const uploadTransportContract: readonly ContractCase<TransportSubject>[] = [
  {
    rule: "[UT1] a room that is made can be joined, and its maker is the host",
    async run({ transport }) {
      const { signal } = new AbortController();
      const made = valueOf(await transport.createRoom({}, signal), "create");
      const host = valueOf(await transport.join(made.room, { ...PERSON, hostSecret: made.hostSecret }, signal), "host");
      const guest = valueOf(await transport.join(made.room, PERSON, signal), "guest");
      equal([host.role, guest.role], ["host", "guest"], "roles");
    },
  },
  {
    rule: "[UT2] a token can be renewed with the refresh secret, and not with another",
    async run({ transport, newId }) {
      const { signal } = new AbortController();
      const made = valueOf(await transport.createRoom({}, signal), "create");
      const seat = valueOf(await transport.join(made.room, PERSON, signal), "join");
      const secret = { refreshSecret: seat.refreshSecret };
      const renewed = valueOf(await transport.renewToken(made.room, seat.participant, secret, signal), "renew");
      equal(renewed.token.length > 0, true, "a token");
      const wrong = { refreshSecret: `${newId()}${newId()}`.slice(0, 43) };
      const refused = await transport.renewToken(made.room, seat.participant, wrong, signal);
      equal(refused.kind, "refused", "another secret");
    },
  },
  {
    rule: "[UT3] take and track may be declared again",
    async run(subject) {
      const { transport, access, at, signal } = await desk(subject);
      valueOf(await transport.declareTake(access, at.take, { startedMs: 1, alone: true }, signal), "take");
      const track = await transport.declareTrack(access, at, { source: "microphone", label: "Mic" }, signal);
      equal(valueOf(track, "track"), { track: at.track, sealed: false }, "track");
    },
  },
  {
    rule: "[UT4] an epoch's receipt names it and its SHA-256, the first time and again",
    async run(subject) {
      const { put, access, at, hash } = await desk(subject);
      const bytes = new TextEncoder().encode("epoch");
      const expected = { ...access, ...at, seq: 7, bytes: bytes.byteLength, sha256: await hash(bytes) };
      for (const status of [201, 200]) {
        const answer = await put(7, "epoch");
        const { receipt, room, take, track, seq, bytes: size, sha256 } = valueOf(answer, "put");
        equal([answer.kind, statusOf(answer)[1], receipt], ["ok", status, 1], "answer");
        equal({ room, token: access.token, take, track, seq, bytes: size, sha256 }, expected, "receipt");
      }
    },
  },
  {
    rule: "[UT5] other bytes under the same number are refused with 409, and the first stay",
    async run(subject) {
      const { put } = await desk(subject);
      valueOf(await put(0, "first"), "first");
      equal(statusOf(await put(0, "other")), ["refused", 409], "other");
      equal(statusOf(await put(0, "first")), ["ok", 200], "first again");
    },
  },
  {
    rule: "[UT6] bytes that are not those of the digest are refused with 422, and nothing is stored",
    async run(subject) {
      const { put, transport, access, at, signal, hash } = await desk(subject);
      const sha256 = await hash(new TextEncoder().encode("something else"));
      equal(statusOf(await put(0, "epoch", { sha256 })), ["refused", 422], "put");
      equal(valueOf(await transport.haveList(access, at, signal), "list").count, 0, "count");
    },
  },
  {
    rule: "[UT7] the have-list names what is there, and a seal what is not",
    async run(subject) {
      const { put, transport, access, at, signal, hash } = await desk(subject);
      for (const seq of [0, 1, 3]) valueOf(await put(seq, `epoch ${seq}`), "put");
      const { ranges, count } = valueOf(await transport.haveList(access, at, signal), "list");
      equal(
        ranges.flatMap(([first, last]) => (first === last ? [first] : [first, last])),
        [0, 1, 3],
        "ranges",
      );
      equal(count, 3, "count");
      const chain = await hash(new TextEncoder().encode("epoch 3"));
      const seal: SealTrack = { epochs: 4, chain, end: "closed", endUs: 8_000_000, gaps: [] };
      equal(await transport.seal(access, at, seal, signal), { kind: "missing", ranges: [[2, 2]] }, "first seal");
      valueOf(await put(2, "epoch 2"), "put");
      for (const time of ["second", "third"]) {
        equal((await transport.seal(access, at, seal, signal)).kind, "ok", `${time} seal`);
      }
      equal(valueOf(await transport.haveList(access, at, signal), "list").sealed, true, "sealed");
      equal(statusOf(await put(2, "epoch 2")), ["ok", 200], "a stored epoch of a sealed track");
    },
  },
  {
    rule: "[UT8] a token that is not good is refused with 401, what is not there with 404",
    async run(subject) {
      const { transport, access, at, signal, newId } = await desk(subject);
      const forged = { ...access, token: "forged" };
      equal(statusOf(await transport.haveList(forged, at, signal)), ["refused", 401], "forged");
      const nowhere = { ...at, take: newId() as TakeId };
      equal(statusOf(await transport.haveList(access, nowhere, signal)), ["refused", 404], "another take");
      equal(statusOf(await transport.join(newId() as RoomId, PERSON, signal)), ["refused", 404], "another room");
    },
  },
  {
    rule: "[UT9] a call that is stopped rejects with the signal's reason",
    async run(subject) {
      const { transport, access, at } = await desk(subject);
      const stop = new AbortController();
      const reason = new Error("stopped by the suite");
      stop.abort(reason);
      const outcome = await transport.haveList(access, at, stop.signal).catch((error: unknown) => error);
      equal(outcome === reason, true, "the reason");
    },
  },
];
