import type { TakeExporter } from "#controllers/take-exports.ts";
export function pageExporter(): TakeExporter {
  return {
    exportTake: async () => {
      throw new Error("The export is not there yet");
    },
  };
}
