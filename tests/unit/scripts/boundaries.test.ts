import { describe, expect, it } from "vitest";
import { judgeImport, judgeWorkers, layerOf } from "../../../scripts/boundaries.ts";

const value = (specifier: string) => ({ specifier, typeOnly: false });
const type = (specifier: string) => ({ specifier, typeOnly: true });

describe("import boundaries", () => {
  it("a file belongs to the layer with the longest folder that it lies in", () => {
    expect(layerOf("src/core/upload/engine.ts")?.folder).toBe("src/core");
    expect(layerOf("src/main.tsx")?.folder).toBe("src");
    expect(layerOf("docs/example.ts")).toBeUndefined();
  });

  it.each([
    ["protocol/ids.ts", value("#core/take/step.ts"), "protocol may not import src/core"],
    ["src/core/upload/engine.ts", value("../../platform/http-upload.ts"), "src/core may not import src/platform"],
    ["src/core/upload/engine.ts", value("dexie"), "src/core may not import the package dexie"],
    ["src/ui/app.tsx", value("#core/take/step.ts"), "src/ui may not import src/core"],
    ["src/ui/app.tsx", value("#controllers/room-view.ts"), "src/ui may import types only from src/controllers"],
    ["src/ui/app.tsx", value("@hono/node-server/serve-static"), "src/ui may not import the package @hono/node-server"],
    ["src/controllers/room.ts", value("#platform/dexie-takes.ts"), "src/controllers may not import src/platform"],
    ["workers/encode/encode.worker.ts", value("../upload/lanes.ts"), "workers/encode may not import workers/upload"],
    ["worker-backend/main.ts", value("../media/boxes.ts"), "worker-backend may not import media"],
    ["container/main.ts", value("../tests/unit/x.ts"), "container may not import tests"],
  ])("%s: %o is refused", (file, statement, why) => {
    expect(judgeImport(file, statement)).toBe(why);
  });

  it("a worker's service gets its adapters from the entry", () => {
    expect(judgeImport("workers/encode/encode-service.ts", value("#platform/opfs.ts"))).toMatch(
      /only a worker's entry/,
    );
    expect(judgeImport("workers/encode/encode.worker.ts", value("#platform/opfs.ts"))).toBeUndefined();
  });

  it.each([
    ["src/ui/app.tsx", type("#controllers/room-view.ts")],
    ["src/ui/app.tsx", value("./parts/tile.tsx")],
    ["src/main.tsx", value("#platform/dexie-takes.ts")],
    ["workers/encode/encode.worker.ts", value("./encode-service.ts")],
    ["container/main.ts", value("#media/epoch-reader.ts")],
    ["tests/unit/a.test.ts", value("../../worker-backend/room/step-room.ts")],
  ])("%s: %o is allowed", (file, statement) => {
    expect(judgeImport(file, statement)).toBeUndefined();
  });

  it("only the composition root starts workers", () => {
    expect(judgeWorkers("src/controllers/take.ts", true)).toMatch(/composition root/);
    expect(judgeWorkers("src/worker-clients.ts", true)).toBeUndefined();
    expect(judgeWorkers("src/controllers/take.ts", false)).toBeUndefined();
  });
});
