/**
 * Links a component: carries out its definitions in order, nested components included, and writes down what is left to
 * do for each process. Nothing of the component runs here.
 * @module
 */
import type { ResourceType } from "../canonical-abi/resource-type.ts";
import type {
  CanonOptions,
  ComponentStructure,
  CoreFunc,
  SortIndex,
  SpaceName,
} from "../component-structure.ts";
import { CORE_SORT, SORT } from "../component-structure.ts";
import type { CoreModule } from "../core-module/core-module.ts";
import { readCoreModule } from "../core-module/core-module.ts";
import { ComponentError, quoted } from "../errors.ts";
import type { ComponentLimits } from "../limits.ts";
import {
  aliasedType,
  checkFunction,
  declareInstance,
  instanceProvider,
} from "./declared-instance.ts";
import type { Provider } from "./declared-instance.ts";
import { invalid } from "./invalid.ts";
import { interfaceOf } from "./linked-interface.ts";
import { outsideProvider } from "./outside.ts";
import type { Outside } from "./outside.ts";
import type {
  CoreSource,
  GuestResource,
  LiftedFunc,
  LinkModule,
  LinkOptions,
  LinkPlan,
  LinkStep,
  LinkedFunc,
  Lowering,
} from "./plan.ts";
import { UNNAMED_RESOURCE, resolveType } from "./resolve-types.ts";
import { Environment } from "./static-items.ts";
import type {
  CorePart,
  StaticComponent,
  StaticCoreInstance,
  StaticInstance,
  StaticItem,
  StaticModule,
  StaticType,
} from "./static-items.ts";

/** Kinds of core exports in the order of core sorts. */
const CORE_KINDS = ["func", "table", "memory", "global", "tag"] as const;

class Linker {
  readonly modules: LinkModule[] = [];
  readonly steps: LinkStep[] = [];
  readonly lowerings: Lowering[] = [];
  readonly lifts: LiftedFunc[] = [];
  readonly guestResources = new Map<ResourceType, GuestResource>();
  instanceCount = 0;
  readonly #moduleAt = new Map<number, number>();
  readonly #exportsOf: ReadonlyMap<string, CoreModule["exports"][number]>[] = [];
  readonly #bytes: Uint8Array;
  readonly #limits: ComponentLimits;
  readonly #outside: Outside;

  constructor(bytes: Uint8Array, limits: ComponentLimits, outside: Outside) {
    this.#bytes = bytes;
    this.#limits = limits;
    this.#outside = outside;
  }

  /** @param given - what the imports stand for; `undefined` for the outermost component */
  instantiate(
    structure: ComponentStructure,
    outer: Environment | undefined,
    given: ReadonlyMap<string, StaticItem> | undefined,
  ): StaticInstance {
    const environment = new Environment(this.instanceCount++, outer);
    this.#bound("the number of component instances", this.instanceCount);
    for (const space of structure.order) {
      environment.spend();
      this.#define(space, structure, environment, given);
    }
    const exports = new Map<string, StaticItem>();
    for (const item of structure.exports) {
      const found = this.#item(environment, item);
      exports.set(item.name, found);
      if (found.sort === "type" && found.type.kind === "resource") nameResource(found, item.name);
    }
    return { exports };
  }

