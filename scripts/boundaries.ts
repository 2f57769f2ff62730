/** One part of the repository and what it may import. */
export interface Layer {
  /** Its folder; a file belongs to the layer with the longest folder that it lies in. */
  readonly folder: string;
  /** The layers that it may import, beside itself. */
  readonly imports: readonly string[];
  /** The packages that it may import; undefined: any. */
  readonly packages?: readonly string[];
  /** Layers of which it may import types only. */
  readonly typesOnly?: readonly string[];
}

const PAGE = ["src/core", "src/platform", "src/devices", "src/call", "src/controllers", "src/ui"];
const EVERYTHING = [
  "protocol",
  "media",
  ...PAGE,
  "src",
  "workers",
  "service-worker",
  "worker-backend",
  "container",
  "sfu",
  "scripts",
];

/**
 * Who may import whom. The project references make most illegal imports fail to compile; but references are followed
 * through others', and packages, types and the folders inside of workers/ are not theirs to judge.
 */
export const LAYERS: readonly Layer[] = [
  { folder: "protocol", imports: [], packages: ["valibot"] },
  { folder: "media", imports: ["protocol"], packages: ["valibot", "mediabunny", "mp4box"] },
  { folder: "src/core", imports: ["protocol"], packages: ["valibot"] },
  { folder: "src/platform", imports: ["protocol", "src/core"] },
  { folder: "src/devices", imports: ["protocol", "src/core"] },
  { folder: "src/call", imports: ["protocol", "src/core"] },
  { folder: "src/controllers", imports: ["protocol", "src/core"] },
  {
    folder: "src/ui",
    imports: ["src/controllers"],
    packages: ["solid-js", "@kobalte/core", "lucide-solid"],
    typesOnly: ["src/controllers"],
  },
  { folder: "src", imports: ["protocol", "media", ...PAGE, "workers"] },
  { folder: "workers", imports: ["protocol", "media", "src/core", "src/platform"] },
  { folder: "service-worker", imports: ["protocol", "src/core", "src/platform"] },
  { folder: "worker-backend", imports: ["protocol"] },
  { folder: "container", imports: ["protocol", "media"] },
  { folder: "sfu", imports: ["protocol"] },
  { folder: "scripts", imports: ["protocol"] },
  { folder: "tests", imports: EVERYTHING },
  { folder: "bench", imports: [...EVERYTHING, "tests"] },
];

/** Names after `#` in package.json's `imports`, and the folders they stand for. */
const SUBPATHS: Readonly<Record<string, string>> = {
  "#core": "src/core",
  "#platform": "src/platform",
  "#devices": "src/devices",
  "#call": "src/call",
  "#controllers": "src/controllers",
  "#ui": "src/ui",
};

/** One import as it stands in a file. */
export interface ImportStatement {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** The layer of a file, by its path from the repository's root with `/` between the parts. */
export function layerOf(file: string): Layer | undefined {
  const holding = LAYERS.filter((layer) => file.startsWith(`${layer.folder}/`));
  return holding.sort((a, b) => b.folder.length - a.folder.length)[0];
}

/** @returns what is wrong with an import, or undefined */
export function judgeImport(file: string, statement: ImportStatement): string | undefined {
  const layer = layerOf(file);
  if (!layer) return undefined;
  const target = targetPath(file, statement.specifier);
  return target === undefined
    ? judgePackage(layer, statement.specifier)
    : judgeTarget(file, layer, target, statement.typeOnly);
}

/** Worker threads are made where the page is composed. */
export function judgeWorkers(file: string, constructsWorkers: boolean): string | undefined {
  if (!constructsWorkers || !file.startsWith("src/") || layerOf(file)?.folder === "src") return undefined;
  return "only the composition root (src/main.tsx and the files beside it) starts workers";
}

/** Path of the imported file from the repository's root; undefined for a package. */
function targetPath(file: string, specifier: string): string | undefined {
  if (specifier.startsWith("#")) {
    const [name = "", ...rest] = specifier.split("/");
    return [SUBPATHS[name] ?? name.slice(1), ...rest].join("/");
  }
  if (!specifier.startsWith(".")) return undefined;
  const parts = file.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function judgePackage(layer: Layer, specifier: string): string | undefined {
  const name = specifier.startsWith("@") ? specifier.split("/").slice(0, 2).join("/") : (specifier.split("/")[0] ?? "");
  if (!layer.packages || layer.packages.includes(name)) return undefined;
  return `${layer.folder} may not import the package ${name}`;
}

function judgeTarget(file: string, layer: Layer, target: string, typeOnly: boolean): string | undefined {
  const other = layerOf(target);
  if (!other) return undefined;
  if (other.folder === layer.folder) return layer.folder === "workers" ? judgeSiblings(file, target) : undefined;
  if (!layer.imports.includes(other.folder)) return `${layer.folder} may not import ${other.folder}`;
  if (!typeOnly && layer.typesOnly?.includes(other.folder)) {
    return `${layer.folder} may import types only from ${other.folder}`;
  }
  if (layer.folder === "workers" && other.folder === "src/platform" && !file.endsWith(".worker.ts")) {
    return "only a worker's entry (*.worker.ts) may import src/platform; its service gets adapters passed in";
  }
  return undefined;
}

function judgeSiblings(file: string, target: string): string | undefined {
  const [, from] = file.split("/");
  const [, to, ...inside] = target.split("/");
  return inside.length > 0 && from !== to ? `workers/${from} may not import workers/${to}` : undefined;
}
