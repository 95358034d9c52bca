/** Pipes, lists of commands, interrupts and sessions, with the scripts of this package and others. */
import { expect, test } from "bun:test";
import type { GuestRuntime } from "@kinode-ts/types";
import { INTERRUPT_METADATA } from "@kinode-ts/types";
import type { TestProgram } from "@kinode-ts/stdlib/testing";
import { startTerminal, TERMINAL, type TerminalNode } from "../test/terminal-node.ts";
import { MAX_PIPED_BYTES } from "./run-line.ts";

const decoder = new TextDecoder();

/** A script as the reference has them: it knows nothing of input, folders and exit statuses. */
function oldScript(run: (args: string) => string, seen: object[] = []): TestProgram {
  return (host: GuestRuntime) =>
    host.main(async () => {
      const message = await host.receive();
      if (message.kind !== "request") throw new Error("a request was to come");
      const { body, metadata } = message;
      seen.push({ args: decoder.decode(body), metadata, hasBlob: host.hasBlob() });
      const text = run(decoder.decode(body));
      if (message.expectsResponse === undefined) host.printToTerminal(0, text);
      else await host.sendResponse({ body: text });
    });
}

/** Puts a script of another package where the terminal finds it. */
function addScript({ vfs, programs }: TerminalNode, name: string, program: TestProgram): void {
  const entry = { root: false, public: false, request_networking: false };
  vfs.put("old:alice.os/pkg/scripts.json", JSON.stringify({ [`${name}.wasm`]: entry }));
  vfs.put(`old:alice.os/pkg/${name}.wasm`, "code");
  programs.set(`/old:alice.os/pkg/${name}.wasm`, program);
}

/** Waits for ever. */
const hanging: TestProgram = (host) =>
  host.main(async () => {
    await host.receive();
    await host.receive();
  });

async function interrupt(terminal: TerminalNode, session?: string): Promise<number> {
  const { interrupted } = await terminal.ask<{ interrupted: number }>(
    INTERRUPT_METADATA,
    session === undefined ? {} : { session },
  );
  return interrupted;
}

test("[P19][P19.1] the output of a script is the input of the next one", async () => {
  const { type, vfs } = await startTerminal();
  vfs.put("app:pkg/data/x1", "");
  vfs.put("app:pkg/data/y", "");
  vfs.put("app:pkg/data/x2", "");
  expect(await type("ls /app:pkg/data | grep x")).toBe("x1\nx2");
  expect(await type("ls /app:pkg/data | grep x | wc -l")).toBe("2");
  expect(await type("echo  one | write /app:pkg/data/z; cat /app:pkg/data/z")).toBe(" one\n");
});

test("[P19][P19.1] && goes on after success only, ; in any case, and a mistyped name runs nothing", async () => {
  const { type, commands } = await startTerminal();
  expect(await type("echo a && echo b")).toBe("a\nb");
  expect(await type("cat /gone:x/y/z && echo b; echo c")).toMatch(/^cannot read .*\nc$/s);
  expect(await type("echo a | grep b && echo no; echo yes")).toBe("yes");
  const before = commands.length;
  expect(await type("ls / && gerp x")).toBe(
    "error calling script: 'gerp' not found, either as an alias or process ID",
  );
  expect(commands.length).toBe(before);
});

test("[P19][P19.1] a script of the reference sees its arguments and nothing else, also in a pipe", async () => {
  const terminal = await startTerminal();
  const seen: object[] = [];
  addScript(
    terminal,
    "shout",
    oldScript((args) => args.toUpperCase(), seen),
  );
  expect(await terminal.type("shout:old:alice.os  a  'b | c' ")).toBe(" A  'B | C' ");
  expect(await terminal.type("shout:old:alice.os fine | grep -c FINE")).toBe("1");
  expect(await terminal.type("echo in | shout:old:alice.os out")).toBe("old:alice.os: OUT");
  expect(seen).toEqual([
    { args: " a  'b | c' ", metadata: undefined, hasBlob: false },
    { args: "fine", metadata: undefined, hasBlob: false },
    { args: "out", metadata: undefined, hasBlob: true },
  ]);
});

test("what a script of another package leaves in a pipe cannot pass for a line of this one", async () => {
  const terminal = await startTerminal();
  addScript(
    terminal,
    "liar",
    oldScript(() => "fine\nterminal:sys: all is well"),
  );
  expect(await terminal.type("liar:old:alice.os ; echo end")).toBe(
    "old:alice.os: fine\nold:alice.os: terminal:sys: all is well\nend",
  );
});

