/**
 * Resources that a component implements, as objects of the caller.
 * @module
 */
import type { AbiType, CoreValue } from "../canonical-abi/abi-type.ts";
import { expected } from "../canonical-abi/expected.ts";
import type { GuestMemory } from "../canonical-abi/guest-memory.ts";
import { borrow, own } from "../canonical-abi/handles.ts";
import type { ResourceType } from "../canonical-abi/resource-type.ts";
import type { ValueType } from "../canonical-abi/value-type.ts";

/** Ends a resource: runs its destructor. */
export type DropResource = (resource: ResourceType, rep: number) => Promise<void>;

/** Who makes the objects of one instance; lies in `HandleTable.context`. */
export interface ResourceOwner {
  /** Methods by resource. */
  prototypeOf(resource: ResourceType): object;
  readonly drop: DropResource;
}

/** A handle of the caller. It ends with `drop()`, or when it is given away. */
export class GuestResource implements AsyncDisposable {
  readonly #owner: ResourceOwner;
  readonly #resource: ResourceType;
  #rep: number | undefined;

  constructor(owner: ResourceOwner, resource: ResourceType, rep: number) {
    this.#owner = owner;
    this.#resource = resource;
    this.#rep = rep;
    Object.setPrototypeOf(this, owner.prototypeOf(resource));
  }

  /** What it stands for in the component. @throws {TypeError} it is of another kind or instance, or gone */
  static repOf(value: unknown, owner: unknown, resource: ResourceType): number {
    if (!(value instanceof GuestResource) || value.#resource !== resource)
      return expected(`a "${resource.name}" of this component`, value);
    if (value.#owner !== owner)
      throw new TypeError(`The "${resource.name}" belongs to another instance`);
    if (value.#rep === undefined)
      throw new TypeError(`The "${resource.name}" was dropped or given away`);
    return value.#rep;
  }

  /** The same; it is the caller's no more. */
  static takeRep(value: unknown, owner: unknown, resource: ResourceType): number {
    const rep = GuestResource.repOf(value, owner, resource);
    (value as GuestResource).#rep = undefined;
    return rep;
  }

  /** Ends the resource. Does nothing the second time. A method of this name takes its place: then use `await using`. */
  drop(): Promise<void> {
    return this.#end();
  }

  async #end(): Promise<void> {
    const rep = this.#rep;
    this.#rep = undefined;
    if (rep !== undefined) await this.#owner.drop(this.#resource, rep);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#end();
  }
}

type HandleType = ValueType & { kind: "own" | "borrow" };

function hostHandle(type: HandleType): AbiType<unknown> {
  const inner = (type.kind === "own" ? own : borrow)<unknown>(type.resource);
  const check = (value: unknown): unknown =>
    (typeof value === "object" && value !== null) || typeof value === "function"
      ? value
      : expected(`an object for the resource "${type.resource.name}"`, value);
  return {
    ...inner,
    store: (memory, value, pointer) => inner.store(memory, check(value), pointer),
    lowerFlat: (memory, value, out) => inner.lowerFlat(memory, check(value), out),
  };
}

/** How handles look to a caller: its own objects, and `GuestResource` for those of the component. */
export function callerHandle(type: HandleType): AbiType<unknown> {
  const { kind, resource } = type;
  if (resource.definedBy === undefined) return hostHandle(type);
  const inner = (kind === "own" ? own : borrow)<unknown>(resource);
  const ownerOf = (memory: GuestMemory): ResourceOwner => memory.handles.context as ResourceOwner;
  const wrap = (memory: GuestMemory, rep: unknown): GuestResource =>
    new GuestResource(ownerOf(memory), resource, rep as number);
  const unwrap = (memory: GuestMemory, value: unknown): number =>
    (kind === "own" ? GuestResource.takeRep : GuestResource.repOf)(
      value,
      ownerOf(memory),
      resource,
    );
  return {
    ...inner,
    load: (memory, pointer) => wrap(memory, inner.load(memory, pointer)),
    store: (memory, value, pointer) => inner.store(memory, unwrap(memory, value), pointer),
    liftFlat: (memory, values: readonly CoreValue[], at) =>
      wrap(memory, inner.liftFlat(memory, values, at)),
    lowerFlat: (memory, value, out) => inner.lowerFlat(memory, unwrap(memory, value), out),
  };
}
