/** What Tab offers. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { CompletionAnswer } from "@kinode-ts/types";
import { COMPLETION_METADATA } from "@kinode-ts/types";
import { startTerminal, type TerminalNode } from "../test/terminal-node.ts";

/** Asks at the place of `^`, or at the end. */
async function offered(terminal: TerminalNode, marked: string): Promise<CompletionAnswer> {
  const at = marked.indexOf("^");
  const line = marked.replace("^", "");
  const cursor = at < 0 ? line.length : at;
  return await terminal.ask<CompletionAnswer>(COMPLETION_METADATA, { line, cursor });
}

async function texts(terminal: TerminalNode, marked: string): Promise<string[]> {
  return (await offered(terminal, marked)).completions.map(({ text }) => text);
}

test("the first word of a command is completed to commands, with what they do", async () => {
  const terminal = await startTerminal();
  expect(await offered(terminal, "gr")).toEqual({
    from: 0,
    completions: [{ text: "grep", hint: "show the lines that contain a text" }],
  });
  expect(await texts(terminal, "p")).toEqual(["peer", "peers", "ps", "pwd"]);
  expect(await texts(terminal, "ls / | gr")).toEqual(["grep"]);
  expect(await texts(terminal, "ls; l^ x")).toEqual(["logs", "ls"]);
  expect(await texts(terminal, "which whi")).toEqual(["which"]);
  await terminal.type("alias zz ls:terminal:sys");
  expect(await texts(terminal, "z")).toEqual(["zz"]);
  expect(await texts(terminal, "echo:")).toEqual(["echo:terminal:sys"]);
});

test("paths are completed from the root, from packages and from the current folder", async () => {
  const terminal = await startTerminal();
  const { vfs } = terminal;
  vfs.put("app:pkg/data/notes/a.txt", "");
  vfs.put("app:pkg/data/my file", "");
  vfs.put("app:pkg/data/.hidden", "");
  expect(await offered(terminal, "cat /app:pkg/data/n")).toEqual({
    from: 4,
    completions: [{ text: "/app:pkg/data/notes/" }],
  });
  expect(await texts(terminal, "cat app:pkg/data/")).toEqual([
    "app:pkg/data/my\\ file",
    "app:pkg/data/notes/",
  ]);
  expect(await texts(terminal, "cat /app:pkg/data/my\\ f")).toEqual(["/app:pkg/data/my\\ file"]);
  expect(await texts(terminal, "cat '/app:pkg/data/my f")).toEqual(["/app:pkg/data/my\\ file"]);
  expect(await texts(terminal, "cat /app:pkg/data/.")).toEqual(["/app:pkg/data/.hidden"]);
  expect(await texts(terminal, "cat /gone:x/y/")).toEqual([]);
  await terminal.type("cd /app:pkg/data");
  expect(await texts(terminal, "cat no")).toEqual(["notes/"]);
  expect(await texts(terminal, "cat notes/")).toEqual(["notes/a.txt"]);
  expect(await texts(terminal, "cat ../data/no")).toEqual(["../data/notes/"]);
});

test("processes, addresses and options are completed where they fit", async () => {
  const terminal = await startTerminal();
  expect(await texts(terminal, "kill a")).toEqual(["a:b:c.os"]);
  expect(await texts(terminal, "m our@a")).toEqual(["our@a:b:c.os"]);
  expect(await texts(terminal, "m test.os@vf")).toEqual(["test.os@vfs:distro:sys"]);
  expect((await offered(terminal, "grep -")).completions).toContainEqual({
    text: "-i",
    hint: "upper and lower case are the same",
  });
  expect(await texts(terminal, "echo a")).toEqual([]);
  expect(await texts(terminal, "other:app:sys our@t")).toContain("our@timer:distro:sys");
});

test("an answer has at most 200 possibilities, sorted", async () => {
  const terminal = await startTerminal();
  for (let index = 999; index >= 0; index--) {
    terminal.vfs.put(`app:pkg/data/f${String(index).padStart(3, "0")}`, "");
  }
  const found = await texts(terminal, "cat /app:pkg/data/f");
  expect(found).toHaveLength(200);
  expect(found).toEqual(found.toSorted());
  expect(found[0]).toBe("/app:pkg/data/f000");
});

test("whatever is typed, the possibilities fit at the cursor", async () => {
  const terminal = await startTerminal();
  terminal.vfs.put('app:pkg/data/it\'s a "file"', "");
  const part = fc.constantFrom(
    "ls",
    "m",
    "kill",
    " ",
    "  ",
    "|",
    "; ",
    "/app:pkg/data/",
    "it",
    "'",
    '"',
    "\\",
    "our@",
    "-",
    "a",
    "{",
    "é",
  );
  const lines = fc.sample(fc.array(part, { maxLength: 7 }), { numRuns: 300, seed: 5 });
  for (const parts of lines) {
    const line = parts.join("");
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { from, completions } = await offered(terminal, line);
    expect(from).toBeGreaterThanOrEqual(0);
    expect(from).toBeLessThanOrEqual(line.length);
    expect(completions.every(({ text }) => !/(?<!\\)[\s'"]/.test(text))).toBe(true);
  }
});
