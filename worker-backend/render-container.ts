import { Container } from "@cloudflare/containers";

/** The render service as a Cloudflare container, one per take that is being rendered. Never constructed on one machine. */
export class RenderContainer extends Container {
  override defaultPort = 8080;
  /** Longer than the wait before the last try. */
  override sleepAfter = "5m";
  override enableInternet = true;
}
