/** A stamp cannot lie in the future; clocks are read with up to 1 ms of rounding in two places. */
const FUTURE_US = 2_000;

/** Two readings that are this near to each other in how far they lie from now cannot be told apart. */
const AMBIGUOUS_US = 20_000;

/**
 * `AudioData.timestamp` counts from the `timeOrigin` of the global that reads it, but the first ten or so after a transfer
 * still count from the page's. The reading nearest to now is right.
 *
 * @param stampUs as the browser gives it
 * @param workerShiftUs origin of the worker less origin of the page, µs
 * @param nowUs local µs at arrival
 * @returns local µs; `undefined` when both readings are possible: the buffer must be dropped
 */
export function resolveOrigin(stampUs: number, workerShiftUs: number, nowUs: number): number | undefined {
  const asPage = stampUs;
  const asWorker = stampUs + workerShiftUs;
  if (Math.abs(workerShiftUs) < 1) return asPage;
  const pageAge = ageOf(asPage, nowUs);
  const workerAge = ageOf(asWorker, nowUs);
  if (pageAge === workerAge || Math.abs(pageAge - workerAge) < AMBIGUOUS_US) return undefined;
  return pageAge < workerAge ? asPage : asWorker;
}

function ageOf(timeUs: number, nowUs: number): number {
  const age = nowUs - timeUs;
  return age < -FUTURE_US ? Number.POSITIVE_INFINITY : Math.abs(age);
}
