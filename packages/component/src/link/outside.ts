/**
 * What stands behind the imports of the outermost component.
 * @module
 */
import type { ResourceType } from "../canonical-abi/resource-type.ts";
import { declareInstance } from "./declared-instance.ts";
import type { Provider } from "./declared-instance.ts";

export interface Outside {
  /** The resource of an imported interface. */
  resource(interfaceName: string, name: string): ResourceType;
  /** @throws {ComponentError} `component.unknown-import` */
  checkInterface(name: string): void;
}

/** Members of an imported interface: everything its type says is there. */
export function outsideProvider(name: string, outside: Outside): Provider {
  return {
    name,
    func: (key, type) => ({
      sort: "func",
      func: { kind: "host", type, interface: name, name: key },
    }),
    resource: (key) => ({
      sort: "type",
      type: { kind: "resource", resource: outside.resource(name, key) },
    }),
    instance: (key, type) => ({
      sort: "instance",
      instance: declareInstance(type.scope, type.outer, outsideProvider(`${name}/${key}`, outside)),
    }),
    other: (_key, sort) =>
      sort === "module"
        ? { sort, module: { kind: "outside" } }
        : { sort: "component", component: { kind: "outside" } },
  };
}
