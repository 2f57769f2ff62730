/** Scripts, styles and workers from this origin only; sockets to this host; recorded media as blobs. No inline, no eval. */
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
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** Headers of every answer, whatever it is. */
export function secure(response: Response, request: Request): Response {
  // A socket's answer cannot be made anew, and no page reads its headers.
  if (response.status === 101) return response;
  const url = new URL(request.url);
  const secured = new Response(response.body, response);
  const { headers } = secured;
  headers.set("Content-Security-Policy", policy(url));
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("Referrer-Policy", "no-referrer");
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  headers.set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), geolocation=(), usb=()");
  if (url.protocol === "https:") headers.set("Strict-Transport-Security", "max-age=31536000");
  if (url.pathname.startsWith("/api/") && !headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
  return secured;
}
