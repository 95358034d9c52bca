/**
 * Identity of a resource that the host implements. Guests hold handles; the host sees the object behind one.
 * Source: Canonical ABI, "Resource state".
 * @module
 */
import type { FiberPort } from "../fiber-port.ts";

/** `Rep` is what a handle stands for on the host's side, e.g. an open stream. */
export class ResourceType<Rep extends object = object> {
  /** As declared in its interface, e.g. `output-stream`. */
  readonly name: string;
  /** Called when the guest drops its last owned handle, and for those left at the end of its process. */
  readonly drop: ((process: FiberPort, rep: Rep) => void) | undefined;

  constructor(name: string, drop?: (process: FiberPort, rep: Rep) => void) {
    this.name = name;
    this.drop = drop;
  }
}
