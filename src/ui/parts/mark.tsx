import type { JSX } from "solid-js";

/** The sign of Tapesync: tracks, lined up at one point. */
export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 28 28" fill="currentColor" aria-hidden="true">
      <path d="M2 5.5A1.5 1.5 0 0 1 3.5 4H10v5H3.5A1.5 1.5 0 0 1 2 7.5zM17 4h3.5A1.5 1.5 0 0 1 22 5.5v2A1.5 1.5 0 0 1 20.5 9H17zM6 13a1.5 1.5 0 0 1 1.5-1.5H10v5H7.5A1.5 1.5 0 0 1 6 15zM17 11.5h7.5A1.5 1.5 0 0 1 26 13v2a1.5 1.5 0 0 1-1.5 1.5H17zM3 20.5A1.5 1.5 0 0 1 4.5 19H10v5H4.5A1.5 1.5 0 0 1 3 22.5zM17 19h1.5a1.5 1.5 0 0 1 1.5 1.5v2a1.5 1.5 0 0 1-1.5 1.5H17z" />
      <rect x="12.5" y="1" width="2" height="26" rx="1" />
    </svg>
  );
}