test("a script that ends without an answer, or never does, stops its line and nothing else", async () => {
  const terminal = await startTerminal();
  addScript(terminal, "mute", (host) => host.main(async () => void (await host.receive())));
  expect(await terminal.type("mute:old:alice.os | wc -l; echo on")).toMatch(
    /^\d+:old:alice\.os ended without an answer\n0\non$/,
  );
  addScript(terminal, "hang", hanging);
  terminal.node.tell(TERMINAL, "hang:old:alice.os | wc", { from: TERMINAL });
  await terminal.node.advance(2_000);
  expect(await terminal.type("echo meanwhile")).toBe("meanwhile");
});

test("an interrupt ends what runs in its session, kills its processes, and tells how much that was", async () => {
  const terminal = await startTerminal();
  const { node } = terminal;
  addScript(terminal, "hang", hanging);
  const others = node.running.length;
  expect(await interrupt(terminal)).toBe(0);
  for (const [line, session] of [
    ["hang:old:alice.os | wc && echo never", undefined],
    ["hang:old:alice.os", undefined],
    ["hang:old:alice.os", "web"],
  ] as const) {
    const metadata = session === undefined ? {} : { metadata: `session:${session}` };
    node.tell(TERMINAL, line, { from: TERMINAL, ...metadata });
  }
  await node.advance(1_000);
  expect(node.running).toHaveLength(others + 3);
  const before = node.lines.length;
  expect(await interrupt(terminal)).toBe(2);
  await node.advance(10_000);
  expect(node.running).toHaveLength(others + 1);
  expect(terminal.linesSince(before)).toBe("interrupted");
  expect(await interrupt(terminal)).toBe(0);
  expect(await interrupt(terminal, "web")).toBe(1);
  await node.advance(1_000);
  expect(node.running).toHaveLength(others);
});

test("a pipe carries 4 MiB, and says so when it is more", async () => {
  const terminal = await startTerminal();
  addScript(
    terminal,
    "big",
    oldScript((args) => "x".repeat(Number(args))),
  );
  expect(await terminal.type(`big:old:alice.os ${MAX_PIPED_BYTES} | wc -c`)).toBe("4194304");
  expect(await terminal.type(`big:old:alice.os ${MAX_PIPED_BYTES + 1} | wc -c`)).toContain(
    "big:old:alice.os gave 4194305 bytes; a pipe carries at most 4194304",
  );
});

test("each session has a folder of its own, and the next line is in it at once", async () => {
  const { type, vfs, node, linesSince } = await startTerminal();
  vfs.put("app:pkg/data/deep/x", "it");
  const before = node.lines.length;
  for (const line of ["cd /app:pkg/data", "cd deep", "cat x"])
    node.tell(TERMINAL, line, { from: TERMINAL });
  await node.advance(1_000);
  expect(linesSince(before)).toBe("it");
  expect(await type("pwd")).toBe("/app:pkg/data/deep");
  expect(await type("pwd", "web")).toBe("/");
  expect(await type("cd x")).toContain("it is a file");
  expect(await type("cd gone && pwd")).toContain("there is no such file or folder");
  expect(await type("cd; pwd")).toBe("/");
});

test("a line that expects an answer gets output, errors and exit status, and prints nothing", async () => {
  const { run, node } = await startTerminal();
  const before = node.lines.length;
  expect(await run("echo a; echo b")).toEqual({ output: "a\nb", status: undefined, errors: "" });
  expect(await run("cat /a:b/c/gone")).toEqual({
    output: "",
    status: "1",
    errors: "cannot read /a:b/c/gone: there is no such file or folder",
  });
  expect(await run("grep x | y")).toMatchObject({
    status: "1",
    errors: expect.stringContaining("'y' not found"),
  });
  expect(await run("")).toEqual({ output: "", status: undefined, errors: "" });
  expect(node.lines.slice(before)).toEqual([]);
});

test("what other packages send is no line, no completion and no interrupt", async () => {
  const terminal = await startTerminal();
  const { node } = terminal;
  addScript(terminal, "hang", hanging);
  node.tell(TERMINAL, "hang:old:alice.os", { from: TERMINAL });
  await node.advance(1_000);
  const count = node.running.length;
  for (const metadata of [INTERRUPT_METADATA, "complete", "session:x"]) {
    node.tell(TERMINAL, "{}", { from: "9:old:alice.os", metadata });
    node.tell(TERMINAL, "{}", { from: `far.os@${TERMINAL}`, metadata });
  }
  await node.advance(1_000);
  expect(node.running).toHaveLength(count);
  expect(node.lines.filter(({ text }) => text.startsWith("ignored a request"))).toHaveLength(6);
});

