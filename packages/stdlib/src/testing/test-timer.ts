/**
 * The timer module on the virtual time of a test node.
 * Source: spec/runtime-modules.md §5.
 * @module
 */
import type { TestModule, TestNode } from "./test-node.ts";

export function timerModule(node: Pick<TestNode, "after">): TestModule {
  return ({ value }, reply) => {
    const ms = (value as { SetTimer?: unknown } | undefined)?.SetTimer;
    if (typeof ms === "number") node.after(ms, () => reply(""));
  };
}
