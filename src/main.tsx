// First: the policy stands before anything makes markup.
import "./trusted-types.ts";
import { createAppModels } from "./app-models.ts";
import { mountApp } from "#ui/app.tsx";

const root = document.getElementById("app");
if (root === null) throw new Error("index.html has no element #app");
mountApp(root, createAppModels());
