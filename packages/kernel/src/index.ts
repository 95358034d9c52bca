/**
 * Process table, mailboxes, run queue, message rules and supervision of one node.
 * @module
 */
export type {
  CapabilityGrant,
  Kernel,
  KernelDebug,
  KernelEvent,
  KernelOptions,
  KernelPowers,
  ProcessInfo,
  ProcessRegistration,
} from "./contract.ts";
export { createKernel } from "./create-kernel.ts";
export { createFunctionExecutor, NativeProcess } from "./native-process.ts";
export type { NativeMain } from "./native-process.ts";
export { DEFAULT_KERNEL_LIMITS } from "./limits.ts";
export type { KernelLimits } from "./limits.ts";
export { CPU_LIMIT_BOUNDS } from "./cpu-share.ts";
export type { CpuLimit } from "./cpu-share.ts";
