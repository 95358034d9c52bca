/** Scripts: what they are given, what they leave, and how their arguments are read. */
import { afterEach, expect, test } from "bun:test";
import type { GuestBlob, GuestRuntime } from "@kinode-ts/types";
import fc from "fast-check";
import { TestNode, useHost } from "../testing/index.ts";
import type { ScriptBody } from "./index.ts";
import { defineScript, parseArgs, ScriptFailure, splitWords } from "./index.ts";

const ME = "me:test:sys";
afterEach(() => useHost(undefined));

function start(body: ScriptBody): TestNode {
  const node = new TestNode();
  node.start(ME, (host: GuestRuntime) => {
    useHost(host);
    host.main(defineScript(body).init);
  });
  return node;
}

const text = (content: string, mime = "text/plain"): GuestBlob => ({
  mime,
  bytes: new TextEncoder().encode(content),
});

async function ask(body: ScriptBody, args: string, blob?: GuestBlob) {
  const node = start(body);
  const answer = node.ask(ME, args, blob === undefined ? {} : { blob });
  await node.advance(10);
  const { body: output, metadata, blob: errors } = await answer;
  expect(node.endings.get(ME)).toBe("returned");
  expect(node.lines).toEqual([]);
  return { output, metadata, errors: errors && new TextDecoder().decode(errors.bytes) };
}

async function tell(body: ScriptBody, args: string): Promise<string[]> {
  const node = start(body);
  node.tell(ME, args);
  await node.settle();
  return node.lines.map((line) => line.text);
}

const echoed: ScriptBody = ({ args, stdin, hasStdin }) => JSON.stringify([args, stdin, hasStdin]);

test("[P19][P19.2] a script gets what was piped in, and sees no difference when nothing was", async () => {
  expect((await ask(echoed, "a  b", text("one\ntwo\n"))).output).toBe(
    '["a  b","one\\ntwo\\n",true]',
  );
  expect((await ask(echoed, "", text("x", "text/plain; charset=utf-8"))).output).toBe(
    '["","x",true]',
  );
  expect((await ask(echoed, "", text(""))).output).toBe('["","",true]');
  expect((await ask(echoed, "")).output).toBe('["","",false]');
  expect((await ask(echoed, "", text("{}", "application/json"))).output).toBe('["","",false]');
});

test("parts of an output are printed, kept for the answer, or sent to a caller that takes them", async () => {
  const counting: ScriptBody = async ({ emit }) => {
    await emit("one");
    await emit("two");
    return "three";
  };
  expect(await tell(counting, "")).toEqual(["one", "two", "three"]);
  expect((await ask(counting, "")).output).toBe("one\ntwo\nthree");
  const parts: string[] = [];
  const taken = async (mostParts: number): Promise<string> => {
    const node = start(counting);
    parts.length = 0;
    node.addModule("caller:test:sys", ({ text: part }, reply) => {
      parts.push(part);
      reply(parts.length > mostParts ? { Err: "PipeClosed" } : { Output: null });
    });
    const from = "caller:test:sys";
    const answer = node.ask(ME, "", { from, metadata: '{"parts":true}' });
    await node.advance(10);
    expect((await answer).metadata).toBeUndefined();
    return (await answer).body;
  };
  expect(await taken(2)).toBe("three");
  expect(parts).toEqual(['{"Output":"one"}', '{"Output":"two"}']);
  expect(await taken(0)).toBe("");
  expect(parts).toEqual(['{"Output":"one"}']);
});

test("a script is told the folder that relative paths start from", async () => {
  const folderFor = async (metadata?: string): Promise<string> => {
    const node = start(({ folder }) => folder);
    const answer = node.ask(ME, "", metadata === undefined ? {} : { metadata });
    await node.advance(10);
    return (await answer).body;
  };
  expect(await folderFor('{"folder":"/a:b/data"}')).toBe("/a:b/data");
  for (const other of [undefined, "", "null", "folder", '{"folder":7}', '{"folder":"a"}']) {
    expect(await folderFor(other)).toBe("/");
  }
});

