/**
 * Finds for each function a component asks for what stands behind it: the process interface, WASI, an interface of
 * another package, another component of the program, or a resource.
 * @module
 */
import { ProcessFault } from "@kinode-ts/types";
import type { HostFunctionType, HostInterface } from "../api.ts";
import { ComponentValues } from "../canonical-abi/component-values.ts";
import type { ImportBinding } from "../canonical-abi/lower-function.ts";
import { ResourceType } from "../canonical-abi/resource-type.ts";
import type { FunctionType } from "../canonical-abi/value-type.ts";
import { functionText, sameType } from "../canonical-abi/value-type.ts";
import { ComponentError, quoted } from "../errors.ts";
import { STANDARD_INTERFACES } from "../select-interface.ts";
import { standardInterface } from "../standard-interface.ts";
import { WASI_INTERFACES } from "../wasi/index.ts";
import { invalid } from "./invalid.ts";
import type { Lowered } from "./lowered.ts";
import { lowerCall, lowerDrop, lowerHost, lowerMissing, lowerResource } from "./lowered.ts";
import type { Outside } from "./outside.ts";
import type { HostFunc, LinkPlan, Lowering } from "./plan.ts";

const WASI = "wasi:";

/** `wasi:io/streams@0.2.3` → `wasi:io/streams`: the functions of all 0.2 versions are the same. */
const withoutVersion = (name: string): string => name.replace(/@.*$/s, "");

/** Names are the component's: one like `constructor` must find nothing that every object has. */
function ownMember<T>(from: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return from !== undefined && Object.hasOwn(from, name) ? from[name] : undefined;
}

/** How functions and resources that a component imports are found. */
export interface Imports extends Outside {
  bind(func: HostFunc, types: ComponentValues): Lowered;
}

/** The imports of a process: its interface, WASI, and what other packages of the node offer. */
export function processImports(interfaces: readonly HostInterface[]): Imports {
  const byName = new Map(interfaces.map((item) => [item.name, item]));
  const resources = new Map<string, ResourceType>();
  return {
    checkInterface(name) {
      if (STANDARD_INTERFACES.has(name) || name.startsWith(WASI) || byName.has(name)) return;
      const known = [...STANDARD_INTERFACES.keys(), ...byName.keys(), "wasi:*"];
      throw new ComponentError({ code: "component.unknown-import", name, known });
    },
    resource(interfaceName, name) {
      const found = wasiResource(interfaceName, name);
      if (found !== undefined) return found;
      const key = `${withoutVersion(interfaceName)}/${name}`;
      let made = resources.get(key);
      if (made === undefined) resources.set(key, (made = new ResourceType(name)));
      return made;
    },
    bind(func, types) {
      const { interface: interfaceName = "", name } = func;
      const version = STANDARD_INTERFACES.get(interfaceName);
      if (version !== undefined) return checkedBinding(func, standardInterface(version).get(name));
      if (interfaceName.startsWith(WASI)) return bindWasi(func, types);
      const type = ownMember(byName.get(interfaceName)?.functions, name);
      if (type === undefined) return unknownFunction(func);
      checkSignature(func, type);
      return lowerHost(type, (port, values) => {
        const implementation = port.provided[interfaceName]?.[name];
        if (implementation === undefined)
          throw new TypeError(`${quoted(interfaceName)} ${quoted(name)} was not provided at start`);
        return implementation(...(values as never[]));
      });
    },
  };
}

/** The resource of an interface of WASI, if this package has it. */
export function wasiResource(interfaceName: string, name: string): ResourceType | undefined {
  return ownMember(WASI_INTERFACES.get(withoutVersion(interfaceName))?.resources, name);
}

/** A function of WASI; one that this package does not have traps with its name when it is called. */
export function bindWasi(func: HostFunc, types: ComponentValues): Lowered {
  const { interface: interfaceName = "", name } = func;
  const found = ownMember(WASI_INTERFACES.get(withoutVersion(interfaceName))?.functions, name);
  if (found === undefined) {
    const text = `it called ${quoted(interfaceName)} ${quoted(name)}, which this node does not have`;
    return lowerMissing(abiOf(func.type, types), () => new ProcessFault(text));
  }
  checkSignature(func, found.type);
  return lowerHost(found.type, (port, values) => found.call(port, ...(values as never[])));
}

function checkedBinding(func: HostFunc, binding: ImportBinding | undefined): Lowered {
  if (binding === undefined) return unknownFunction(func);
  checkSignature(func, binding.signature!);
  return binding;
}

function unknownFunction(func: HostFunc): never {
  const name = func.interface === undefined ? func.name : `${func.interface}#${func.name}`;
  throw new ComponentError({ code: "component.unknown-import", name, known: [] });
}

/** Descriptors of a function by the types a component declares. */
export function abiOf(type: FunctionType, types: ComponentValues): HostFunctionType {
  return {
    params: type.params.map((param) => types.of(param.type)),
    result: type.result === undefined ? undefined : types.of(type.result),
  };
}

/** @throws {ComponentError} `component.invalid` the component means another function by that name */
function checkSignature(func: HostFunc, known: HostFunctionType): void {
  const { type } = func;
  const same = (a: FunctionType["result"], b: FunctionType["result"]): boolean =>
    sameType(a, b, (x, y) => x === y);
  if (
    type.params.length === known.params.length &&
    type.params.every((param, i) => same(param.type, known.params[i]!.wit)) &&
    same(type.result, known.result?.wit)
  )
    return;
  const params = known.params.map(({ wit }, i) => ({
    name: type.params[i]?.name ?? "_",
    type: wit,
  }));
  const here = functionText({ params, result: known.result?.wit });
  invalid(
    `its import ${quoted(func.interface ?? "")} ${quoted(func.name)} is ${functionText(type)}, and on this node it is ${here}`,
  );
}

/** One binding for each lowering of the plan. */
export function bindLowerings(plan: LinkPlan, imports: Imports): readonly Lowered[] {
  const types = new ComponentValues();
  const known = new Map<unknown, Lowered>();
  const make = (lowering: Lowering): Lowered => {
    if (lowering.kind === "resource") {
      const { resource } = lowering;
      if (lowering.what !== "drop") return lowerResource(lowering.what, resource);
      return lowerDrop(resource, plan.guestResources.get(resource));
    }
    const { func } = lowering;
    let made = known.get(func);
    if (made === undefined) {
      made =
        func.kind === "host" ? imports.bind(func, types) : lowerCall(abiOf(func.type, types), func);
      known.set(func, made);
    }
    return made;
  };
  return plan.lowerings.map(make);
}
