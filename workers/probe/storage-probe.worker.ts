import { isFileWritable } from "./storage-probe-service.ts";

self.addEventListener("message", () => {
  void isFileWritable().then((works) => self.postMessage(works));
});
