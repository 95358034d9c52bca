import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadProgram, TestNode } from "./testing/index.ts";

const PARENT = `
import { defineProcess, inline, print, serve, spawnInline } from "../index.ts";

const shout = inline((our, arg) => print(our.process.slice(0, 9) + arg.toUpperCase()));
const count = inline((our, arg) => print(our.process.slice(0, 9) + arg.length));

export default defineProcess(() =>
  serve(async (message) => {
    const child = await spawnInline(message.text() === "count" ? count : shout, message.text());
    return child.toString();
  }),
);
`;

test("a declared function runs as a process of its own, with its argument", async () => {
  const folder = mkdtempSync(join(import.meta.dir, "inline-test-"));
  try {
    const entry = join(folder, "parent.ts");
    writeFileSync(entry, PARENT);
    const program = await loadProgram(entry);
    const node = new TestNode();
    node.programs.set("/test:sys/pkg/parent.js", program);
    node.start("parent:test:sys", program);
    const ask = async (text: string) => {
      const answer = node.ask("parent:test:sys", text);
      await node.settle();
      return (await answer).body;
    };
    expect(await ask("quiet")).toMatch(/^inline-0-\d+:test:sys$/);
    expect(await ask("count")).toMatch(/^inline-1-\d+:test:sys$/);
    await node.settle();
    expect(node.lines.map(({ text }) => text)).toEqual(["inline-0-QUIET", "inline-1-5"]);
    // Each child ends with its function; the parent goes on.
    expect(node.running).toEqual(["parent:test:sys"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
