/**
 * Load, meter, link and run WebAssembly components as processes.
 * @module
 */
export type {
  ComponentOptions,
  ComponentPowers,
  HostFunction,
  HostFunctionType,
  HostInterface,
  LoadedComponent,
  MeteredModuleStore,
  ProvidedInterfaces,
  StartOptions,
} from "./api.ts";
export { BlobPool } from "./blob-pool.ts";
export type { BlobPoolOptions } from "./blob-pool.ts";
export type { ComponentStructure } from "./component-structure.ts";
export type { AbiType, CoreType, CoreValue, ValueOf } from "./canonical-abi/abi-type.ts";
export { bytes, list, string } from "./canonical-abi/lists.ts";
export { record, tuple } from "./canonical-abi/records.ts";
export { bool, enumOf, f64, s32, u16, u32, u64, u8 } from "./canonical-abi/scalars.ts";
export { option, result } from "./canonical-abi/variants.ts";
export { compileComponent } from "./instance/compile-component.ts";
export { InstanceError } from "./instance/instance-error.ts";
export type { InstanceFault } from "./instance/instance-error.ts";
export type {
  CompileOptions,
  CompiledComponent,
  ComponentInstance,
  ExportedFunction,
  ExportsObject,
  FunctionDescription,
  ImportsObject,
  InstanceEnding,
  InstanceLimits,
} from "./instance/library-api.ts";
export { systemMemories } from "./system-memories-bun.ts";
export { systemPowers } from "./system-powers-bun.ts";
export { ComponentError } from "./errors.ts";
export type { ComponentFault } from "./errors.ts";
export { createComponentExecutor } from "./executor.ts";
export { LinearMemories } from "./linear-memories.ts";
export type { AddressSpace } from "./linear-memories.ts";
export { loadComponent } from "./load-component.ts";
export { machineMemoryBytes } from "./machine-memory-bun.ts";
export { MemoryBudget } from "./memory-budget.ts";
export { parseComponent } from "./parse-component.ts";
export { DEFAULT_COMPONENT_LIMITS } from "./limits.ts";
export type { ComponentLimits } from "./limits.ts";
