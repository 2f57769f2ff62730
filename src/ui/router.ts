import { createSignal, onCleanup } from "solid-js";

export type Route =
  | { readonly name: "home" }
  | { readonly name: "room"; readonly room: string }
  | { readonly name: "exports"; readonly room: string }
  | { readonly name: "recordings" }
  | { readonly name: "alone" }
  | { readonly name: "not-found" };

/** Which screen a path opens. A trailing slash changes nothing; a path that cannot be decoded is not found. */
export function parseRoute(pathname: string): Route {
  const parts = pathname.split("/").filter((part) => part !== "");
  const [first, second, third, ...rest] = parts;
  if (rest.length > 0) return { name: "not-found" };
  if (first === undefined) return { name: "home" };
  if (second === undefined) {
    if (first === "recordings") return { name: "recordings" };
    if (first === "alone") return { name: "alone" };
    return { name: "not-found" };
  }
  if (first !== "r" || !/^[A-Za-z0-9_-]+$/.test(second)) return { name: "not-found" };
  if (third === undefined) return { name: "room", room: second };
  return third === "exports" ? { name: "exports", room: second } : { name: "not-found" };
}

export interface Place {
  readonly route: Route;
  readonly search: string;
  readonly hash: string;
  /** Counts navigations, so that the same path opened again is seen as a new visit. */
  readonly visit: number;
}

export interface Router {
  place(): Place;
  navigate(path: string): void;
}

/** A link that the router should leave to the browser: new tab, download, other origin, no screen of ours. */
function isOurs(event: MouseEvent, link: HTMLAnchorElement): boolean {
  if (event.defaultPrevented || event.button !== 0) return false;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return false;
  if (link.target !== "" && link.target !== "_self") return false;
  if (link.hasAttribute("download") || link.origin !== location.origin) return false;
  // a jump inside of the page
  if (link.pathname === location.pathname && link.search === location.search && link.hash !== "") return false;
  return parseRoute(link.pathname).name !== "not-found";
}

/** The history router of the whole page; call once, inside of a Solid root. */
export function createRouter(): Router {
  const read = (visit: number): Place => ({
    route: parseRoute(location.pathname),
    search: location.search,
    hash: location.hash,
    visit,
  });
  const [place, setPlace] = createSignal(read(0));
  const arrive = (): void => {
    setPlace((before) => read(before.visit + 1));
  };
  const navigate = (path: string): void => {
    history.pushState(null, "", path);
    arrive();
    scrollTo(0, 0);
  };
  const onClick = (event: MouseEvent): void => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!(link instanceof HTMLAnchorElement) || !isOurs(event, link)) return;
    event.preventDefault();
    navigate(link.pathname + link.search + link.hash);
  };
  const onPop = (): void => {
    // popstate also fires for jumps inside of a page
    const next = parseRoute(location.pathname);
    if (JSON.stringify(next) !== JSON.stringify(place().route)) arrive();
  };
  document.addEventListener("click", onClick);
  addEventListener("popstate", onPop);
  onCleanup(() => {
    document.removeEventListener("click", onClick);
    removeEventListener("popstate", onPop);
  });
  return { place, navigate };
}
