import { describe, it } from "vitest";
import { takeRepoContract } from "../../contracts/take-repo.contract.ts";
import { MemoryRepo } from "./rig/memory-device.ts";

// The rig's manifest shows its rows, so that tests can tamper with them; otherwise it is like any other.
describe("the rig's manifest", () => {
  it.each(takeRepoContract)("$rule", ({ run }) => run(new MemoryRepo()));
});
