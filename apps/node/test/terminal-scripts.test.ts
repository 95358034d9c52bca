/** The terminal's scripts against the real modules, and sandboxed scripts of other packages beside them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSeededRandom } from "@kinode-ts/testing";
import { INTERRUPT_METADATA, TERMINAL_PROCESS } from "@kinode-ts/types";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { removeScripts, writeScript } from "./script-package.ts";
import { typeLine } from "./type-line.ts";

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
  await output("mkdir /terminal:sys/t; cd /terminal:sys/t");
}, 120_000);
afterAll(async () => {
  await node.stop();
  removeScripts();
});

test("no command asks for a right that the terminal does not hold", async () => {
  for (const name of [
    "ls /",
    "ps",
    "caps homepage:homepage:sys",
    "logs",
    "tail -n 1 x",
    "cd .",
    "m x y",
    "top",
  ]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await typeLine(node, name);
  }
  expect(node.lines.filter((line) => line.includes("does not hold"))).toEqual([]);
});

test("[P19][P19.3] trace shows the messages of a process as they pass, down a pipe too", async () => {
  const traced = output("trace -n 2 homepage:homepage:sys | grep GetApps");
  let isOver = false;
  void traced.finally(() => (isOver = true));
  // The trace may begin after the first question.
  while (!isOver) {
    // oxlint-disable-next-line no-await-in-loop -- one question at a time
    await output(`m our@homepage:homepage:sys '"GetApps"' -a 5`);
  }
  const [asked, answered] = (await traced).split("\n");
  expect(asked).toMatch(
    /\d{6} {2}request {2}\d+:terminal:sys → homepage:homepage:sys {2}\(5 s\) {2}"GetApps"$/,
  );
  expect(answered).toMatch(
    /\d{6} {2}response {2}homepage:homepage:sys → \d+:terminal:sys {2}\{"GetApps":/,
  );
  expect(answered!.slice(14, 20)).toBe(asked!.slice(14, 20));
}, 120_000);

/** What a line puts out; it must have no errors. */
async function output(line: string): Promise<string> {
  const left = await typeLine(node, line);
  expect(left.errors).toBe("");
  return left.output;
}

async function errors(line: string): Promise<string> {
  return (await typeLine(node, line)).errors;
}

const SCRIPTS: Readonly<Record<string, string>> = {
  shout: `import { defineScript } from "@kinode-ts/stdlib/scripting";
    export default defineScript(({ args, stdin, hasStdin, folder }) =>
      [args, hasStdin, folder, stdin.toUpperCase()].join("|"));`,
  fail: `import { defineScript, ScriptFailure } from "@kinode-ts/stdlib/scripting";
    export default defineScript(() => { throw new ScriptFailure("this never works", { status: 3 }); });`,
  crash: `import { defineProcess, receive } from "@kinode-ts/stdlib";
    export default defineProcess(async () => { await receive(); throw new Error("on purpose"); });`,
  hang: `import { defineProcess, receive } from "@kinode-ts/stdlib";
    export default defineProcess(async () => { await receive(); await receive(); });`,
};

async function installScripts(): Promise<void> {
  const folder = writeScript(
    "tools",
    `import { defineProcess, serve } from "@kinode-ts/stdlib";
    export default defineProcess(() => serve());`,
  );
  mkdirSync(join(folder, "src/scripts"), { recursive: true });
  for (const [name, source] of Object.entries(SCRIPTS)) {
    writeFileSync(join(folder, `src/scripts/${name}.ts`), source);
  }
  const entry = { root: false, public: false, request_networking: false };
  const listed = Object.keys(SCRIPTS).map((name) => [`${name}.js`, entry]);
  writeFileSync(join(folder, "pkg/scripts.json"), JSON.stringify(Object.fromEntries(listed)));
  await node.install(folder);
}

