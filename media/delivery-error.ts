import { StudioError } from "#protocol/errors.ts";

/** `no-media`: not one epoch can be used. `cancelled`: somebody said stop. */
export type DeliveryReason = "no-media" | "cancelled";

export class DeliveryError extends StudioError<DeliveryReason> {
  static noMedia(message: string): DeliveryError {
    return new DeliveryError("no-media", "critical", message);
  }

  static cancelled(): DeliveryError {
    return new DeliveryError("cancelled", "note", "The export was stopped.");
  }
}
