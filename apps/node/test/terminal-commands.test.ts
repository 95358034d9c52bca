/** Commands, pipes and interrupts as a person types them into the real program. Source: spec/packages-and-tools.md §19. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTestNode } from "../testing/index.ts";
import { type NodeProgram, startNodeProgram } from "./node-program.ts";
import { kinode } from "./run-kinode.ts";
import { installScript, removeScripts, writeScript } from "./script-package.ts";
import { typeLine } from "./type-line.ts";

const home = mkdtempSync(join(tmpdir(), "kinode-commands-"));
afterAll(() => {
  removeScripts();
  rmSync(home, { recursive: true, force: true });
});

const FLAGS = ["--port", "0", "--name", "typer.local"];
const CTRL_C = "\u0003";

/** Types a line and waits until what it prints has come. */
async function say(node: NodeProgram, line: string, pattern: RegExp): Promise<void> {
  node.forget();
  await node.type(line);
  await node.shows(pattern);
}

test("[M127] [M129] what a person types runs, in pipes too; aliases and default commands outlive a restart", async () => {
  let node = await startNodeProgram(home, FLAGS);
  await say(
    node,
    "unheard-of 1 2",
    /terminal:sys: error calling script: 'unheard-of' not found, either as an alias or process ID/,
  );
  await say(node, "echo  one   'two' | three", /terminal:sys: {2}one {3}'two' \| three/);
  await say(node, "ls /terminal:sys/pkg | grep manifest", /terminal:sys: manifest\.json/);
  await say(node, "echo first && echo second; echo third", /first[^]*second[^]*third/);
  // From another program the same line is a request that expects an answer.
  const line = "ls /terminal:sys/pkg | grep -c manifest";
  expect(await kinode("send", "our@terminal:terminal:sys", line, "--home", home)).toMatchObject({
    code: 0,
    out: "1",
  });
  await say(node, "alias zz echo:terminal:sys", /alias zz set to echo:terminal:sys/);
  await say(node, "alias wc", /alias wc removed/);
  await say(node, "alias wc", /alias wc not found/);
  await say(node, "alias zz nonsense", /"nonsense" is not a process id/);
  expect(await node.stop()).toBe(0);

  node = await startNodeProgram(home, FLAGS);
  await say(node, "zz again", /terminal:sys: again/);
  await say(node, "echo and this", /terminal:sys: and this/);
  // Default ones come back at every start, unless the person has removed them.
  await say(node, "wc", /'wc' not found/);
  expect(await node.stop()).toBe(0);
}, 120_000);

test("Ctrl+C ends what runs, `tail -f` here, and only then the node", async () => {
  const node = await startNodeProgram(home, FLAGS);
  await say(
    node,
    "mkdir /terminal:sys/notes; write /terminal:sys/notes/log one; echo made",
    /sys: made/,
  );
  await say(node, "tail -f /terminal:sys/notes/log", /terminal:sys: one/);
  await say(node, "write -a /terminal:sys/notes/log two", /terminal:sys: two/);
  node.forget();
  node.press(CTRL_C);
  await node.shows(/terminal:sys: interrupted/);
  await say(node, "write -a /terminal:sys/notes/log three; echo written", /sys: written/);
  await say(node, "top | grep -c tail.js", /terminal:sys: 0/);
  node.press(CTRL_C);
  expect(await node.exited).toBe(0);
}, 120_000);

