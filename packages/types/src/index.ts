/**
 * Types, names, errors and contracts that all other packages share.
 * @module
 */
export * from "./address.ts";
export * from "./awaitable.ts";
export * from "./backup.ts";
export * from "./body-stream.ts";
export * from "./capability.ts";
export * from "./completion.ts";
export * from "./control-api.ts";
export * from "./disk-accounts.ts";
export * from "./errors.ts";
export * from "./executor.ts";
export * from "./guest.ts";
export * from "./message.ts";
export * from "./module.ts";
export * from "./network.ts";
export * from "./powers.ts";
export * from "./source-queues.ts";
export * from "./store.ts";
export * from "./u64.ts";
