/**
 * Handles of resources as values: the guest passes an index, the host sees what it stands for.
 * Source: Canonical ABI, `lift_own`, `lift_borrow`, `lower_own`, `lower_borrow`.
 * @module
 */
import type { AbiType, CoreValue } from "./abi-type.ts";
import type { GuestMemory } from "./guest-memory.ts";
import type { ResourceType } from "./resource-type.ts";

type Lift = (memory: GuestMemory, index: number) => unknown;
type Lower = (memory: GuestMemory, rep: unknown) => number;

function handle<Rep>(
  kind: "own" | "borrow",
  resource: ResourceType<Rep>,
  lift: Lift,
  lower: Lower,
): AbiType<Rep> {
  return {
    wit: { kind, resource: resource as ResourceType },
    sizeBytes: 4,
    alignBytes: 4,
    flat: ["i32"],
    load(memory, pointer) {
      memory.view();
      return lift(memory, memory.u32[pointer >> 2]!) as Rep;
    },
    store(memory, rep, pointer) {
      const index = lower(memory, rep);
      memory.view();
      memory.u32[pointer >> 2] = index;
    },
    liftFlat: (memory, values, at) => lift(memory, Number(values[at] as CoreValue) >>> 0) as Rep,
    lowerFlat: (memory, rep, out) => void out.push(lower(memory, rep)),
  };
}

/** The handle changes hands: whoever passes it has it no more. */
export function own<Rep>(resource: ResourceType<Rep>): AbiType<Rep> {
  const type = resource as unknown as ResourceType<never>;
  return handle(
    "own",
    resource,
    (memory, index) => memory.handles.take(type, index),
    (memory, rep) => memory.handles.add(type, rep, true),
  );
}

/** The handle is lent for the time of the call. The component that implements the resource sees what it stands for. */
export function borrow<Rep>(resource: ResourceType<Rep>): AbiType<Rep> {
  const type = resource as unknown as ResourceType<never>;
  return handle(
    "borrow",
    resource,
    (memory, index) => memory.handles.lend(type, index),
    (memory, rep) =>
      memory.handles.instance === resource.definedBy
        ? (rep as number)
        : memory.handles.add(type, rep, false),
  );
}
