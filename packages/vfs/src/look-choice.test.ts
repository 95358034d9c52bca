import { expect, test } from "bun:test";
import { LookChoice } from "./look-choice.ts";

/** How many of 2,000 calls were looked for, when these are the times of both ways. */
function lookedOf(choice: LookChoice, times: (wasLooked: boolean, call: number) => number): number {
  let count = 0;
  for (let call = 0; call < 2_000; call++) {
    const isLooked = choice.next();
    if (isLooked) count++;
    choice.note(isLooked, times(isLooked, call));
  }
  return count;
}

test("the quicker way is taken for nearly all calls, and another one when that changes", () => {
  const choice = new LookChoice();
  expect(lookedOf(choice, (isLooked) => (isLooked ? 5 : 12))).toBeGreaterThan(1_800);
  expect(lookedOf(choice, (isLooked) => (isLooked ? 30 : 12))).toBeLessThan(700);
  expect(lookedOf(choice, (isLooked) => (isLooked ? 10 : 12))).toBeLessThan(100);
});

test("calls that others hold up say nothing about the way", () => {
  const rare = (isLooked: boolean, call: number): number =>
    call % 7 === 0 ? 10_000 : isLooked ? 12 : 5;
  expect(lookedOf(new LookChoice(), rare)).toBeLessThan(100);
});
