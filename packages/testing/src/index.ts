/**
 * What tests stand on: a clock they move, randomness they can repeat, a printer they can read, a network in memory.
 * The contract suites are separate entries because they import the test runner.
 * @module
 */
export { createMemoryNetwork } from "./memory-network.ts";
export type { MemoryNetwork, MemoryNetworkOptions } from "./memory-network.ts";
export { createRecordingPrinter } from "./recording-printer.ts";
export type { PrintedLine, RecordingPrinter } from "./recording-printer.ts";
export { createSeededRandom } from "./seeded-random.ts";
export type { SeededRandom } from "./seeded-random.ts";
export { createVirtualClock } from "./virtual-clock.ts";
export type { VirtualClock, VirtualClockOptions } from "./virtual-clock.ts";
