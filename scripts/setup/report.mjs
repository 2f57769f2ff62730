/** A reason that a person can act on; shown without a stack. */
export class SetupError extends Error {}

/** One plain line for a step that is about to take time. */
export function step(text) {
  console.log(`[setup] ${text}`);
}