test("[P19][P19.1] sandboxed scripts of another package work in pipes and lists, and their failures stay theirs", async () => {
  await installScripts();
  expect(await output("shout:tools:example.os a  b")).toBe(
    "tools:example.os: a  b|false|/terminal:sys/t|".slice(18),
  );
  expect(await output("echo in | shout:tools:example.os x | cat")).toBe(
    "x|true|/terminal:sys/t|IN",
  );
  const failed = await typeLine(node, "fail:tools:example.os && echo no; echo yes");
  expect(failed).toEqual({ output: "yes", errors: "this never works" });
  expect(await errors("crash:tools:example.os | wc -l")).toMatch(
    /^\d+:tools:example\.os ended without an answer$/,
  );
  const before = node.kernel.processes().length;
  const hanging = typeLine(node, "hang:tools:example.os | wc");
  while (node.kernel.processes().length === before) await Bun.sleep(5);
  const interrupted = await node.during(
    node.kernel.ask({
      source: TERMINAL_PROCESS,
      target: { node: node.name, process: TERMINAL_PROCESS },
      body: new TextEncoder().encode("{}"),
      metadata: INTERRUPT_METADATA,
      timeoutSeconds: 5,
    }),
  );
  expect(interrupted.ok && new TextDecoder().decode(interrupted.body)).toBe('{"interrupted":1}');
  expect(await hanging).toEqual({ output: "", errors: "" });
  expect(node.kernel.processes()).toHaveLength(before);
}, 120_000);

test("[P19][P19.3] files are copied, moved and removed, and mistakes are told before anything is lost", async () => {
  await output("write a one two; write b three; mkdir -p d/e/f");
  expect(await errors("mkdir d")).toContain("it exists already");
  expect(await errors("mkdir x/y")).toContain("there is no such file or folder");
  expect(await errors("cp a b gone")).toContain("several files need a folder to go to");
  expect(await errors("cp d d2")).toContain("cp -r copies it with everything in it");
  expect(await errors("cp -r d d/e")).toContain("cannot go into itself");
  expect(await errors("mv d d/e")).toContain("cannot go into itself");
  expect(await errors("mv a a")).toContain("is there already");
  expect(await errors("mv a /terminal:sys")).toContain("would be a drive");
  expect(await errors("cp a /")).toContain("is not in a drive");
  await output("cp a b d; cp -r d d2; mv a d2/e; write -a d2/b four; rm b");
  expect(await output("ls . d d2 d2/e")).toBe(
    [
      ".:",
      "d/",
      "d2/",
      "",
      "d:",
      "a",
      "b",
      "e/",
      "",
      "d2:",
      "a",
      "b",
      "e/",
      "",
      "d2/e:",
      "a",
      "f/",
    ].join("\n"),
  );
  expect(await output("cat d/b d2/b d2/e/a")).toBe("three\nthree\nfour\none two\n");
  expect(await errors("rm -r d gone d2")).toContain("cannot remove /terminal:sys/t/gone");
  expect(await output("ls")).toBe("d2/");
  expect(await output("write 'with blanks' x && cat with blanks")).toBe("x\n");
  await output("rm 'with blanks'; rm -r d2");
}, 120_000);

test("[P19][P19.3] texts are searched, cut and counted", async () => {
  await output(
    `echo 1 | write text; write -a text "A b"; write -a text a.c; write -a text 'it''s  é'`,
  );
  expect(await output("cat text")).toBe("1\nA b\na.c\nits  é\n");
  expect(await output("head -n 2 text")).toBe("1\nA b");
  expect(await output("head -n0 text")).toBe("");
  expect(await output("tail -n 1 text")).toBe("its  é");
  expect(await output("cat text | tail -n2 | head -n1")).toBe("a.c");
  expect(await output("wc text")).toBe("4 6 18 text");
  expect(await output("cat text | wc -lc")).toBe("4 18");
  expect(await output("grep -n a text")).toBe("3:a.c");
  expect(await output("grep -in a text")).toBe("2:A b\n3:a.c");
  expect(await output("grep -cv a text")).toBe("3");
  expect(await output("grep -E '^[A-Z] b$|1' text")).toBe("1\nA b");
  expect(await output("grep -c . text text")).toBe("text:1\ntext:1");
  expect(await errors("grep -E '(a' text")).toContain('"(" without ")"');
  expect(await errors("grep x")).toStartWith("usage: grep");
  expect(await errors("wc -x text")).toContain("-x is not known");
  expect(await errors("head -n x text")).toContain('"x" for --lines is not a whole number');
  expect(await errors("tail -f")).toContain("-f needs a file");
  expect(await errors("write text")).toContain("what is to be written?");
  expect(await errors("cat /terminal:sys")).toContain("files are in drives");
  expect(await errors("cat .")).toContain("it is a folder");
}, 120_000);

