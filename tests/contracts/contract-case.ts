/** One rule of a port, as code that runs anywhere: in Node against a fake, in a worker against the real thing. */
export interface ContractCase<Subject> {
  /** Rule and what it says: `[ES4] a sealed epoch survives reopening`. */
  readonly rule: string;
  readonly run: (subject: Subject) => Promise<void>;
}

export function equal(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`);
}

/** The promise must fail with this `reason`. */
export async function refuses(work: Promise<unknown>, reason: string): Promise<void> {
  const outcome = await work.then(
    () => "nothing was refused",
    (error: unknown) => (error instanceof Error && "reason" in error ? error.reason : String(error)),
  );
  equal(outcome, reason, "refusal");
}
