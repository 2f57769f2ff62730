import type { IncomingMessage } from "node:http";
import * as v from "valibot";
import { MAX_REALTIME_BYTES } from "#protocol/realtime-api.ts";
import { ApiError } from "../session/api-error.ts";

/**
 * Reads a body of JSON.
 * @throws {ApiError} 413 when it is larger than 256 KiB, 400 when it is not what the schema says
 */
export async function readJson<const Schema extends v.GenericSchema>(
  request: IncomingMessage,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  const parsed = v.safeParse(schema, parse(await readText(request)));
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw ApiError.decoding(`${v.getDotPath(issue) ?? "body"}: ${issue.message}`.slice(0, 200));
}

async function readText(request: IncomingMessage): Promise<string> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_REALTIME_BYTES) throw ApiError.bodyTooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_REALTIME_BYTES) throw ApiError.bodyTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw ApiError.decoding("no JSON");
  }
}
