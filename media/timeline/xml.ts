/** A small XML tree: written escaped and indented, read strictly. Enough for timelines; no entities of its own. */
export interface XmlNode {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlNode[];
}

/** Attributes that are undefined are left out. */
export function node(
  name: string,
  attributes: Readonly<Record<string, string | undefined>>,
  children: readonly XmlNode[] = [],
): XmlNode {
  const given = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  return { name, attributes: Object.fromEntries(given), children };
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** What XML 1.0 cannot hold even escaped is left out: control characters, lone surrogates, U+FFFE and U+FFFF. */
export function escapeXml(value: string): string {
  return value
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")
    .replace(/[&<>"]/g, (letter) => ESCAPES[letter] ?? letter)
    .replace(/[\t\n\r]/g, " ");
}

export function writeXml(root: XmlNode, doctype: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE ${doctype}>\n${writeNode(root, "")}`;
}

function writeNode(item: XmlNode, indent: string): string {
  const attributes = Object.entries(item.attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  const head = `${indent}<${item.name}${attributes.join("")}`;
  if (item.children.length === 0) return `${head}/>\n`;
  const body = item.children.map((child) => writeNode(child, `${indent}    `)).join("");
  return `${head}>\n${body}${indent}</${item.name}>\n`;
}

const TOKEN =
  /<\?[^]*?\?>|<!DOCTYPE[^>]*>|<!--[^]*?-->|<(\/?)([A-Za-z][\w:.-]*)((?:\s+[\w:.-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;

const UNESCAPES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** @throws Error when the text is not well-formed, or has text between its elements. */
export function readXml(text: string): XmlNode {
  const root = { name: "", attributes: {}, children: [] as XmlNode[] };
  const open: { name: string; attributes: Record<string, string>; children: XmlNode[] }[] = [root];
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (match.index !== at) break;
    at += match[0].length;
    const [, closing, name, attributes, empty, between] = match;
    const parent = open.at(-1);
    if (between !== undefined && between.trim() !== "") throw new Error(`text between elements: ${between.trim()}`);
    if (name === undefined || !parent) continue;
    if (closing) {
      if (parent.name !== name) throw new Error(`</${name}> closes <${parent.name}>`);
      open.pop();
      continue;
    }
    const item = { name, attributes: readAttributes(attributes ?? ""), children: [] };
    parent.children.push(item);
    if (!empty) open.push(item);
  }
  const first = root.children[0];
  if (at !== text.length || open.length !== 1 || !first || root.children.length > 1)
    throw new Error(`not well-formed at ${at}`);
  return first;
}

function readAttributes(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, key, value] of text.matchAll(/([\w:.-]+)="([^"]*)"/g)) {
    if (key === undefined || value === undefined) continue;
    if (key in attributes) throw new Error(`attribute ${key} twice`);
    attributes[key] = value.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (all, hex, decimal, name) => {
      if (hex || decimal) return String.fromCodePoint(Number.parseInt(hex ?? decimal, hex ? 16 : 10));
      const letter = UNESCAPES[name];
      if (letter === undefined) throw new Error(`unknown entity ${all}`);
      return letter;
    });
  }
  return attributes;
}

/** The item and everything below it, parents first. */
export function* walk(item: XmlNode): Generator<XmlNode> {
  yield item;
  for (const child of item.children) yield* walk(child);
}
