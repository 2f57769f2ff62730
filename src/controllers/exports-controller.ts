import * as v from "valibot";
import { isRoomApiError, isServerAway, type RoomApi } from "#core/ports/room-api.ts";
import type { Scheduler } from "#core/ports/time.ts";
import type { EditorLink, TakeSummary } from "#protocol/http-api.ts";
import { editorLinkId, type RoomId, roomId, type TakeId } from "#protocol/ids.ts";
import { createDeliveryManifests } from "./delivery-manifests.ts";
import { exportTakeView, isMoving, noteProgress } from "./export-take-view.ts";
import {
  editorKeyOf,
  type ExportsAccess,
  type ExportsAccessPorts,
  findExportsAccess,
  refusalOf,
} from "./exports-access.ts";
import type { EditorLinkView, ExportsModel, ExportsView } from "./exports-view.ts";
import type { Problem } from "./problem-view.ts";
import { createProgressRates } from "./progress-rate.ts";
import { createViewCell, type ViewSource } from "./view-source.ts";

export interface ExportsPorts extends ExportsAccessPorts {
  readonly roomApi: RoomApi;
  readonly scheduler: Scheduler;
  /** Whether the page is seen; nothing is asked while it is not. */
  readonly visible: ViewSource<boolean>;
  /** Takes the fragment out of the address bar and the history, at once. */
  readonly clearHash: () => void;
  /** Rejects when the browser does not allow it. */
  readonly copyText: (text: string) => Promise<void>;
  /** Of this page, for links: `https://studio.example`. */
  readonly origin: string;
  readonly report: (error: unknown) => void;
}

/** Where the page was opened. */
export interface ExportsAddress {
  readonly room: string;
  /** With its "#", or "". */
  readonly hash: string;
}

/** Between two looks while a job runs or a take rolls. */
const LOOK_MS = 1_500;

/** Between two looks while nothing is known to move; what arrives from elsewhere shows soon enough. */
const IDLE_LOOK_MS = 30_000;

/** A server that does not answer is asked like one that has told nothing new so often: first after 3.7 s. */
const AWAY_PATIENCE = 4;

/** Days that an editor link lives: as long as the files, by default. */
const EDITOR_LINK_DAYS = 7;

const SERVER_AWAY: Problem = {
  reason: "other",
  severity: "info",
  title: "The server does not answer",
  text: "This page goes on by itself when it does.",
};

/** `/r/:room/exports`: what is being made, what is there, and for the host the links that open it to others. */
export function createExportsController(address: ExportsAddress, ports: ExportsPorts): ExportsModel {
  const editorKey = editorKeyOf(address.hash);
  // before anything else: the key must not stay where it can be read over a shoulder or synced with the history
  if (editorKey !== undefined) ports.clearHash();
  const room = v.safeParse(roomId, address.room);
  if (!room.success) return closedModel({ ...opening(address.room), loading: false, refused: "room-not-found" });
  return new ExportsPage(room.output, editorKey, ports);
}

function opening(room: string): ExportsView {
  return { loading: true, mode: "guest", room, title: "", takes: [], editorLinks: [] };
}

class ExportsPage implements ExportsModel {
  readonly #room: RoomId;
  readonly #ports: ExportsPorts;
  readonly #editorKey: string | undefined;
  readonly #view: ReturnType<typeof createViewCell<ExportsView>>;
  readonly #closing = new AbortController();
  readonly #rates = createProgressRates();
  readonly #manifests: ReturnType<typeof createDeliveryManifests>;
  readonly #deleting = new Set<string>();
  readonly #stopWatching: () => void;
  #takes: readonly TakeSummary[] = [];
  #links: readonly EditorLink[] | undefined;
  #access: ExportsAccess | undefined;
  #wake = new AbortController();
  #asked = false;
  /** Looks in a row that found nothing new. */
  #unchanged = 0;
  #seen = "";

