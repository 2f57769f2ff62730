import path from "node:path";
import { build } from "esbuild";
import type { BrowserContext, Page } from "playwright-core";

/** A file of bench/pages with everything it imports, as one classic script: the product's own modules run in it. */
export async function pageCode(name: string): Promise<string> {
  const result = await build({
    entryPoints: [path.resolve(import.meta.dirname, "../pages", name)],
    bundle: true,
    format: "iife",
    platform: "browser",
    target: "es2022",
    write: false,
  });
  const [file] = result.outputFiles;
  if (!file) throw new Error(`${name} gave no bundle`);
  return file.text;
}

const BLANK = "<!doctype html><meta charset=utf-8><title>Bench</title><style>body{margin:0}</style>";

/** An empty page of the studio's origin, in which nothing of the studio runs. Open it before any other page of the context. */
export async function openBlank(context: BrowserContext, origin: string): Promise<Page> {
  const page = await context.newPage();
  const address = `${origin}/bench-blank`;
  await page.route(address, (route) => route.fulfill({ contentType: "text/html", body: BLANK }));
  await page.goto(address);
  return page;
}
