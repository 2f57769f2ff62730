import type { Env } from "../../../worker-backend/env.ts";

declare global {
  namespace Cloudflare {
    interface Env extends BackendEnv {}
    interface GlobalProps {
      mainModule: typeof import("../../../worker-backend/main.ts");
      durableNamespaces: "RoomDurableObject";
    }
  }
}
type BackendEnv = Env;
