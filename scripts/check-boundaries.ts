/** Part of `npm run check`: every import against the table in boundaries.ts. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseSync } from "vite";
import { type ImportStatement, judgeImport, judgeWorkers, LAYERS } from "./boundaries.ts";
import { ROOT } from "./studio/paths.ts";

const STARTS_WORKER = /\bnew\s+(?:Shared)?Worker\s*\(/;

function sourceFiles(): string[] {
  const top = new Set(LAYERS.map((layer) => layer.folder.split("/")[0] ?? ""));
  return [...top]
    .filter((folder) => existsSync(path.join(ROOT, folder)))
    .flatMap((folder) =>
      readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) =>
        path.posix.join(folder, name.split(path.sep).join("/")),
      ),
    )
    .filter((file) => /\.(ts|tsx|mts)$/.test(file));
}

function importsOf(file: string, source: string): ImportStatement[] {
  const { module, errors } = parseSync(file, source);
  const problem = errors[0];
  if (problem) throw new Error(`${file}: ${problem.message}`);
  const literal = (span: { start: number; end: number }) => source.slice(span.start, span.end);
  return [
    ...module.staticImports.map((found) => ({
      specifier: found.moduleRequest.value,
      typeOnly: found.entries.length > 0 && found.entries.every((entry) => entry.isType),
    })),
    ...module.staticExports.flatMap((found) =>
      found.entries.flatMap((entry) =>
        entry.moduleRequest ? [{ specifier: entry.moduleRequest.value, typeOnly: entry.isType }] : [],
      ),
    ),
    ...module.dynamicImports.flatMap((found) => {
      const text = literal(found.moduleRequest);
      return /^["'].*["']$/.test(text) ? [{ specifier: text.slice(1, -1), typeOnly: false }] : [];
    }),
  ];
}

const files = sourceFiles();
const problems = files.flatMap((file) => {
  const source = readFileSync(path.join(ROOT, file), "utf8");
  const found = importsOf(file, source).flatMap((statement) => {
    const why = judgeImport(file, statement);
    return why ? [`${file}: ${why} (${statement.specifier})`] : [];
  });
  const worker = judgeWorkers(file, STARTS_WORKER.test(source));
  return worker ? [...found, `${file}: ${worker}`] : found;
});
for (const problem of problems) console.error(problem);
console.log(`${files.length} files, ${problems.length} imports across a boundary`);
// A check that looked at nothing proves nothing.
process.exitCode = problems.length > 0 || files.length === 0 ? 1 : 0;