test("[P19][P19.2] output is the answer, a status other than 0 its metadata, errors its blob", async () => {
  expect(await ask(() => "fine", "")).toEqual({ output: "fine" } as never);
  expect(await ask(() => {}, "")).toEqual({ output: "" } as never);
  const partly: ScriptBody = () => ({
    output: "half",
    errors: "the other half is gone",
    status: 3,
  });
  expect(await ask(partly, "")).toEqual({
    output: "half",
    metadata: "3",
    errors: "the other half is gone",
  });
  expect(await tell(partly, "")).toEqual(["half", "the other half is gone"]);
});

test("what a script throws ends it with status 1, a failure with its own text and status", async () => {
  const broken: ScriptBody = () => {
    throw new TypeError("cannot");
  };
  expect(await ask(broken, "")).toEqual({ output: "", metadata: "1", errors: "error: cannot" });
  expect(await tell(broken, "")).toEqual(["error: cannot"]);
  const failing: ScriptBody = async () => {
    throw new ScriptFailure("no file of that name", { status: 4 });
  };
  expect(await ask(failing, "")).toEqual({
    output: "",
    metadata: "4",
    errors: "no file of that name",
  });
  expect((await ask(() => ({ status: 256 }), "")).errors).toContain("256");
});

test("words are split like in a shell, without expansion", () => {
  expect(splitWords(`  a 'b c'd "e \\"f\\" \\n" g\\ h '' $x *`)).toEqual([
    "a",
    "b cd",
    'e "f" \\n',
    "g h",
    "",
    "$x",
    "*",
  ]);
  expect(() => splitWords("a 'b")).toThrow("place 3 of the arguments is not closed");
  expect(() => splitWords('"a\\"')).toThrow("is not closed");
});

test("whatever the words are, quoting them gives them back", () => {
  const single = (word: string): string => `'${word.replaceAll("'", `'"'"'`)}'`;
  const double = (word: string): string => `"${word.replace(/(["\\])/g, "\\$1")}"`;
  const words = fc.array(fc.tuple(fc.string({ unit: "binary" }), fc.boolean()), { maxLength: 6 });
  fc.assert(
    fc.property(words, (list) => {
      const line = list.map(([word, isSingle]) => (isSingle ? single : double)(word)).join(" ");
      expect(splitWords(line)).toEqual(list.map(([word]) => word));
    }),
  );
});

const SHAPE = {
  usage: "head [-rq] [-n <lines>] [-t <title>] <path>",
  options: {
    recursive: { type: "flag", short: "r" },
    quiet: { type: "flag", short: "q" },
    lines: { type: "integer", short: "n", default: 10 },
    title: { type: "text", short: "t" },
  },
  rest: { min: 1, max: 2 },
} as const;

test("options are read in all usual forms, and what is left is the rest", () => {
  const { options, rest } = parseArgs("-rn5 --title='a b' x", SHAPE);
  const lines: number = options.lines; // typed by its default
  expect([lines, options.title, options.recursive, options.quiet, rest]).toEqual([
    5,
    "a b",
    true,
    false,
    ["x"],
  ]);
  expect(parseArgs("x -q --lines 7 -- -r", SHAPE)).toEqual({
    options: { recursive: false, quiet: true, lines: 7, title: undefined },
    rest: ["x", "-r"],
  });
  expect(parseArgs("-t - -", SHAPE)).toMatchObject({ options: { title: "-" }, rest: ["-"] });
  expect(parseArgs("a b", { usage: "any" }).rest).toEqual(["a", "b"]);
});

test("a wrong call is told with the usage and status 2, help with status 0", () => {
  for (const [args, what] of [
    ["", "something is missing"],
    ["a b c", '"c" is too much'],
    ["-x a", "-x is not known"],
    ["--constructor a", "--constructor is not known"],
    ["-n", "--lines needs a value"],
    ["-n 1.5 a", '"1.5" for --lines is not a whole number'],
    ["--quiet=1 a", "--quiet takes no value"],
    ["'a", "is not closed"],
  ] as const) {
    try {
      parseArgs(args, SHAPE);
      expect.unreachable(args);
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(ScriptFailure);
      expect(thrown).toMatchObject({ status: 2, message: expect.stringContaining(what) });
    }
  }
  expect(() => parseArgs("--help", SHAPE)).toThrow(`usage: ${SHAPE.usage}`);
});

test("asking a script for help shows its usage as output", async () => {
  const script: ScriptBody = ({ args }) => parseArgs(args, SHAPE).rest.join();
  expect(await ask(script, "--help")).toEqual({ output: `usage: ${SHAPE.usage}` } as never);
});
