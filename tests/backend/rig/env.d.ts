import type { Env } from "../../../worker-backend/env.ts";
import type * as Main from "../../../worker-backend/main.ts";

declare global {
  namespace Cloudflare {
    interface Env extends BackendEnv {}
    interface GlobalProps {
      mainModule: typeof Main;
      durableNamespaces: "RoomDurableObject";
    }
  }
}
type BackendEnv = Env;
