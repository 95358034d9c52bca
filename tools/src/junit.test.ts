import { expect, test } from "bun:test";
import { countCases } from "./junit.ts";

test("countCases() tells passed, failed and skipped cases apart", () => {
  const report = `<testsuites tests="4"><testsuite name="a &gt; b">
    <testcase name="one" time="0.1" />
    <testcase name="two"><failure type="AssertionError" message="x"/></testcase>
    <testcase name="three"><skipped /></testcase>
    <testcase name="four"></testcase>
  </testsuite></testsuites>`;
  expect(countCases(report)).toEqual({ passed: 2, failed: 1, skipped: 1 });
});