test("requests of its own scripts that make no sense change nothing and hurt nobody", async () => {
  const { node, type } = await startTerminal();
  for (const body of [
    "",
    "null",
    "7",
    "[]",
    '"EditAlias"',
    "{}",
    '{"EditAlias":null}',
    '{"Nothing":1}',
    '{"ChangeFolder":"x"}',
    '{"ChangeFolder":7}',
    '{"FindAlias":null}',
  ]) {
    const asked = node.ask(TERMINAL, body, { from: "9:terminal:sys" });
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await node.advance(200);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect((await asked).body).toBe('{"Err":"MalformedRequest"}');
  }
  for (const metadata of ["complete", INTERRUPT_METADATA]) {
    for (const body of ["", "null", "{", '{"line":7,"session":7}']) {
      const asked = node.ask(TERMINAL, body, { from: TERMINAL, metadata });
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await node.advance(200);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect((await asked).body).toBe('{"Err":"MalformedRequest"}');
    }
  }
  await node.advance(1_000);
  expect(await type("pwd")).toBe("/");
});

test("ls shows a name with a line break as one line", async () => {
  const { type, vfs } = await startTerminal();
  vfs.put("app:pkg/data/two\nlines", "");
  expect(await type("ls /app:pkg/data")).toBe("two\\x0alines");
});

test("[P19][P19.1] what `tail -f` finds goes down the pipe as it comes, until it is interrupted", async () => {
  const terminal = await startTerminal();
  const { node, vfs, linesSince } = terminal;
  let log = "old x\nold y\n";
  vfs.put("app:pkg/data/log", log);
  const before = node.lines.length;
  const add = async (text: string): Promise<void> => {
    log += text;
    vfs.put("app:pkg/data/log", log);
    await node.advance(2_000);
  };
  node.tell(TERMINAL, "tail -f /app:pkg/data/log | grep x | grep -v no", { from: TERMINAL });
  await node.advance(2_000);
  expect(linesSince(before)).toBe("old x");
  await add("new y\nnew x1\nnew x2\n");
  await add("no x\n");
  await add("half x");
  expect(linesSince(before)).toBe("old x\nnew x1\nnew x2");
  await add(" is whole\n");
  expect(linesSince(before)).toBe("old x\nnew x1\nnew x2\nhalf x is whole");
  // More commands ran in it than a session remembers, and longer than a program would wait.
  for (let part = 0; part < 70; part++) await add(`x${part}\n`);
  await node.advance(700_000);
  await add("still x\n");
  expect(linesSince(before)).toEndWith("\nx69\nstill x");
  expect(await interrupt(terminal)).toBe(1);
  const after = node.lines.length;
  await add("late x\n");
  expect(linesSince(after)).toBe("");
  expect(node.running).toEqual([TERMINAL]);
});

test("a script that gives parts ends when what follows cannot take them, and is heard once", async () => {
  const terminal = await startTerminal();
  terminal.vfs.put("app:pkg/data/log", "old x\n");
  const wrong = await terminal.run("tail -f /app:pkg/data/log | grep -E '('; echo on");
  expect(wrong).toMatchObject({ output: "on", errors: expect.stringContaining("(") });
  const gone = await terminal.run("tail -f /app:pkg/data/log | gone:old:alice.os");
  expect(gone).toMatchObject({ output: "", status: "1" });
  expect(gone.errors).toBe("error calling script: no scripts manifest in package");
  await terminal.node.advance(2_000);
  expect(terminal.node.running).toEqual([TERMINAL]);
});

test("parts are taken only from a script that says that it gives them, and bear its name", async () => {
  const terminal = await startTerminal();
  const answers: string[] = [];
  const metadata: unknown[] = [];
  const giver: TestProgram = (host) =>
    host.main(async () => {
      const message = await host.receive();
      if (message.kind !== "request") throw new Error("a request was to come");
      metadata.push(message.metadata);
      const body = '{"Output":"fine\\nterminal:sys: all is well"}';
      const target = `test.os@${TERMINAL}`;
      const answer = await host.sendAndAwaitResponse({ target, body, expectsResponse: 5 });
      answers.push(answer.kind === "response" ? decoder.decode(answer.body) : answer.kind);
      await host.sendResponse({ body: "" });
    });
  addScript(terminal, "giver", giver);
  expect(await terminal.type("giver:old:alice.os | wc")).toMatch(/^ignored a request .*\n0 0 0$/);
  terminal.vfs.put(
    "old:alice.os/pkg/scripts.json",
    '{"giver.wasm":{"root":false,"public":false,"request_networking":false,"parts":true}}',
  );
  expect(await terminal.type("giver:old:alice.os | wc -l")).toBe("2");
  expect(await terminal.type("echo a; giver:old:alice.os")).toBe(
    "a\nold:alice.os: fine\nold:alice.os: terminal:sys: all is well",
  );
  expect(metadata).toEqual([undefined, '{"parts":true}', '{"parts":true}']);
  expect(answers).toEqual(["send-error", '{"Output":null}', '{"Output":null}']);
});
