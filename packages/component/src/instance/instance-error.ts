/**
 * What a call of a component can come to besides its result.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";

export type InstanceFault =
  /** It trapped; `stderr` is the last it wrote there. */
  | { code: "instance.trapped"; reason: string; stderr: string }
  /** It was killed or closed before the call was done. */
  | { code: "instance.ended"; how: "closed" | "killed" };

/** A call that has no result. `cause` is what a function of the host threw, if that was why. */
export class InstanceError extends KinodeError<InstanceFault> {
  override name = "InstanceError";
  constructor(fault: InstanceFault, options: { cause?: unknown } = {}) {
    const fact =
      fault.code === "instance.ended"
        ? `The component was ${fault.how} before the call was done`
        : `The component trapped: ${fault.reason}`;
    super(fault, fact, options);
  }
}
