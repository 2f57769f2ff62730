import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const SECRET = "a secret of the call's tests";

/** The embedded SFU as a process of its own, which can be killed and started again at the same place. */
export class SfuProcess {
  #child: ChildProcess | null = null;
  readonly #mediaHost: string;
  #port = 0;
  #mediaPort = 0;

  /** @param mediaHost the address of this machine on which media comes and goes */
  constructor(mediaHost = "127.0.0.1") {
    this.#mediaHost = mediaHost;
  }

  get address(): string {
    return `http://127.0.0.1:${this.#port}/v1/apps/embedded`;
  }

  get authorization(): string {
    return `Bearer ${SECRET}`;
  }

  /** At the ports that it had before, if there was one before. */
  async start(): Promise<void> {
    const environment = {
      ...process.env,
      SFU_APP_SECRET: SECRET,
      SFU_PORT: String(this.#port),
      SFU_MEDIA_PORT: String(this.#mediaPort),
      SFU_MEDIA_BIND: this.#mediaHost,
    };
    const entry = fileURLToPath(new URL("../../../sfu/main.ts", import.meta.url));
    const child = spawn(process.execPath, [entry], { env: environment, stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    const listening = await new Promise<RegExpExecArray>((resolve, reject) => {
      let said = "";
      child.stdout?.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        const found = /listening on (\d+), media on (\d+)/.exec(said);
        if (found) resolve(found);
      });
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`the SFU ended with ${code}: ${said}`)));
    });
    this.#port = Number(listening[1]);
    this.#mediaPort = Number(listening[2]);
  }

  /** As a crash: without a word to anybody. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  /** As a network that carries nothing: neither media nor answers, until {@link resume}. */
  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }
}
