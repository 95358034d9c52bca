/**
 * The handles of one component instance.
 * Source: Canonical ABI, "Resource state": index 0 is never given, free indices are used again.
 * @module
 */
import { quoted } from "../errors.ts";
import type { FiberPort } from "../fiber-port.ts";
import { GuestTrap } from "./guest-trap.ts";
import type { ResourceType } from "./resource-type.ts";

interface Handle {
  readonly resource: ResourceType<never>;
  readonly rep: unknown;
  readonly owned: boolean;
  /** How often it is lent to a call that has not returned. */
  lentCount: number;
}

type AnyResource = ResourceType<never>;

export class HandleTable {
  /** Which component instance of the program it belongs to. */
  readonly instance: number;
  readonly #handles: (Handle | undefined)[] = [undefined];
  readonly #free: number[] = [];
  readonly #maxHandles: number;
  #lent: Handle[] = [];
  /** Taken from the guest by a call whose other arguments are still being read. */
  #inTransit: Handle[] = [];
  /** Whoever makes objects of its handles for a caller; see instance/guest-resource.ts. */
  context: unknown;
  /** Borrowed handles the call that runs in this instance has not dropped yet. */
  borrowedCount = 0;

  constructor(maxHandles: number, instance = 0) {
    this.#maxHandles = maxHandles;
    this.instance = instance;
  }

  get size(): number {
    return this.#handles.length - 1 - this.#free.length;
  }

  /** @returns the index the guest gets */
  add(resource: AnyResource, rep: unknown, owned: boolean): number {
    if (this.size >= this.#maxHandles) {
      throw new GuestTrap(`The process holds ${this.#maxHandles} handles and may not have more`);
    }
    const handle: Handle = { resource, rep, owned, lentCount: 0 };
    if (!owned) this.borrowedCount++;
    const index = this.#free.pop();
    if (index === undefined) return this.#handles.push(handle) - 1;
    this.#handles[index] = handle;
    return index;
  }

  #at(resource: AnyResource, index: number): Handle {
    const handle = this.#handles[index];
    if (handle === undefined)
      throw new GuestTrap(`The process passed handle ${index}, which it does not hold`);
    if (handle.resource !== resource) {
      throw new GuestTrap(
        `The process passed handle ${index} of ${quoted(handle.resource.name)} where one of ${quoted(resource.name)} belongs`,
      );
    }
    return handle;
  }

  #remove(index: number): void {
    this.#handles[index] = undefined;
    this.#free.push(index);
  }

  /** What a handle stands for; it stays the guest's, and cannot be given away until `endLending`. */
  lend(resource: AnyResource, index: number): unknown {
    const handle = this.#at(resource, index);
    handle.lentCount++;
    this.#lent.push(handle);
    return handle.rep;
  }

  /** The call that handles were lent to has returned. */
  endLending(): void {
    if (this.#lent.length === 0) return;
    for (const handle of this.#lent) handle.lentCount--;
    this.#lent = [];
  }

  /** What a handle stands for; for the instance that implements the resource. */
  peek(resource: AnyResource, index: number): unknown {
    return this.#at(resource, index).rep;
  }

  /** Takes an owned handle away from the guest. */
  take(resource: AnyResource, index: number): unknown {
    const handle = this.#at(resource, index);
    if (!handle.owned) throw new GuestTrap(`The process gave away borrowed handle ${index}`);
    this.#checkNotLent(handle, index);
    this.#remove(index);
    this.#inTransit.push(handle);
    return handle.rep;
  }

  /** The receiver has what was taken. */
  delivered(): void {
    if (this.#inTransit.length > 0) this.#inTransit = [];
  }

  /** Drops one handle. @returns whether it was owned, so that the resource ends too */
  drop(resource: AnyResource, index: number): { readonly owned: boolean; readonly rep: unknown } {
    const handle = this.#at(resource, index);
    this.#checkNotLent(handle, index);
    if (!handle.owned) this.borrowedCount--;
    this.#remove(index);
    return handle;
  }

  #checkNotLent(handle: Handle, index: number): void {
    if (handle.lentCount > 0)
      throw new GuestTrap(`The process gave away handle ${index} while it is lent`);
  }

  /** Ends what the guest still owns of the host. Drops that throw do not keep the others. */
  dropAll(process: FiberPort): void {
    for (const handle of [...this.#handles, ...this.#inTransit]) {
      if (handle === undefined || !handle.owned) continue;
      try {
        handle.resource.drop?.(process, handle.rep as never);
      } catch {
        // the process has ended already; there is nobody to tell
      }
    }
    this.#handles.length = 1;
    this.#free.length = 0;
    this.#lent = [];
    this.#inTransit = [];
    this.borrowedCount = 0;
  }
}
