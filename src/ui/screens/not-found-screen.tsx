import type { JSX } from "solid-js";
import { usePageHead } from "../page-head.ts";
import { PageHead, RecordingsLink } from "../parts/page-frame.tsx";

export function NotFoundScreen(): JSX.Element {
  usePageHead(() => ({ title: "Nothing here · Tapesync" }));
  return (
    <>
      <PageHead>
        <RecordingsLink />
      </PageHead>
      <main class="page" id="main">
        <div class="empty">
          <h1 class="card-title">There is nothing at this address</h1>
          <p>Check the link, or begin at the front door. What was recorded on this device is under Recordings.</p>
          <a class="button" data-kind="primary" href="/">
            Go to the front door
          </a>
        </div>
      </main>
    </>
  );
}
