/**
 * The durable records of a node. `./sqlite` keeps them in a file, `./memory` in memory.
 * @module
 */
export { StoreError, type StoreFault } from "./errors.ts";
export { createMemoryStore, createMemoryStoreData, type MemoryStoreData } from "./memory-store.ts";