  #bound(what: string, value: number): void {
    const bound = this.#limits.maxCoreInstances;
    if (value > bound)
      throw new ComponentError({ code: "component.too-large", what, value, bound });
  }

  #define(
    space: SpaceName,
    structure: ComponentStructure,
    environment: Environment,
    given: ReadonlyMap<string, StaticItem> | undefined,
  ): void {
    switch (space) {
      case "types":
        environment.types.push(this.#type(structure, environment, given));
        return;
      case "funcs":
        environment.funcs.push(this.#func(structure, environment, given));
        return;
      case "instances":
        environment.instances.push(this.#instance(structure, environment, given));
        return;
      case "components":
        environment.components.push(this.#component(structure, environment, given));
        return;
      case "coreModules":
        environment.coreModules.push(this.#module(structure, environment, given));
        return;
      case "coreInstances":
        environment.coreInstances.push(this.#coreInstance(structure, environment));
        return;
      case "coreFuncs": {
        const item = structure.coreFuncs[environment.coreFuncs.length]!;
        environment.coreFuncs.push(this.#coreFunc(item, environment));
        return;
      }
      default: {
        const item = structure[space][environment[space].length]!;
        const kind = CORE_KINDS[CORE_SPACE_SORT[space]]!;
        environment[space].push(this.#coreExport(environment, item.instance, item.name, kind));
      }
    }
  }

  #type(
    structure: ComponentStructure,
    environment: Environment,
    given: ReadonlyMap<string, StaticItem> | undefined,
  ): StaticType {
    const item = structure.types[environment.types.length]!;
    if (item.kind === "outer") return environment.at(item.depth).types[item.index]!;
    if (item.kind === "same-as") return environment.types[item.index]!;
    if (item.kind === "instance-export") return aliasedType(environment, item.instance, item.name);
    if (item.kind === "import") {
      const type = given?.get(item.name);
      if (type?.sort === "type") return type.type;
      if (item.equals !== undefined) return environment.types[item.equals]!;
      if (given !== undefined) return missing(item.name);
      return { kind: "resource", resource: this.#outside.resource("", item.name) };
    }
    const type = resolveType(item.definition, environment);
    if (item.definition.kind === "resource" && type.kind === "resource") {
      const { destructor } = item.definition;
      this.guestResources.set(type.resource, {
        destructor: destructor === undefined ? undefined : environment.coreFuncs[destructor]!,
        instance: environment.instance,
      });
    }
    return type;
  }

  #func(
    structure: ComponentStructure,
    environment: Environment,
    given: ReadonlyMap<string, StaticItem> | undefined,
  ): LinkedFunc {
    const item = structure.funcs[environment.funcs.length]!;
    if (item.kind === "same-as") return environment.funcs[item.index]!;
    if (item.kind === "instance-export") {
      const found = environment.instances[item.instance]!.exports.get(item.name);
      return found?.sort === "func"
        ? found.func
        : invalid(`there is no function ${quoted(item.name)} to alias`);
    }
    const declared = environment.types[item.type]!;
    if (declared.kind !== "func") return invalid(`type ${item.type} is none of functions`);
    const { type } = declared;
    if (item.kind === "import") {
      if (given === undefined) {
        this.#outside.checkInterface(item.name);
        return { kind: "host", type, interface: undefined, name: item.name };
      }
      const found = given.get(item.name);
      if (found?.sort !== "func") return missing(item.name);
      checkFunction(item.name, type, found.func.type);
      return found.func;
    }
    const options = linkOptions(item.options, environment);
    const core = environment.coreFuncs[item.coreFunc]!;
    const { instance } = environment;
    const lifted: LiftedFunc = { kind: "lifted", type, core, options, instance };
    this.lifts.push(lifted);
    return lifted;
  }

  #instance(
    structure: ComponentStructure,
    environment: Environment,
    given: ReadonlyMap<string, StaticItem> | undefined,
  ): StaticInstance {
    const item = structure.instances[environment.instances.length]!;
    if (item.kind === "same-as") return environment.instances[item.index]!;
    if (item.kind === "instance-export") {
      const found = environment.instances[item.instance]!.exports.get(item.name);
      return found?.sort === "instance"
        ? found.instance
        : invalid(`there is no instance ${quoted(item.name)} to alias`);
    }
    if (item.kind === "exports") return { exports: this.#items(environment, item.exports) };
    if (item.kind === "instantiate") {
      const component = environment.components[item.component]!;
      if (component.kind === "outside")
        throw new ComponentError({
          code: "component.unsupported",
          feature: "a component from outside",
        });
      const args = this.#items(environment, item.args);
      return this.instantiate(component.structure, component.outer, args);
    }
    const type = environment.types[item.type]!;
    if (type.kind !== "instance")
      return invalid(`the import ${quoted(item.name)} has a type that is none of instances`);
    return declareInstance(type.scope, type.outer, this.#provider(item.name, given));
  }

  #provider(name: string, given: ReadonlyMap<string, StaticItem> | undefined): Provider {
    if (given === undefined) {
      this.#outside.checkInterface(name);
      return outsideProvider(name, this.#outside);
    }
    const item = given.get(name);
    return item?.sort === "instance" ? instanceProvider(name, item.instance) : missing(name);
  }

  #component(
    structure: ComponentStructure,
    environment: Environment,
    given: ReadonlyMap<string, StaticItem> | undefined,
  ): StaticComponent {
    const item = structure.components[environment.components.length]!;
    switch (item.kind) {
      case "nested":
        return { kind: "nested", structure: item.structure, outer: environment };
      case "outer":
        return environment.at(item.depth).components[item.index]!;
      case "same-as":
        return environment.components[item.index]!;
      case "instance-export": {
        const found = environment.instances[item.instance]!.exports.get(item.name);
        return found?.sort === "component"
          ? found.component
          : invalid(`there is no component ${quoted(item.name)} to alias`);
      }
      case "import": {
        const found = given?.get(item.name);
        if (given === undefined) return { kind: "outside" };
        return found?.sort === "component" ? found.component : missing(item.name);
      }
    }
  }

  #module(
    structure: ComponentStructure,
    environment: Environment,
    given: ReadonlyMap<string, StaticItem> | undefined,
  ): StaticModule {
    const item = structure.coreModules[environment.coreModules.length]!;
    switch (item.kind) {
      case "bytes":
        return { kind: "inside", index: this.#readModule(item.start, item.end) };
      case "outer":
        return environment.at(item.depth).coreModules[item.index]!;
      case "same-as":
        return environment.coreModules[item.index]!;
      case "instance-export": {
        const found = environment.instances[item.instance]!.exports.get(item.name);
        return found?.sort === "module"
          ? found.module
          : invalid(`there is no core module ${quoted(item.name)} to alias`);
      }
      case "import": {
        const found = given?.get(item.name);
        if (given === undefined) return { kind: "outside" };
        return found?.sort === "module" ? found.module : missing(item.name);
      }
    }
  }

  #readModule(start: number, end: number): number {
    let index = this.#moduleAt.get(start);
    if (index === undefined) {
      const core = readCoreModule(this.#bytes, start, end);
      index = this.modules.push({ core, start, end }) - 1;
      this.#exportsOf.push(new Map(core.exports.map((item) => [item.name, item])));
      this.#moduleAt.set(start, index);
    }
    return index;
  }

  #items(
    environment: Environment,
    references: ReadonlyMap<string, SortIndex>,
  ): ReadonlyMap<string, StaticItem> {
    return new Map([...references].map(([name, at]) => [name, this.#item(environment, at)]));
  }

  #item(environment: Environment, { sort, coreSort, index }: SortIndex): StaticItem {
    if (sort === SORT.func) return { sort: "func", func: environment.funcs[index]! };
    if (sort === SORT.type) return { sort: "type", type: environment.types[index]! };
    if (sort === SORT.instance)
      return { sort: "instance", instance: environment.instances[index]! };
    if (sort === SORT.component)
      return { sort: "component", component: environment.components[index]! };
    if (coreSort === CORE_SORT.module)
      return { sort: "module", module: environment.coreModules[index]! };
    return invalid("an instance has a part that no instance can have");
  }

  #coreInstance(structure: ComponentStructure, environment: Environment): StaticCoreInstance {
    const item = structure.coreInstances[environment.coreInstances.length]!;
    if (item.kind === "exports") {
      const exports = new Map<string, CorePart>();
      for (const [name, { coreSort, index }] of item.exports) {
        const source = environment[CORE_SPACE[coreSort]!][index]!;
        exports.set(name, { coreSort, source });
      }
      return { kind: "bundle", exports };
    }
    const module = environment.coreModules[item.module]!;
    if (module.kind === "outside")
      throw new ComponentError({
        code: "component.unsupported",
        feature: "a core module from outside",
      });
    const { core } = this.modules[module.index]!;
    const imports = core.imports.map((wanted): CoreSource => {
      const argument = item.args.get(wanted.module);
      if (argument === undefined)
        return invalid(`a core module is not given its import ${quoted(wanted.module)}`);
      return this.#coreExport(environment, argument, wanted.name, wanted.kind);
    });
    const step =
      this.steps.push({ module: module.index, imports, instance: environment.instance }) - 1;
    this.#bound("the number of core instances", this.steps.length);
    return { kind: "step", step, module: module.index };
  }

  #coreExport(
    environment: Environment,
    instance: number,
    name: string,
    kind: (typeof CORE_KINDS)[number],
  ): CoreSource {
    const found = environment.coreInstances[instance]!;
    if (found.kind === "bundle") {
      const part = found.exports.get(name);
      if (part === undefined || CORE_KINDS[part.coreSort] !== kind)
        return invalid(`there is no core ${kind} ${quoted(name)} in a core instance`);
      return part.source;
    }
    if (this.#exportsOf[found.module]!.get(name)?.kind !== kind)
      return invalid(`a core module exports no ${kind} ${quoted(name)}`);
    return { kind: "export", step: found.step, name };
  }

  #coreFunc(item: CoreFunc, environment: Environment): CoreSource {
    if (item.kind === "core-export")
      return this.#coreExport(environment, item.instance, item.name, "func");
    const { instance } = environment;
    if (item.kind === "lower") {
      const func = environment.funcs[item.func]!;
      return this.#lower({
        kind: "func",
        func,
        options: linkOptions(item.options, environment),
        instance,
      });
    }
    const type = environment.types[item.type]!;
    if (type.kind !== "resource") return invalid("a resource function is for a type that is none");
    const { resource } = type;
    if (item.what !== "drop" && resource.definedBy !== instance)
      return invalid(`resource.${item.what} is used outside the component that has the resource`);
    return this.#lower({ kind: "resource", what: item.what, resource, instance });
  }

  #lower(lowering: Lowering): CoreSource {
    return { kind: "lowering", index: this.lowerings.push(lowering) - 1 };
  }
}

const CORE_SPACE = ["coreFuncs", "coreTables", "coreMemories", "coreGlobals", "coreTags"] as const;
const CORE_SPACE_SORT = { coreTables: 1, coreMemories: 2, coreGlobals: 3, coreTags: 4 } as const;

function missing(name: string): never {
  return invalid(`a nested component is not given its import ${quoted(name)}`);
}

/** A resource is called by the name it is exported under, in error texts. */
function nameResource(item: StaticItem, name: string): void {
  if (item.sort !== "type" || item.type.kind !== "resource") return;
  const { resource } = item.type;
  if (resource.definedBy !== undefined && resource.name === UNNAMED_RESOURCE) resource.name = name;
}

function linkOptions(options: CanonOptions, environment: Environment): LinkOptions {
  if (options.encoding !== "utf8")
    throw new ComponentError({
      code: "component.unsupported",
      feature: `strings as ${options.encoding}`,
    });
  if (options.async)
    throw new ComponentError({ code: "component.unsupported", feature: "asynchronous functions" });
  const { memory, realloc, postReturn } = options;
  return {
    memory: memory === undefined ? undefined : environment.coreMemories[memory]!,
    realloc: realloc === undefined ? undefined : environment.coreFuncs[realloc]!,
    postReturn: postReturn === undefined ? undefined : environment.coreFuncs[postReturn]!,
  };
}

/**
 * Links a parsed component.
 * @throws {ComponentError} its parts do not fit together, or it needs what this node does not have
 */
export function linkComponent(
  bytes: Uint8Array,
  structure: ComponentStructure,
  limits: ComponentLimits,
  outside: Outside,
): LinkPlan {
  const linker = new Linker(bytes, limits, outside);
  const exports = interfaceOf(linker.instantiate(structure, undefined, undefined));
  const { modules, steps, lowerings, lifts, guestResources, instanceCount } = linker;
  return { modules, steps, lowerings, lifts, guestResources, instanceCount, exports };
}
