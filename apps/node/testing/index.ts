/**
 * Tests of a package against a whole node in the test's own process, on a clock that the test moves:
 * `import { startTestNode } from "kinode/testing"`.
 * @module
 */
export {
  type Answer,
  type AskOptions,
  startTestNode,
  type TestNode,
  type TestNodeOptions,
} from "./test-node.ts";
