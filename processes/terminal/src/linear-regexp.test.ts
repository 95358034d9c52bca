/** Patterns that cannot hang, against the engine's own. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { compileLinear, PatternError } from "./linear-regexp.ts";

const atom = fc.constantFrom(
  "a",
  "b",
  "1",
  ".",
  "[ab]",
  "[^a]",
  "[a-c1]",
  "\\d",
  "\\W",
  "\\.",
  "(a|b)",
  "(ab|c)",
  "(a*)",
  "^",
  "$",
);
const count = fc.constantFrom("", "", "*", "+", "?", "{2}", "{1,2}", "{0,}", "{0}");
const piece = fc.tuple(atom, count, fc.boolean(), count).map(([one, times, isGroup, again]) => {
  const text = one === "^" || one === "$" ? one : one + times;
  return isGroup ? `(${text})${again}` : text;
});
const pattern = fc
  .array(fc.tuple(piece, fc.constantFrom("", "", "|")), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.map(([one, or]) => one + or).join(""));
const text = fc.string({ unit: fc.constantFrom(..."abcA1. \u{1f600}"), maxLength: 8 });

test("a pattern matches what the engine's own regular expressions match", () => {
  fc.assert(
    fc.property(pattern, text, fc.boolean(), (source, subject, ignoreCase) => {
      const expected = new RegExp(source, ignoreCase ? "iu" : "u").test(subject);
      expect(compileLinear(source, { ignoreCase })(subject)).toBe(expected);
    }),
    { numRuns: 5_000 },
  );
});

test("time grows with the text, also for patterns that backtrack for ever elsewhere", () => {
  const started = process.cpuUsage();
  expect(compileLinear("^(a+)+$")(`${"a".repeat(20_000)}b`)).toBe(false);
  expect(compileLinear("(a|aa)+c")("a".repeat(20_000))).toBe(false);
  expect(process.cpuUsage(started).user).toBeLessThan(2_000_000);
});

test("a pattern that cannot be read says why", () => {
  for (const [source, why] of [
    ["(", '"(" without ")"'],
    [")", '")" without "("'],
    ["[a", '"[" without "]"'],
    ["*a", "nothing before *"],
    ["a{", '"{" is for counts'],
    ["a{3,2}", "the smaller one first"],
    ["[b-a]", "the range b-a is empty"],
    ["\\", "it ends with a backslash"],
    ["(a)\\1", "\\1 is not known"],
    ["(?=a)", "groups cannot start with ?"],
    ["((a{200}){200}){200}", "more than 500 steps"],
    ["(".repeat(60), "more than 50 deep"],
  ] as const) {
    expect(() => compileLinear(source)).toThrow(PatternError);
    expect(() => compileLinear(source)).toThrow(why);
  }
});
