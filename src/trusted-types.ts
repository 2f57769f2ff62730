/**
 * The content security policy asks for Trusted Types: no text becomes markup or the address of a script but by this one policy.
 * It is meant for the page's own templates and workers; names and messages are text nodes and never come here. Imported before
 * everything else.
 */

/** A browser that has them; others do as before. */
interface TrustedTypes {
  createPolicy(
    name: "default",
    rules: { createHTML(html: string): string | null; createScriptURL(url: string): string | null },
  ): unknown;
}

/** What no template of ours has: markup that runs something. */
const ACTIVE = /<\s*(script|iframe|object|embed|base|meta|link)\b|[\s"'/]on\w+\s*=|javascript:|srcdoc/iu;

const isOwn = (address: string): boolean => {
  const url = new URL(address, location.href);
  return url.origin === location.origin && /^https?:$/.test(url.protocol);
};

const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes };

trustedTypes?.createPolicy("default", {
  // `null` refuses: the browser throws where it was asked for.
  createHTML: (html) => (ACTIVE.test(html) ? null : html),
  createScriptURL: (url) => (isOwn(url) ? url : null),
});