  constructor(room: RoomId, editorKey: string | undefined, ports: ExportsPorts) {
    this.#room = room;
    this.#ports = ports;
    this.#editorKey = editorKey;
    this.#view = createViewCell<ExportsView>({
      ...opening(room),
      ...(editorKey === undefined ? {} : { mode: "editor" }),
    });
    this.#manifests = createDeliveryManifests(room, ports.roomApi, ports.report);
    this.#stopWatching = ports.visible.subscribe((visible) => {
      if (visible) this.#lookNow();
    });
    void this.#run().catch(ports.report);
  }

  get view(): ViewSource<ExportsView> {
    return this.#view;
  }

  async copyEditorLink(): Promise<{ readonly link: string; readonly copied: boolean }> {
    const { tokens, roomApi, origin } = this.#ports;
    const made = await tokens.withToken(this.#room, (token) =>
      roomApi.createEditorLink(this.#room, EDITOR_LINK_DAYS, token),
    );
    this.#links = [...(this.#links ?? []), made];
    this.#show({});
    const link = `${origin}/r/${this.#room}/exports#editor=${made.key}`;
    return { link, copied: await this.#copy(link) };
  }

  revokeEditorLink(id: string): void {
    const link = v.parse(editorLinkId, id);
    this.#act("The link was not taken back", async (token) => {
      await goneIsDone(this.#ports.roomApi.revokeEditorLink(this.#room, link, token));
      this.#links = this.#links?.filter((each) => each.link !== link);
    });
  }

  deliverWhatIsThere(take: string): void {
    this.#deliver(take, "what-is-there");
  }

  tryAgain(take: string): void {
    const summary = this.#takes.find((each) => each.take === take);
    this.#deliver(take, summary?.job?.deliver ?? (summary?.complete === false ? "what-is-there" : "complete"));
  }

  deleteTake(take: string): void {
    this.#deleting.add(take);
    this.#show({});
    this.#act("The take was not deleted", async (token) => {
      try {
        await goneIsDone(this.#ports.roomApi.deleteTake(this.#room, take as TakeId, token));
        this.#takes = this.#takes.filter((each) => each.take !== take);
      } finally {
        this.#deleting.delete(take);
      }
    });
  }

  close(): void {
    this.#closing.abort();
    this.#wake.abort();
    this.#stopWatching();
  }

  #deliver(take: string, deliver: "complete" | "what-is-there"): void {
    this.#act("The files are not being made", async (token) => {
      await this.#ports.roomApi.startDemux(this.#room, take as TakeId, deliver, token);
    });
  }

  /** Does something in the host's name, then looks what became of it; a failure is said in `failed`'s words. */
  #act(failed: string, work: (token: string) => Promise<void>): void {
    const acting = async (): Promise<void> => {
      try {
        await this.#ports.tokens.withToken(this.#room, work);
        this.#show({ problem: undefined });
      } catch (error) {
        if (!isRoomApiError(error)) throw error;
        const text = isServerAway(error) ? "The server does not answer. Try again in a moment." : error.message;
        this.#show({ problem: { reason: "other", severity: "degraded", title: failed, text } });
      }
      this.#lookNow();
    };
    void acting().catch(this.#ports.report);
  }

  async #copy(link: string): Promise<boolean> {
    try {
      await this.#ports.copyText(link);
      return true;
    } catch (error) {
      // the browser's answer when the page may not; then the page shows the link
      if (error instanceof DOMException || error instanceof TypeError) return false;
      throw error;
    }
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      if (this.#ports.visible.get() || this.#view.get().loading) {
        const goesOn = await this.#look();
        if (!goesOn) return;
      }
      await this.#rest();
    }
  }

  /** One look at the server; false when there is nothing more to look for. */
  async #look(): Promise<boolean> {
    const { signal } = this.#closing;
    const access = this.#access ?? (await findExportsAccess(this.#room, this.#editorKey, this.#ports));
    this.#access = access;
    if (signal.aborted) return false;
    try {
      await access.keep();
      if (access.mode === "host") this.#links ??= await this.#readLinks();
      const list = await access.takes(signal);
      this.#took(list.takes);
      this.#show({ loading: false, title: list.title, mode: access.mode, ...this.#answered() });
      if (access.mayRead) await this.#manifests.fetch(list.takes, signal);
      if (!signal.aborted) this.#show({});
      return !signal.aborted;
    } catch (error) {
      if (signal.aborted) return false;
      return this.#failed(error, access);
    }
  }

  #readLinks(): Promise<readonly EditorLink[]> {
    const { tokens, roomApi } = this.#ports;
    return tokens.withToken(this.#room, (token) => roomApi.editorLinks(this.#room, token));
  }

  #failed(error: unknown, access: ExportsAccess): boolean {
    const refused = refusalOf(error, access.denied);
    if (refused !== undefined) {
      this.#takes = [];
      this.#show({ loading: false, refused });
      return false;
    }
    if (!isServerAway(error)) throw error;
    this.#unchanged = Math.max(AWAY_PATIENCE, this.#unchanged + 1);
    this.#show({ loading: false, problem: SERVER_AWAY });
    return true;
  }

  /** The server is back: what stood there about its absence goes. */
  #answered(): Pick<Partial<ExportsView>, "problem"> {
    return this.#view.get().problem === SERVER_AWAY ? { problem: undefined } : {};
  }

  #took(takes: readonly TakeSummary[]): void {
    const nowMs = this.#ports.clock.nowUs() / 1000;
    for (const take of takes) noteProgress(take, this.#rates, nowMs);
    const text = JSON.stringify(takes);
    this.#unchanged = text === this.#seen ? this.#unchanged + 1 : 0;
    this.#seen = text;
    this.#takes = takes;
  }

  #show(change: { readonly [Key in keyof ExportsView]?: ExportsView[Key] | undefined }): void {
    const { problem, ...before } = { ...this.#view.get(), ...change } as ExportsView;
    const now = {
      room: this.#room,
      rates: this.#rates,
      wallMs: this.#ports.clock.wallMs(),
      mayRead: this.#access?.mayRead ?? false,
    };
    const oldestFirst = [...this.#takes].sort((a, b) => a.startedMs - b.startedMs);
    const takes = oldestFirst
      .map((take, at) => exportTakeView(take, { ...now, place: at + 1, delivered: this.#manifests.of(take) }))
      .filter((take) => !this.#deleting.has(take.id))
      .reverse();
    const editorLinks = (this.#links ?? []).map(linkView).sort((a, b) => b.madeAtMs - a.madeAtMs);
    this.#view.set({ ...before, takes, editorLinks, ...(problem === undefined ? {} : { problem }) });
  }

  #lookNow(): void {
    this.#unchanged = 0;
    this.#asked = true;
    this.#wake.abort();
  }

  /** Waits for the next look: soon while something moves, longer the longer nothing has changed; woken by `lookNow`. */
  async #rest(): Promise<void> {
    if (this.#asked || this.#closing.signal.aborted) {
      this.#asked = false;
      return;
    }
    this.#wake = new AbortController();
    const moves = this.#view.get().problem === SERVER_AWAY || this.#takes.some(isMoving);
    const waitMs = moves ? Math.min(IDLE_LOOK_MS, LOOK_MS * 1.25 ** this.#unchanged) : IDLE_LOOK_MS;
    const { signal } = this.#wake;
    try {
      await this.#ports.scheduler.delay(waitMs, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    this.#asked = false;
  }
}

/** What another page has deleted already is deleted. */
async function goneIsDone(deleting: Promise<void>): Promise<void> {
  try {
    await deleting;
  } catch (error) {
    if (!isRoomApiError(error) || (error.reason !== "not-found" && error.reason !== "deleted")) throw error;
  }
}

function linkView(link: EditorLink): EditorLinkView {
  return { id: link.link, madeAtMs: link.createdMs, expiresAtMs: link.expiresMs };
}

/** A page that can only say why it shows nothing. */
function closedModel(view: ExportsView): ExportsModel {
  const refuse = (): void => {};
  return {
    view: createViewCell(view),
    copyEditorLink: () => Promise.reject(new Error("there is no room to link to")),
    revokeEditorLink: refuse,
    deliverWhatIsThere: refuse,
    tryAgain: refuse,
    deleteTake: refuse,
  };
}
