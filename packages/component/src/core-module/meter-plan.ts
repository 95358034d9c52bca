/**
 * Where everything lies in a metered module: indices of what is added, and how the author's map to new ones.
 * @module
 */
import { ComponentError } from "../errors.ts";
import type { CoreExport, CoreImport, CoreModule, FuncType } from "./core-module.ts";
import type { ImportProtocol } from "./metering.ts";
import type { CodeBounds } from "./walk-code.ts";

export interface MeterOptions {
  /** How each imported function tells its status. */
  readonly protocolOf: (item: CoreImport, type: FuncType) => ImportProtocol;
  /** Export name of the realloc to wrap, if the module has one. */
  readonly realloc: string | undefined;
  readonly startFuel: number;
  readonly maxTableElements: number;
  /** Functions and loops it may have; any number if not given. */
  readonly maxCodeItems?: number;
  /** Names of the author's functions and globals that stay exported; all if not given. Each costs every instance memory. */
  readonly keptExports?: ReadonlySet<string>;
}

/** An imported function behind a wrapper. */
export interface WrappedImport {
  readonly func: number;
  readonly type: FuncType;
  readonly typeIndex: number;
  readonly protocol: "status" | "errno";
}

/** Where everything is in the rewritten module. */
export interface MeterPlan {
  readonly module: CoreModule;
  readonly options: MeterOptions;
  readonly bounds: CodeBounds;
  readonly wrapped: readonly WrappedImport[];
  /** New type of an imported function, where it changes. */
  readonly importTypes: ReadonlyMap<number, number>;
  readonly addedTypes: readonly FuncType[];
  /** Types of the added functions, in order. */
  readonly addedFuncTypes: readonly number[];
  readonly look: number;
  readonly suspend: number;
  readonly exhausted: number;
  readonly settle: number;
  readonly charge: number;
  readonly grow: number;
  /** For fuel that is counted in a local. */
  readonly refill: number;
  readonly reallocWrapper: number | undefined;
  readonly reallocFunc: number | undefined;
  /** Allocates and stores one string; used by the next. */
  readonly put: number;
  readonly message: number;
  readonly fuel: number;
  readonly mode: number;
  readonly maxPages: number;
  readonly keptExports: readonly CoreExport[];
  /** The author's functions that lose an export: code may still take references to them. */
  readonly declaredFuncs: readonly number[];
  /** Author's function index to new function index. */
  readonly mapFunc: (index: number) => number;
}

/** Names of the imports that are added, in index order. */
export const ADDED_IMPORTS = ["look", "suspend"];
/** exhausted, settle, charge, grow, refill */
const ADDED_BEFORE_WRAPPERS = 5;
const I32: FuncType["params"] = ["i32"];

/** @throws {ComponentError} `component.invalid-module` the realloc is missing or has another type */
export function planMetering(module: CoreModule, options: MeterOptions): MeterPlan {
  const addedTypes: FuncType[] = [
    { params: [], results: I32 }, // look, suspend
    { params: [], results: [] }, // exhausted
    { params: I32, results: [] }, // settle
    { params: I32, results: I32 }, // charge, grow, refill
    { params: ["i32", "i32"], results: [] }, // put
    { params: ["i32", "i32", "i32", "i32", "i32", "i32", "i32"], results: [] }, // message
  ];
  const typeAt = module.types.length;
  const importCount = module.importedFuncs.length;
  const firstAdded = module.funcTypes.length + ADDED_IMPORTS.length;
  const wrapped: WrappedImport[] = [];
  const importTypes = new Map<number, number>();
  const statusTypes = new Map<number, number>();
  module.importedFuncs.forEach((item, func) => {
    const type = module.types[item.type]!;
    const protocol = options.protocolOf(item, type);
    if (protocol === "plain") return;
    wrapped.push({ func, type, typeIndex: item.type, protocol });
    if (protocol === "errno") return;
    let statusType = statusTypes.get(item.type);
    if (statusType === undefined) {
      statusType = typeAt + addedTypes.push({ params: type.params, results: I32 }) - 1;
      statusTypes.set(item.type, statusType);
    }
    importTypes.set(func, statusType);
  });
  const reallocFunc = findRealloc(module, options.realloc);
  const addedFuncTypes = [
    typeAt + 1,
    typeAt + 2,
    typeAt + 3,
    typeAt + 3,
    typeAt + 3,
    ...wrapped.map((item) => item.typeIndex),
  ];
  const wrapperOf = new Map(
    wrapped.map((item, i) => [item.func, firstAdded + ADDED_BEFORE_WRAPPERS + i] as const),
  );
  const reallocWrapper = reallocFunc === undefined ? undefined : firstAdded + addedFuncTypes.length;
  if (reallocFunc !== undefined)
    addedFuncTypes.push(module.funcTypes[reallocFunc]!, typeAt + 4, typeAt + 5);
  const isKept = ({ kind, name }: CoreExport): boolean =>
    (kind !== "func" && kind !== "global") || (options.keptExports?.has(name) ?? true);
  const dropped = module.exports.filter((item) => item.kind === "func" && !isKept(item));
  const mapFunc = (index: number): number =>
    index < importCount ? (wrapperOf.get(index) ?? index) : index + ADDED_IMPORTS.length;
  return {
    module,
    options,
    wrapped,
    importTypes,
    addedTypes,
    addedFuncTypes,
    reallocFunc,
    reallocWrapper,
    keptExports: module.exports.filter(isKept),
    declaredFuncs: dropped.map((item) => item.index),
    mapFunc,
    bounds: {
      types: module.types,
      globalCount: module.globalCount,
      funcCount: module.funcTypes.length,
    },
    look: importCount,
    suspend: importCount + 1,
    put: (reallocWrapper ?? 0) + 1,
    message: (reallocWrapper ?? 0) + 2,
    exhausted: firstAdded,
    settle: firstAdded + 1,
    charge: firstAdded + 2,
    grow: firstAdded + 3,
    refill: firstAdded + 4,
    fuel: module.globalCount,
    mode: module.globalCount + 1,
    maxPages: module.globalCount + 2,
  };
}

function findRealloc(module: CoreModule, name: string | undefined): number | undefined {
  if (name === undefined) return undefined;
  const found = module.exports.find((item) => item.name === name && item.kind === "func");
  if (found === undefined || found.index >= module.funcTypes.length) {
    throw new ComponentError({
      code: "component.invalid-module",
      what: `its core module exports no function "${name}"`,
    });
  }
  const type = module.types[module.funcTypes[found.index]!]!;
  if (type.params.join() !== "i32,i32,i32,i32" || type.results.join() !== "i32") {
    throw new ComponentError({
      code: "component.invalid-module",
      what: `"${name}" has not the type of a realloc function`,
    });
  }
  return found.index;
}
