/**
 * What of an instance can be called from outside.
 * @module
 */
import type { ResourceType } from "../canonical-abi/resource-type.ts";
import type { LinkedFunc, LinkedInterface } from "./plan.ts";
import type { StaticInstance } from "./static-items.ts";

/** Functions, interfaces and resources by name; an instance that occurs twice is made once. */
export function interfaceOf(
  instance: StaticInstance,
  known = new Map<StaticInstance, LinkedInterface>(),
): LinkedInterface {
  const found = known.get(instance);
  if (found !== undefined) return found;
  const funcs = new Map<string, LinkedFunc>();
  const instances = new Map<string, LinkedInterface>();
  const resources = new Map<string, ResourceType>();
  for (const [name, item] of instance.exports) {
    if (item.sort === "func") funcs.set(name, item.func);
    else if (item.sort === "instance") instances.set(name, interfaceOf(item.instance, known));
    else if (item.sort === "type" && item.type.kind === "resource")
      resources.set(name, item.type.resource);
  }
  const made = { funcs, instances, resources };
  known.set(instance, made);
  return made;
}