test("[P19][P19.3] logs shows what was printed, of all packages or of one", async () => {
  const id = "tools:tools:example.os";
  await node.install(
    writeScript(
      "tools",
      `import { defineProcess, print, serve } from "@kinode-ts/stdlib";
    export default defineProcess(() => { print("hello from tools"); return serve(); });`,
    ),
  );
  await output("kill tools:tools:example.os");
  expect(await output("logs -n 1")).toEndWith("Killed tools:tools:example.os");
  expect(await output("logs tools:example.os")).toMatch(
    /^\w{3} \d\d:\d\d tools:example\.os: hello from tools$/,
  );
  expect(await output(`logs -n 5 ${id}`)).toBe(await output("logs tools:example.os"));
  expect(await output("logs -v | grep -c 'Killed tools'")).toBe("1");
  expect(await output("logs -n 0")).toBe("");
}, 120_000);

test("every command says how it is called", async () => {
  const names = (await output("help"))
    .split("\n\n")[0]!
    .split("\n")
    .map((line) => line.split(/[ :]/)[0]!);
  expect(names).toEqual(names.toSorted());
  for (const name of names) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await output(`help ${name}`)).toStartWith(name);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await output(`which ${name}`)).toBe(
      `${name}: ${name}:terminal:sys (/terminal:sys/pkg/${name}.js)`,
    );
  }
}, 120_000);

const COMMANDS =
  "ls cat head tail wc grep cp mv rm mkdir write cd pwd which caps kill top alias logs".split(" ");
const ARGUMENTS = [
  ..."-r -n -E - -- x y/z . ' \\ ((( { %s __proto__ constructor C:\\x ..\\..\\x".split(" "),
  '"a b"',
  "\u0000",
  "é".repeat(300),
  "/".repeat(5_000),
  "/../../../etc/passwd",
  "/terminal:sys/t/../../..",
  "nope:sys/a/b",
  "/nope:sys/a/b",
];
const JOINTS = [" | ", " && ", " ; ", " "];

test("whatever is typed gets an answer without a path of the host, and changes nothing outside of its folder", async () => {
  const random = createSeededRandom(20);
  const someArguments = (): string[] =>
    Array.from({ length: random.below(4) }, () => random.pick(ARGUMENTS));
  const command = (): string => [random.pick(COMMANDS), ...someArguments()].join(" ");
  const listing =
    "ls /homepage:sys/pkg; ls /terminal:sys; ls /; cat /terminal:sys/pkg/scripts.json | wc";
  const before = await output(listing);
  for (let run = 0; run < 40; run++) {
    const typed = `${command()}${random.pick(JOINTS)}${command()}${random.pick(JOINTS)}${command()}`;
    // Each starts in the test's own folder, which may be lost.
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const left = await typeLine(
      node,
      `mkdir -p /terminal:sys/t/u ; cd /terminal:sys/t/u ; ${typed}`,
    );
    expect(left.output + left.errors).not.toContain(tmpdir());
    if (/\bat .*\.[jt]s:\d|TypeError|undefined/.test(left.errors)) expect(left.errors).toBe(typed);
  }
  expect(await output(listing)).toBe(before);
}, 120_000);
