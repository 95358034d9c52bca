/**
 * The exports of an instance as an object: functions, interfaces, and classes for resources.
 * @module
 */
import type { ResourceType } from "../canonical-abi/resource-type.ts";
import { camelCase } from "../canonical-abi/value-type.ts";
import type { LiftedFunc, LinkedInterface } from "../link/plan.ts";
import { className } from "./given-imports.ts";
import { GuestResource } from "./guest-resource.ts";
import type { ExportsObject } from "./library-api.ts";

type Members = Record<string, unknown>;

export interface ExportsOwner {
  call(func: LiftedFunc, args: readonly unknown[]): Promise<unknown>;
}

const RESOURCE_FUNCTION = /^\[(constructor|method|static)\]([^.]*)(?:\.(.*))?$/s;

/** No prototype: names are the component's, and none of them may mean anything else. */
const newMembers = (): Members => Object.create(null) as Members;

function put(members: Members, name: string, value: unknown): void {
  members[name] = value;
  const camel = camelCase(name);
  if (!(camel in members)) members[camel] = value;
}

/** @returns the exports, and for each resource what its objects inherit */
export function createExports(
  exports: LinkedInterface,
  owner: ExportsOwner,
): { readonly exports: ExportsObject; readonly prototypes: ReadonlyMap<ResourceType, object> } {
  const prototypes = new Map<ResourceType, Members>();
  const build = (from: LinkedInterface): Members => {
    const members = newMembers();
    const classes = new Map<string, Members>();
    for (const [name, resource] of from.resources) {
      if (resource.definedBy === undefined) continue;
      const made = newMembers();
      classes.set(name, made);
      members[className(name)] = made;
      if (!prototypes.has(resource))
        prototypes.set(resource, Object.create(GuestResource.prototype) as Members);
    }
    for (const [name, func] of from.funcs) {
      if (func.kind !== "lifted") continue;
      const call = (...args: unknown[]): Promise<unknown> => owner.call(func, args);
      const [, kind, resource = "", method = ""] = RESOURCE_FUNCTION.exec(name) ?? [];
      const made = classes.get(resource);
      if (kind === undefined || made === undefined) put(members, name, call);
      else if (kind === "constructor") made["create"] = call;
      else if (kind === "static") put(made, method, call);
      else put(prototypes.get(from.resources.get(resource)!)!, method, methodOf(owner, func));
    }
    for (const [name, instance] of from.instances) {
      const inner = build(instance);
      put(members, name, inner);
      const unversioned = name.replace(/@.*$/s, "");
      if (!(unversioned in members)) members[unversioned] = inner;
    }
    return members;
  };
  return { exports: build(exports) as ExportsObject, prototypes };
}

function methodOf(owner: ExportsOwner, func: LiftedFunc) {
  return function method(this: unknown, ...args: unknown[]): Promise<unknown> {
    return owner.call(func, [this, ...args]);
  };
}
