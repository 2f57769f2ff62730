import { StudioError } from "#protocol/errors.ts";
import type { EncodeReason } from "#protocol/encode-rpc.ts";

/** Why an encode worker could not do what it was asked. */
export class EncodeFailed extends StudioError<EncodeReason> {
  static noInput(message: string): EncodeFailed {
    return new EncodeFailed("no-input", "critical", message);
  }

  static noCodec(): EncodeFailed {
    return new EncodeFailed("no-codec", "critical", "No codec of this browser works.");
  }

  static wrongState(message: string): EncodeFailed {
    return new EncodeFailed("wrong-state", "critical", message);
  }
}
