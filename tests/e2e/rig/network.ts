import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { tempFolder } from "./folders.ts";

/**
 * A network of its own for one browser: a namespace with one cable to this machine, to be made bad. Only this machine is at
 * the other end. Linux, root, `ip`, `tc` and `nft`.
 */
export interface TestNetwork extends Disposable {
  /** This machine, as the browser behind the cable sees it. */
  readonly here: string;
  /** A program that starts `program` behind the cable, with the arguments that it gets. */
  launcher(program: string): string;
  /** So many percent of the packets are lost, each way; 0 ends it. */
  lose(percent: number): void;
  /** The cable takes so much, each way, kbit/s; `null` ends it. */
  narrow(kbit: number | null): void;
  /** Nothing gets through any more, and nobody is told; returns the way back. */
  blackout(): () => void;
  /** The browser's side gets another address; connections from the old one are dead. */
  moveHouse(): void;
}

const NAMES = new Set<string>();

/** Why there is none on this machine, or `undefined` when there can be. */
export function whyNoNetwork(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  for (const program of ["ip", "tc", "nft"]) {
    if (spawnSync(program, ["-V"]).error) return `${program} is not installed`;
  }
  const name = `tapeprobe${process.pid}`;
  const made = spawnSync("ip", ["netns", "add", name], { encoding: "utf8" });
  if (made.status !== 0) return `network namespaces are not allowed here: ${made.stderr.trim()}`;
  const filter = spawnSync("ip", ["netns", "exec", name, "nft", "add", "table", "inet", "probe"], { encoding: "utf8" });
  run("ip", "netns", "del", name);
  return filter.status === 0 ? undefined : `nftables is not allowed here: ${filter.stderr.trim()}`;
}

/** @param number 1…200, another one for each network that is there at the same time */
export function openNetwork(number: number): TestNetwork {
  const name = `tape${process.pid % 10_000}x${number}`;
  if (NAMES.has(name)) throw new Error(`network ${number} is there already`);
  NAMES.add(name);
  const outside = `${name}o`;
  const subnet = `10.213.${number}`;
  const here = `${subnet}.1`;
  let host = 2;
  const inside = (...command: string[]) => run("ip", "netns", "exec", name, ...command);

  run("ip", "netns", "add", name);
  run("ip", "link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", name);
  run("ip", "addr", "add", `${here}/24`, "dev", outside);
  run("ip", "link", "set", outside, "up");
  inside("ip", "link", "set", "lo", "up");
  inside("ip", "addr", "add", `${subnet}.${host}/24`, "dev", "eth0");
  inside("ip", "link", "set", "eth0", "up");
  inside("ip", "route", "add", "default", "via", here);
  // Chains that drop, empty so far: rules are put in and flushed again.
  inside("nft", "add table inet bad");
  for (const hook of ["input", "output"]) {
    inside("nft", `add chain inet bad ${hook} { type filter hook ${hook} priority 0 ; }`);
  }
  const bothWays = (rule: string): void => {
    inside("nft", "add", "rule", "inet", "bad", "input", "iifname", "eth0", ...rule.split(" "));
    inside("nft", "add", "rule", "inet", "bad", "output", "oifname", "eth0", ...rule.split(" "));
  };
  const clear = (): void => {
    inside("nft", "flush", "chain", "inet", "bad", "input");
    inside("nft", "flush", "chain", "inet", "bad", "output");
  };
  const scripts = tempFolder("network");

  return {
    here,
    launcher(program) {
      const file = path.join(scripts.path, `in-${name}`);
      writeFileSync(file, `#!/bin/sh\nexec ip netns exec ${name} ${program} "$@"\n`, { mode: 0o755 });
      return file;
    },
    lose(percent) {
      clear();
      if (percent > 0) bothWays(`numgen random mod 1000 < ${Math.round(percent * 10)} drop`);
    },
    narrow(kbit) {
      for (const [where, device] of [
        [run, outside],
        [inside, "eth0"],
      ] as const) {
        if (kbit === null) where("tc", "qdisc", "del", "dev", device, "root");
        // A queue of 200 ms, as a home's router has: deeper ones hide the loss and add delay instead.
        else {
          where(
            "tc",
            ..."qdisc replace dev".split(" "),
            device,
            ..."root tbf burst 4k latency 200ms rate".split(" "),
            `${kbit}kbit`,
          );
        }
      }
    },
    blackout() {
      bothWays("drop");
      return clear;
    },
    moveHouse() {
      const before = host;
      host += 1;
      // The old one first: with the first address of a subnet go all others.
      inside("ip", "addr", "del", `${subnet}.${before}/24`, "dev", "eth0");
      inside("ip", "addr", "add", `${subnet}.${host}/24`, "dev", "eth0");
      inside("ip", "route", "replace", "default", "via", here);
    },
    [Symbol.dispose]() {
      spawnSync("ip", ["link", "del", outside]);
      run("ip", "netns", "del", name);
      NAMES.delete(name);
      scripts[Symbol.dispose]();
    },
  };
}

function run(program: string, ...args: string[]): void {
  try {
    execFileSync(program, args, { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
  } catch (error) {
    if (!(error instanceof Error && "stderr" in error)) throw error;
    throw new Error(`${program} ${args.join(" ")}: ${String(error.stderr).trim()}`);
  }
}
