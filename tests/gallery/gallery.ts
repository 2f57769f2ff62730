import { mountApp } from "../../src/ui/app.tsx";
import { aloneModel, exportsModel, homeModel, recordingsModel, shellModel } from "./page-models.ts";
import { GALLERY_STATES } from "./states.ts";
import { roomModel } from "./studio-models.ts";

const root = document.querySelector<HTMLElement>("#app");
const state = new URLSearchParams(location.search).get("state") ?? "index";
if (!root) throw new Error("the gallery's page has no #app");

if (state === "index") {
  for (const entry of GALLERY_STATES) {
    const link = document.createElement("a");
    link.href = `${entry.path}?state=${entry.state}`;
    link.textContent = entry.state;
    const line = document.createElement("p");
    line.append(link);
    root.append(line);
  }
} else {
  mountApp(root, {
    shell: shellModel(state),
    home: () => homeModel(state),
    room: () => roomModel(state),
    exports: () => exportsModel(state),
    recordings: () => recordingsModel(state),
    alone: () => aloneModel(state),
  });
}