test("a script that spins is ended by Ctrl+C, and one that lies in a pipe is seen through", async () => {
  const folder = writeScript(
    "tools",
    `import { defineProcess, serve } from "@kinode-ts/stdlib";
    export default defineProcess(() => serve());`,
  );
  const scripts = {
    spin: "() => { for (;;); }",
    liar: '() => "\\u001b[2J\\u001b[Hfine\\rterminal:sys: one\\nterminal:sys: two"',
  };
  mkdirSync(join(folder, "src/scripts"), { recursive: true });
  for (const [name, body] of Object.entries(scripts)) {
    const source = `import { defineScript } from "@kinode-ts/stdlib/scripting";\nexport default defineScript(${body});`;
    writeFileSync(join(folder, `src/scripts/${name}.ts`), source);
  }
  const entry = { root: false, public: false, request_networking: false };
  writeFileSync(
    join(folder, "pkg/scripts.json"),
    JSON.stringify({ "spin.js": entry, "liar.js": entry }),
  );
  const node = await startNodeProgram(home, FLAGS);
  expect(await kinode("install", folder, "--yes", "--home", home)).toMatchObject({ code: 0 });

  await say(node, "liar:tools:example.os | cat; liar:tools:example.os ; echo over", /sys: over/);
  await node.showsNow(/tools:example\.os: .*fine.*\n.*tools:example\.os: terminal:sys: two/);
  await node.showsNow(/Open http/);

  await node.type("spin:tools:example.os | wc");
  await say(node, "echo still here", /terminal:sys: still here/);
  await say(node, "top | grep -c spin.js", /terminal:sys: 1/);
  node.forget();
  node.press(CTRL_C);
  await node.shows(/terminal:sys: interrupted/);
  await say(node, "top | grep -c spin.js", /terminal:sys: 0/);
  expect(await node.stop()).toBe(0);
}, 120_000);

test("[M128] a line that comes from a process of another package is not run, and its interrupt interrupts nothing", async () => {
  const node = await startTestNode();
  await installScript(
    node,
    "intruder",
    `import { send, serve } from "@kinode-ts/stdlib";
    import { defineProcess } from "@kinode-ts/stdlib";
    export default defineProcess(() => serve(async (message) => {
      const [line, metadata] = message.json() as [string, string | undefined];
      await send("our@terminal:terminal:sys", line, { metadata });
      return "sent";
    }));`,
    { request: ["terminal:terminal:sys"] },
  );
  const INTRUDER = "intruder:intruder:example.os";
  await typeLine(node, "mkdir /terminal:sys/notes");
  for (const message of [
    ["write /terminal:sys/notes/x it was run"],
    ["write /terminal:sys/notes/x it was run", "session:web"],
    ['{"EditAlias":{"alias":"ls","process":"intruder:intruder:example.os"}}'],
    ["{}", "interrupt"],
    ['{"line":"l","cursor":1}', "complete"],
  ]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect((await node.ask(INTRUDER, message)).body).toBe("sent");
  }
  await node.advance(1_000);
  expect(await typeLine(node, "ls /terminal:sys/notes")).toEqual({ output: "", errors: "" });
  expect((await typeLine(node, "which ls")).output).toContain("ls:terminal:sys");
  await node.stop();
}, 120_000);

test("without the right to all files the commands say which capability is missing", async () => {
  const node = await startTestNode();
  const root = {
    issuer: { node: node.name, process: "vfs:distro:sys" as never },
    params: '{"root":true}',
  };
  await node.during(
    node.kernel.revoke([{ holder: "terminal:terminal:sys" as never, capability: root }]),
  );
  expect(await typeLine(node, "ls /homepage:sys/pkg")).toEqual({
    output: "",
    errors:
      'cannot list /homepage:sys/pkg: the terminal lacks the capability {"kind":"read","drive":"/homepage:sys/pkg"} or {"root":true} of vfs:distro:sys',
  });
  expect((await typeLine(node, "write /homepage:sys/pkg/x y")).errors).toContain('"kind":"write"');
  expect((await typeLine(node, "ls /")).errors).toContain('lacks the capability {"root":true}');
  expect((await typeLine(node, "ls /terminal:sys/pkg | grep -c alias.js")).output).not.toBe("0");
  await node.stop();
}, 120_000);

test("a command answers in a few milliseconds", async () => {
  const node = await startTestNode();
  const best = async (line: string): Promise<number> => {
    let shortest = Infinity;
    for (let run = 0; run < 10; run++) {
      const started = performance.now();
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await typeLine(node, line);
      shortest = Math.min(shortest, performance.now() - started);
    }
    return shortest;
  };
  expect(await best("whoami")).toBeLessThan(20);
  expect(await best("ls /")).toBeLessThan(20);
  await node.stop();
}, 120_000);
