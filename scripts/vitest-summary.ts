import type { Reporter, TestModule } from "vitest/node";

/**
 * Closes a test run with `N passed, N failed` alone on a line, and `, N skipped` when there are some. A file that
 * could not be loaded counts as one failed test: its tests are not known.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0 };
    for (const module of modules) {
      let own = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        // A test that was still waiting when the run ended did not pass.
        const key = state === "pending" ? "failed" : state;
        count[key] += 1;
        own += key === "failed" ? 1 : 0;
      }
      if (module.state() === "failed" && own === 0) count.failed += 1;
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : "";
    console.log(`\n${count.passed} passed, ${count.failed} failed${skipped}`);
  }
}
