/** Locks of this origin, over all tabs and workers. A lock goes with the context that holds it, however that ends. */
export interface LockPort {
  /** Takes the lock if it is free. Resolves to the way to give it back, or to `undefined` when somebody holds it. */
  tryHold(name: string, mode?: "exclusive" | "shared"): Promise<(() => void) | undefined>;
  /** Whether nobody holds it at this moment. */
  isFree(name: string): Promise<boolean>;
}
