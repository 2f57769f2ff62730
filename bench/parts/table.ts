/** One measure as it is printed and written down. */
export interface Report {
  /** The letter of the issue's list. */
  readonly key: string;
  readonly title: string;
  readonly columns: readonly string[];
  /** None: it could not be measured, and the notes say why. */
  readonly rows: readonly (readonly (string | number)[])[];
  /** What the numbers mean, each a sentence. */
  readonly notes: readonly string[];
  /** Everything that was measured, for the JSON file. */
  readonly details: unknown;
}

/** As a Markdown table, so that a document can take it over as it is. */
export function printReport(report: Report): string {
  const cells = [report.columns, ...report.rows].map((row) => row.map(String));
  const widths = report.columns.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => pad(row[column] ?? "", width, column > 0)).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => (column > 0 ? `${"-".repeat(width + 1)}:` : "-".repeat(width + 2))).join("|")}|`;
  const [head = [], ...body] = cells;
  const notes = report.notes.map((note) => `  ${note}`);
  const table = body.length === 0 ? [] : [line(head), rule, ...body.map(line), ""];
  return [`\n(${report.key}) ${report.title}\n`, ...table, ...notes].join("\n");
}

const pad = (text: string, width: number, right: boolean): string =>
  right ? text.padStart(width) : text.padEnd(width);
