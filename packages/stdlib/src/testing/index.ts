/**
 * Unit tests of processes without a node.
 * @module
 */
export { useHost } from "../current.ts";
export { loadProgram } from "./load-program-bun.ts";
export type { TestHttpResponse, TestSocket } from "./test-http-server.ts";
export { TestHttpServer } from "./test-http-server.ts";
export type {
  TestAnswer,
  TestMessage,
  TestModule,
  TestNodeOptions,
  TestProgram,
} from "./test-node.ts";
export { TestNode } from "./test-node.ts";
export { TestProcess, TestProcessKilled } from "./test-process.ts";
export { TestScheduler } from "./test-scheduler.ts";
export { createTestVfs } from "./test-vfs.ts";
export type { TestVfs } from "./test-vfs.ts";
