/**
 * Scripts, styles and workers from this origin only; sockets to this host; recorded media as blobs. No inline, no eval; nothing
 * of the page is WebAssembly. Text becomes markup or a worker's address by the page's own policy only (src/trusted-types.ts).
 */
function policy(url: URL): string {
  return [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "worker-src 'self'",
    `connect-src 'self' ws://${url.host} wss://${url.host}`,
    "object-src 'none'",
    "frame-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types default",
  ].join("; ");
}

/** What the studio needs of the browser. */
const USED = ["camera", "microphone", "display-capture", "screen-wake-lock", "fullscreen", "picture-in-picture"];

/** Powerful features that it does not, and that a script which should not be there could use. */
const UNUSED = [
  "accelerometer",
  "browsing-topics",
  "encrypted-media",
  "gamepad",
  "geolocation",
  "gyroscope",
  "hid",
  "identity-credentials-get",
  "idle-detection",
  "local-fonts",
  "magnetometer",
  "midi",
  "otp-credentials",
  "payment",
  "publickey-credentials-create",
  "publickey-credentials-get",
  "serial",
  "sync-xhr",
  "usb",
  "window-management",
  "xr-spatial-tracking",
];

const PERMISSIONS = [...USED.map((name) => `${name}=(self)`), ...UNUSED.map((name) => `${name}=()`)].join(", ");

/** A year. Not for sub-domains: those are not ours. */
const HSTS = "max-age=31536000";

/** Headers of every answer, whatever it is: pages, the API, errors, downloads. */
export function secure(response: Response, request: Request): Response {
  // A socket's answer cannot be made anew, and no page reads its headers.
  if (response.status === 101) return response;
  const url = new URL(request.url);
  const secured = new Response(response.body, response);
  const { headers } = secured;
  headers.set("Content-Security-Policy", policy(url));
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("Referrer-Policy", "no-referrer");
  // Together they isolate the page from other origins.
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  headers.set("Permissions-Policy", PERMISSIONS);
  // Behind a proxy that ends TLS the address here is plain; browsers heed it over TLS only.
  headers.set("Strict-Transport-Security", HSTS);
  if (url.pathname.startsWith("/api/") && !headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
  return secured;
}
