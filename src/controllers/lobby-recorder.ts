import type { RecordingDesk } from "./recording-desk.ts";

export interface LobbyRecorderPorts {
  /** Fetches the recorder's code; what was fetched once is there at once. The desk arms what is open and follows the devices. */
  readonly load: () => Promise<() => RecordingDesk>;
  readonly report: (error: unknown) => void;
}

/**
 * The recorder of somebody who is still in the lobby. It is made ready while their consent stands, so that nobody waits for
 * codecs to be tried after Join. It keeps no frame: that begins with a take, and only who is in the room hears of one.
 */
export class LobbyRecorder {
  readonly #ports: LobbyRecorderPorts;
  #consent = false;
  #desk: RecordingDesk | undefined;

  constructor(ports: LobbyRecorderPorts) {
    this.#ports = ports;
  }

  /** The box was ticked, or the tick taken back: then the recorder lets go of the devices. */
  consented(given: boolean): void {
    if (!given) return this.close();
    if (this.#consent) return;
    this.#consent = true;
    this.#ports
      .load()
      .then((newDesk) => {
        if (this.#consent) this.#desk ??= newDesk();
      })
      .catch((error: unknown) => {
        this.#consent = false;
        this.#ports.report(error);
      });
  }

  /** Hands it over, ready or not; whoever takes it closes it. @throws when the code cannot be fetched */
  async take(): Promise<RecordingDesk> {
    const newDesk = await this.#ports.load();
    const desk = this.#desk ?? newDesk();
    this.#desk = undefined;
    this.#consent = false;
    return desk;
  }

  /** The lobby was left. */
  close(): void {
    this.#consent = false;
    this.#desk?.close().catch(this.#ports.report);
    this.#desk = undefined;
  }
}
