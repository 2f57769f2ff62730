import { existsSync } from "node:fs";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import solid from "vite-plugin-solid";
import { defineConfig } from "vitest/config";
import { readWranglerConfig } from "./scripts/studio/wrangler-config.ts";

/** Starts what every browser test shares; optional. */
const E2E_SETUP = "tests/e2e/global-setup.ts";

/** A browser test records in real time, some of them for a minute, on a machine that may be busy. */
const BROWSER_TEST_MS = 5 * 60_000;

/** A state that comes at all comes within this, on a machine that is busy; vitest's own second is over before a page has drawn. */
const BROWSER_POLL = { timeout: 60_000, interval: 100 };

/** The backend's tests run with the bindings that it is deployed with, without the container's. */
const worker = readWranglerConfig();

export default defineConfig({
  test: {
    reporters: ["default", "./scripts/vitest-summary.ts"],
    projects: [
      {
        plugins: [solid({ hot: false })],
        test: {
          name: "unit",
          environment: "node",
          include: ["tests/{unit,contracts,container,faults,sfu}/**/*.test.{ts,tsx}"],
          exclude: ["tests/sfu/browser/**"],
          testTimeout: 30_000,
          hookTimeout: 30_000,
          // Not 0: with a single processor vitest runs that group last.
          sequence: { groupOrder: 1 },
        },
      },
      {
        plugins: [
          cloudflareTest({
            main: "./worker-backend/main.ts",
            miniflare: {
              compatibilityDate: worker.compatibility_date,
              compatibilityFlags: worker.compatibility_flags,
              durableObjects: Object.fromEntries(
                worker.durable_objects.bindings.map(({ name, class_name }) => [
                  name,
                  { className: class_name, useSQLite: true },
                ]),
              ),
              r2Buckets: Object.fromEntries(
                worker.r2_buckets.map(({ binding, bucket_name }) => [binding, bucket_name]),
              ),
              bindings: {
                ...worker.vars,
                SIGNING_SECRET: "a secret of the tests, long enough to sign with",
                RENDER_URL: "http://render.invalid",
                REALTIME_API: "http://realtime.invalid/v1",
                REALTIME_APP_ID: "app-of-the-tests",
                REALTIME_APP_SECRET: "what opens the app of the tests",
              },
            },
          }),
        ],
        test: {
          name: "backend",
          include: ["tests/backend/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "e2e",
          environment: "node",
          include: ["tests/{e2e,browser,sfu/browser}/**/*.test.{ts,tsx}"],
          globalSetup: existsSync(E2E_SETUP) ? [E2E_SETUP] : [],
          // One browser at a time: two would take each other's frames.
          fileParallelism: false,
          maxWorkers: 1,
          testTimeout: BROWSER_TEST_MS,
          hookTimeout: BROWSER_TEST_MS,
          expect: { poll: BROWSER_POLL },
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
