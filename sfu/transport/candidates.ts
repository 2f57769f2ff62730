import { networkInterfaces } from "node:os";

/** Type preference of host candidates, and the only component (RFC 8445, 5.1.2.1). */
const HOST_PREFERENCE = 126;
const COMPONENT = 1;

/**
 * `a=candidate:` values for the port that every pipe shares.
 * @param announce addresses that clients reach this machine under; empty: those of its interfaces, read anew each time,
 * or loopback when it has no other
 */
export function hostCandidates(port: number, announce: readonly string[]): string[] {
  const addresses = announce.length > 0 ? announce : ownAddresses();
  return addresses.map((address, index) => {
    const priority = HOST_PREFERENCE * 2 ** 24 + (65_535 - index) * 2 ** 8 + (256 - COMPONENT);
    return `${index + 1} ${COMPONENT} UDP ${priority} ${address} ${port} typ host`;
  });
}

function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const reachable = all.filter(({ internal, address }) => !internal && !address.toLowerCase().startsWith("fe80:"));
  // IPv4 first: more networks carry it.
  const own = [...reachable].sort((a, b) => a.family.localeCompare(b.family)).map(({ address }) => address);
  return own.length > 0 ? own : ["127.0.0.1"];
}
