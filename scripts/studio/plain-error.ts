/** Something that the person who typed the command can act on; shown without a stack, exit code 1. */
export class PlainError extends Error {}

/** Runs a command's main function; a `PlainError` becomes its message and exit code 1. */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof PlainError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** The `code` of a system error ("ENOENT", "EADDRINUSE" …), or undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
