/**
 * The small runtime modules of a node: timer, state, file limits, and the answer of those that are not there yet.
 * @module
 */
export { createFdManager, type FdBudget, type FdManagerOptions } from "./fd-manager.ts";
export { DEFAULT_SYSTEM_LIMITS, type SystemLimits } from "./limits.ts";
export { OLD_MODULE_NAMES, withOldName } from "./module-aliases.ts";
export { createScheduler, type SchedulerOptions } from "./scheduler.ts";
export { createState, type StateOptions } from "./state.ts";
export { createTimer, type TimerOptions } from "./timer.ts";
export { createUnavailableModule } from "./unavailable.ts";
