import { expect, test } from "bun:test";
import { ensureStack } from "./stack-guard.ts";

/** Calls itself until `stop` throws, and does `work` on what is left of the stack. */
function atTheEnd<T>(stop: () => void, work: () => T): T {
  let result: T | undefined;
  const descend = (depth: number): number => {
    try {
      stop();
    } catch {
      result = work();
      return depth;
    }
    return descend(depth + 1) + 1;
  };
  descend(0);
  return result!;
}

/** Takes frames of the node's own. */
const nested = (left: number): number => (left === 0 ? 0 : nested(left - 1) + 1);

test("while there is room the guard does nothing", () => {
  expect(() => ensureStack(0)).not.toThrow();
});

for (const state of ["fresh", "compiled"]) {
  test(`where the ${state} guard refuses there is still room for the node to work`, () => {
    if (state === "compiled") for (let i = 0; i < 200_000; i++) ensureStack(0);
    expect(
      atTheEnd(
        () => ensureStack(0),
        () => nested(40),
      ),
    ).toBe(40);
  });
}
