import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { Env } from "../../../worker-backend/env.ts";
import backend from "../../../worker-backend/main.ts";
import { ORIGIN } from "./api.ts";

/** One request to a backend whose bindings differ. */
export async function callWith(change: Partial<Env>, path: string, init: RequestInit = {}): Promise<Response> {
  const context = createExecutionContext();
  const request = new Request(`${ORIGIN}${path}`, init) as Request<unknown, IncomingRequestCfProperties>;
  const response = await backend.fetch(request, { ...env, ...change }, context);
  await waitOnExecutionContext(context);
  return response;
}

/** A bucket whose `put` fails in one of the ways of a real one. */
export function faultyBucket(fault: "before" | "after"): R2Bucket {
  return new Proxy(env.BUCKET, {
    get(bucket, name) {
      if (name === "put") {
        return async (...args: Parameters<R2Bucket["put"]>) => {
          if (fault === "before") throw new Error("put: We encountered an internal error. Please try again. (10001)");
          await bucket.put(...args);
          throw new Error("Network connection lost.");
        };
      }
      const member: unknown = Reflect.get(bucket, name, bucket);
      return typeof member === "function" ? member.bind(bucket) : member;
    },
  });
}
