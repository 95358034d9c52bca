/**
 * What names and indices stand for while a component is linked.
 * @module
 */
import type { ResourceType } from "../canonical-abi/resource-type.ts";
import type { FunctionType, ValueType } from "../canonical-abi/value-type.ts";
import type { ComponentStructure, Scope } from "../component-structure.ts";
import { ComponentError } from "../errors.ts";
import type { CoreSource, LinkedFunc } from "./plan.ts";

/** A type of values with how large it is when written out, which bounds what is built from it. */
export interface StaticValueType {
  readonly kind: "value";
  readonly type: ValueType;
  readonly nodes: number;
  readonly depth: number;
}

export type StaticType =
  | StaticValueType
  | { readonly kind: "func"; readonly type: FunctionType }
  | { readonly kind: "resource"; readonly resource: ResourceType }
  | StaticScope;

/** The type of a component or an instance, to be carried out where it is used. */
export interface StaticScope {
  readonly kind: "component" | "instance";
  readonly scope: Scope;
  readonly outer: Environment;
}

export interface StaticInstance {
  readonly exports: ReadonlyMap<string, StaticItem>;
}

export type StaticComponent =
  | {
      readonly kind: "nested";
      readonly structure: ComponentStructure;
      readonly outer: Environment;
    }
  | { readonly kind: "outside" };

export type StaticModule =
  /** Index among the plan's modules. */
  { readonly kind: "inside"; readonly index: number } | { readonly kind: "outside" };

export type StaticItem =
  | { readonly sort: "func"; readonly func: LinkedFunc }
  | { readonly sort: "type"; readonly type: StaticType }
  | { readonly sort: "instance"; readonly instance: StaticInstance }
  | { readonly sort: "component"; readonly component: StaticComponent }
  | { readonly sort: "module"; readonly module: StaticModule };

/** A core instance: of a module, or put together of parts. */
export type StaticCoreInstance =
  | { readonly kind: "step"; readonly step: number; readonly module: number }
  | {
      readonly kind: "bundle";
      readonly exports: ReadonlyMap<string, CorePart>;
    };

/** Kind as core modules number it. */
export interface CorePart {
  readonly coreSort: number;
  readonly source: CoreSource;
}

/** Definitions carried out to link one component, nested ones as often as they are instantiated. */
const MAX_DEFINITIONS = 200_000;

/** The index spaces of one component instance, or of a type, filled as far as it is linked. */
export class Environment {
  readonly outer: Environment | undefined;
  /** Number of the component instance; types have that of the one around them. */
  readonly instance: number;
  readonly types: StaticType[] = [];
  readonly funcs: LinkedFunc[] = [];
  readonly instances: StaticInstance[] = [];
  readonly components: StaticComponent[] = [];
  readonly coreModules: StaticModule[] = [];
  readonly coreInstances: StaticCoreInstance[] = [];
  readonly coreFuncs: CoreSource[] = [];
  readonly coreTables: CoreSource[] = [];
  readonly coreMemories: CoreSource[] = [];
  readonly coreGlobals: CoreSource[] = [];
  readonly coreTags: CoreSource[] = [];

  /** Shared by all of one link. */
  readonly #work: { done: number };

  constructor(instance: number, outer?: Environment) {
    this.instance = instance;
    this.outer = outer;
    this.#work = outer === undefined ? { done: 0 } : outer.#work;
  }

  /** Counts one definition. A few nested components can ask for billions. */
  spend(): void {
    const value = ++this.#work.done;
    if (value > MAX_DEFINITIONS) {
      const what = "the work to link it";
      throw new ComponentError({
        code: "component.too-large",
        what,
        value,
        bound: MAX_DEFINITIONS,
      });
    }
  }

  /** The environment `depth` levels out; the parser has checked that it exists. */
  at(depth: number): Environment {
    return depth === 0 ? this : this.outer!.at(depth - 1);
  }
}
