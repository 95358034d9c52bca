/**
 * Identity of a resource that the host implements. Guests hold handles; the host sees the object behind one.
 * Source: Canonical ABI, "Resource state".
 * @module
 */
import type { FiberPort } from "../fiber-port.ts";

type Drop<Rep> = { call(process: FiberPort, rep: Rep): void }["call"];

/** `Rep` is what a handle stands for on the host's side, e.g. an open stream. */
export class ResourceType<Rep = object> {
  /** As declared in its interface, e.g. `output-stream`. */
  name: string;
  /** Called when the guest drops its last owned handle, and for those left at the end of its process. */
  readonly drop: Drop<Rep> | undefined;
  /** Which component instance of a program implements it; `undefined` for the host's own. */
  readonly definedBy: number | undefined;

  constructor(name: string, drop?: Drop<Rep>, definedBy?: number) {
    this.name = name;
    this.drop = drop;
    this.definedBy = definedBy;
  }
}
