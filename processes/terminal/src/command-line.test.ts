/** Where a line is one command, and where it is several. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { KnownCommands, Pipeline } from "./command-line.ts";
import { findOperators, LineError, parseCommandLine, parseLine } from "./command-line.ts";

const WORDS = ["ls", "grep", "wc"];
const VERBATIM = ["echo", "hi", "m"];
const known: KnownCommands = {
  isCommand: (word) => [...WORDS, ...VERBATIM].includes(word) || /^\w+:\w+:\w+$/.test(word),
  takesWords: (head) => WORDS.includes(head),
};

/** `[["ls", "/a"], ["grep", "x"]]`, with `;` or `&&` between pipelines. */
function shape(pipelines: readonly Pipeline[]): unknown[] {
  return pipelines.flatMap(({ commands, needsSuccess }, index) => {
    const joint = index === 0 ? [] : [needsSuccess ? "&&" : ";"];
    return [...joint, ...commands.map(({ head, args }) => [head, args])];
  });
}

const parse = (line: string): unknown[] => shape(parseLine(line, known));

test("commands are joined by |, && and ;", () => {
  expect(parse("ls /app:pkg | grep x")).toEqual([
    ["ls", "/app:pkg"],
    ["grep", "x"],
  ]);
  expect(parse("ls && wc; grep  a  b;")).toEqual([
    ["ls", ""],
    "&&",
    ["wc", ""],
    ";",
    ["grep", " a  b"],
  ]);
  expect(parse("m our@a:b:c '\"X\"' -a 5 | send:chat:sys")).toHaveLength(2);
});

test("[P19][P19.1] a line of the reference is one command, whatever is in its arguments", () => {
  for (const line of [
    "",
    "   ",
    "echo  a  'b' | c",
    `m a@b:c:d '{"x":"a | ls"}'`,
    `m a@b:c:d {"x":"a | ls", "y":["} ; ls"]} -a 5`,
    "m a@b:c:d [1, [2 | ls ]]",
    `hi alice.os "ls; ls | ls"`,
    "hi alice.os tea|ls",
    "hi alice.os a||ls && x",
    "hi alice.os either | or",
    "hi alice.os done;",
    "hi alice.os a \\| ls",
    "ls a\\; ls",
    "send:chat:sys x | y",
    "| ls",
    "; ls",
  ]) {
    const whole = parseCommandLine(line);
    expect(parse(line)).toEqual(whole === undefined ? [] : [[whole.head, whole.args]]);
  }
});

test("an apostrophe in a word, and a bracket that is never closed, hide nothing", () => {
  expect(parse("hi alice.os don't | wc")).toEqual([
    ["hi", "alice.os don't"],
    ["wc", ""],
  ]);
  expect(parse("hi alice.os :-{ | wc")).toHaveLength(2);
  expect(parse("hi alice.os list[0 ] | wc")).toHaveLength(2);
});

test("after a command that takes words a mistyped name is not taken for an argument", () => {
  expect(parse("ls / | gerp x")).toEqual([
    ["ls", "/"],
    ["gerp", "x"],
  ]);
  expect(() => parse("ls |")).toThrow(
    new LineError("nothing comes after '|'; quote it if it is meant as text"),
  );
  expect(() => parse("ls && ")).toThrow(LineError);
});

// --- against a model: lines are built from parts, so what they mean is known -------------------------------------

const plain = fc.string({ unit: fc.constantFrom(..."abz09./:@-_é日"), minLength: 1, maxLength: 6 });
const inner = fc.array(
  fc.constantFrom(
    "a",
    " ",
    "  ",
    "|",
    " | ",
    "&&",
    " && ls ",
    ";",
    "; ls",
    "{",
    "}",
    "[",
    "]",
    "\\\\",
  ),
  { maxLength: 6 },
);
const single = inner.map((parts) => `'${parts.join("")}'`);
const double = inner.map((parts) => `"${parts.join("").replaceAll("\\\\", "\\\\")}\\""`);
const escaped = fc.constantFrom(
  "\\|",
  "\\;",
  "\\'",
  '\\"',
  "\\ ",
  "don't",
  "a|b",
  "a;b",
  "a&&b",
  "||",
  "&",
);
const jsonText = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify({ "| ls": value }));
const argument = fc.oneof(plain, single, double, escaped, jsonText);
const blanks = fc.constantFrom(" ", "  ");
const command = fc.record({
  head: fc.constantFrom(...WORDS, ...VERBATIM),
  args: fc.array(fc.tuple(blanks, argument), { maxLength: 4 }),
});
const joint = fc.constantFrom(" | ", " && ", "; ", " ; ", "  |  ");

test("[P19][P19.1] what is quoted, bracketed, escaped or without blanks never joins commands", () => {
  fc.assert(
    fc.property(command, fc.array(fc.tuple(joint, command), { maxLength: 4 }), (first, others) => {
      const texts = [first, ...others.map(([, each]) => each)].map(
        ({ head, args }) => head + args.map(([blank, text]) => blank + text).join(""),
      );
      const line = texts.map((text, index) => text + (others[index]?.[0] ?? "")).join("");
      const expected = texts.flatMap((text, index) => {
        const { head, args } = parseCommandLine(text)!;
        const before = index === 0 ? "" : others[index - 1]![0].trim();
        return [...(before === "" || before === "|" ? [] : [before]), [head, args]];
      });
      expect(parse(line)).toEqual(expected);
    }),
    { numRuns: 2_000 },
  );
});

test("no text breaks the grammar, and no character of it is lost", () => {
  const hostile = fc.string({ unit: fc.constantFrom(..."ls|&;'\"{}[]\\ \t\nwc "), maxLength: 60 });
  fc.assert(
    fc.property(fc.oneof(hostile, fc.string({ unit: "binary" })), (line) => {
      let pipelines: readonly Pipeline[];
      try {
        pipelines = parseLine(line, known);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(LineError);
        return;
      }
      const kept = pipelines.flatMap(({ commands }) =>
        commands.map(({ head, args }) => head + args),
      );
      const bare = (text: string): string => text.replace(/[\s|&;]/g, "");
      expect(bare(kept.join(""))).toBe(bare(line));
      if (findOperators(line).length === 0) expect(kept.length).toBeLessThanOrEqual(1);
    }),
    { numRuns: 5_000 },
  );
});

test("a huge line is read in time that grows with it", () => {
  for (const part of ["{", "[", "'", '"', '{"', "ls | ", "\\"]) {
    const started = process.cpuUsage();
    findOperators(part.repeat(65_536 / part.length));
    expect(process.cpuUsage(started).user).toBeLessThan(1_000_000);
  }
  expect(findOperators("ls | ".repeat(20_000))).toEqual([]);
});
