/** Where choices are remembered; `localStorage` in the page. */
export interface ChoiceMemory {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}
