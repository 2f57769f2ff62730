/** Keeps the screen on while asked to: a screen that goes dark stops the camera on phones. */
export function keepAwake(report: (error: unknown) => void): (on: boolean) => void {
  let wanted = false;
  let lock: Promise<WakeLockSentinel | undefined> | undefined;
  const ask = async (): Promise<WakeLockSentinel | undefined> => {
    try {
      return await navigator.wakeLock.request("screen");
    } catch (error) {
      // low battery, or the page is hidden: the browser's right, asked again when the page is seen
      if (error instanceof DOMException && error.name === "NotAllowedError") return undefined;
      throw error;
    }
  };
  const update = (): void => {
    const seen = document.visibilityState === "visible";
    if (wanted && seen && lock === undefined && "wakeLock" in navigator) {
      lock = ask();
      lock.catch(report);
    }
    if ((!wanted || !seen) && lock !== undefined) {
      lock.then((held) => held?.release()).catch(report);
      lock = undefined;
    }
  };
  document.addEventListener("visibilitychange", update);
  return (on) => {
    if (on === wanted) return;
    wanted = on;
    update();
  };
}
