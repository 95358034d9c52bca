/** The keys of the terminal, pressed in a real pseudo-terminal; an emulator says what the person sees. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NodeProgram, startNodeProgram } from "./node-program.ts";

const folder = mkdtempSync(join(tmpdir(), "kinode-keys-"));
const home = join(folder, "home");
const DEADLINE_MS = 120_000;
// A loaded machine is slow; each wait has a deadline of its own.
setDefaultTimeout(120_000);
let node: NodeProgram;

const start = (args: readonly string[] = [], environment: Record<string, string> = {}) =>
  startNodeProgram(home, ["--port", "0", "--name", "keys.local", ...args], environment);

beforeAll(async () => {
  node = await start();
  await node.showsNow(/\nkeys\.local >$/);
}, DEADLINE_MS);
afterAll(async () => {
  await node?.stop();
  rmSync(folder, { recursive: true, force: true });
}, DEADLINE_MS);

test("[P19][P19.3] Tab completes a command, an address and a path; Tab twice lists what there is", async () => {
  node.press("net-d\t");
  await node.showsNow(/\nkeys\.local > net-diagnostics$/);
  node.press("\u0001");
  for (let i = 0; i < "net-diagnostics ".length; i += 1) node.press("\u001b[3~");
  await node.showsNow(/\nkeys\.local >$/);
  node.press("m our@homep\t");
  await node.showsNow(/\nkeys\.local > m our@homepage:homepage:sys$/);
  for (let i = 0; i < 40; i += 1) node.press("\u007f");
  await node.showsNow(/\nkeys\.local >$/);
  node.press("cat /termi\t");
  await node.showsNow(/\nkeys\.local > cat \/terminal:sys\/$/);
  // Typed faster than the first completion can be there.
  node.press("p\tscr\t");
  await node.showsNow(/\nkeys\.local > cat \/terminal:sys\/pkg\/scripts\.json$/);
  for (let i = 0; i < 60; i += 1) node.press("\u007f");
  await node.showsNow(/\nkeys\.local >$/);
  node.press("pe\t");
  await node.showsNow(/\nkeys\.local > peer$/);
  node.press("\t\t");
  await node.showsNow(
    /\npeer\b[^]*\npeers\b[^]*\nkeys\.local > peer$|\npeer +peers\nkeys\.local > peer$/,
  );
  for (let i = 0; i < 4; i += 1) node.press("\u007f");
});

test("[P19][P19.3] Ctrl+R finds the newest match, again the next older, stays past the oldest; Ctrl+G restores the line", async () => {
  for (const line of ["echo first apple", "echo second pear", "echo third apple"]) {
    node.press(`${line}\r`);
    // oxlint-disable-next-line no-await-in-loop -- one command after the other
    await node.showsNow(new RegExp(`terminal:sys: ${line.slice(5)}\nkeys\\.local >$`));
  }
  node.press("draft");
  node.press("\u0012");
  await node.showsNow(/\nkeys\.local \*$/);
  node.press("apple");
  await node.showsNow(/\nkeys\.local \* echo third apple$/);
  node.press("\u0012");
  await node.showsNow(/\nkeys\.local \* echo first apple$/);
  node.press("\u0012");
  node.press("x");
  await node.showsNow(/\nkeys\.local \* applex: no results$/);
  node.press("\u0007");
  await node.showsNow(/\nkeys\.local > draft$/);
  node.press("\u0012second\r");
  await node.showsNow(
    /\nkeys\.local > echo second pear\n.*terminal:sys: second pear\nkeys\.local >$/,
  );
  expect(
    readFileSync(join(home, ".terminal_history"), "utf8").trimEnd().split("\n").slice(-4),
  ).toEqual(["echo first apple", "echo second pear", "echo third apple", "echo second pear"]);
});

test("[P19][P19.3] Ctrl+W shows the levels of processes and takes changes; the line that was being typed comes back", async () => {
  node.press("unfinished");
  node.press("\u0017");
  await node.showsNow(/^Verbosity of single processes[^]*\n> *$/);
  node.press("homepage:homepage:sys 2\r");
  await node.showsNow(/homepage:homepage:sys {2}2/);
  node.press("no such thing\r");
  await node.showsNow(/\n> no such thing$/);
  node.press("\u0017");
  await node.showsNow(/\nkeys\.local > unfinished$/);
  node.press("\u0017");
  await node.showsNow(/homepage:homepage:sys {2}2/);
  node.press("homepage:homepage:sys\r");
  await node.showsNow(/none: all processes follow the global level/);
  node.press("\u0017");
  for (let i = 0; i < 10; i += 1) node.press("\u007f");
  await node.showsNow(/\nkeys\.local >$/);
});

test("[P19][P19.3] Ctrl+V cycles the verbosity, and levels have their colours", async () => {
  node.forget();
  for (const name of ["debug", "super-debug", "full event loop", "off"]) {
    node.press("\u0016");
    // oxlint-disable-next-line no-await-in-loop -- one key after the other
    await node.shows(new RegExp(`verbose mode: ${name}`));
  }
  node.press("\u0016");
  await node.shows(/off[^]*verbose mode: debug/);
  node.forget();
  node.press("echo colours\r");
  // The end of a script is said at level 1, in green.
  await node.shows(/returned/);
  expect(node.received()).toMatch(/\u001b\[32m[^\u001b]*:terminal:sys returned\u001b\[0m/);
  for (const _ of "123") node.press("\u0016");
  await node.shows(/verbose mode: off/);
});

test("[P19][P19.3] Ctrl+A and Ctrl+E go to the ends of the line; arrows, Ctrl+P and Ctrl+N through the history", async () => {
  node.press("echo one\recho two\r");
  await node.showsNow(/terminal:sys: two\nkeys\.local >$/);
  node.press("cho x\u0001e\u0005y");
  await node.showsNow(/\nkeys\.local > echo xy$/);
  const steps = [
    ["\u0010", "echo two"],
    ["\u001b[A", "echo one"],
    ["\u000e", "echo two"],
    ["\u001b[B", "echo xy"],
  ] as const;
  for (const [key, line] of steps) {
    node.press(key);
    // oxlint-disable-next-line no-await-in-loop -- one key after the other
    await node.showsNow(new RegExp(`\nkeys\\.local > ${line}$`));
  }
  node.press("\r");
  await node.showsNow(/terminal:sys: xy\nkeys\.local >$/);
});

test("[P19][P19.3] Ctrl+L leaves lines out of the log and takes them in again", async () => {
  const logged = (): string => {
    const place = join(home, ".terminal_logs");
    return readdirSync(place)
      .map((name) => readFileSync(join(place, name), "utf8"))
      .join("");
  };
  node.press("\u000c");
  await node.showsNow(/logging mode: off\nkeys\.local >$/);
  node.press("echo not kept\r");
  await node.showsNow(/terminal:sys: not kept\nkeys\.local >$/);
  node.press("\u000c");
  await node.showsNow(/logging mode: on\nkeys\.local >$/);
  node.press("echo kept again\r");
  await node.showsNow(/terminal:sys: kept again\nkeys\.local >$/);
  const deadline = performance.now() + DEADLINE_MS;
  // Lines are on disk half a second later at most.
  // oxlint-disable-next-line no-await-in-loop -- looks again until it is so
  while (!logged().includes("kept again") && performance.now() < deadline) await Bun.sleep(50);
  expect(logged()).toContain("kept again");
  expect(logged()).not.toContain("not kept");
});

test("[P19][P19.3] Ctrl+J stops the kernel at each event, Ctrl+S goes one on, Ctrl+J again stops no more", async () => {
  node.press("\u000a");
  await node.showsNow(/debug mode on: use CTRL\+S to step through events\nkeys\.local >$/);
  node.forget();
  node.press("echo step by step\r");
  await node.showsNow(/> echo step by step\n/);
  // What is typed after them is there: all five have been read, and several messages are still to pass.
  node.press(`${"\u0013".repeat(5)}z`);
  await node.showsNow(/\nkeys\.local > z$/);
  expect(node.received()).not.toContain("terminal:sys: step by step");
  node.press("\u007f");
  const deadline = performance.now() + DEADLINE_MS / 2;
  for (let steps = 0; steps < 1_000 && performance.now() < deadline; steps += 1) {
    if (node.received().includes("terminal:sys: step by step")) break;
    node.press("\u0013");
    // oxlint-disable-next-line no-await-in-loop -- until enough steps have been taken
    await Bun.sleep(5);
  }
  await node.showsNow(/terminal:sys: step by step\nkeys\.local >$/);
  node.press("\u000a");
  await node.showsNow(/debug mode off\nkeys\.local >$/);
});

test("a pasted text is one line that waits for Enter, whatever is in it", async () => {
  node.press("\u001b[200~echo one\r\necho two\u001b[A\u0003\u202e\u001b[201~");
  await node.showsNow(/\nkeys\.local > echo oneecho two\[A$/);
  node.press("\r");
  await node.showsNow(/terminal:sys: oneecho two\[A\nkeys\.local >$/);
});

test(
  "[P19][P19.3] Ctrl+C ends the command that runs and leaves the node running; when none runs it stops the node",
  async () => {
    // Answered after a minute.
    node.press(`m our@timer:distro:sys '{"SetTimer":60000}' -a 60\r`);
    await node.showsNow(/-a 60\n/);
    node.press("\u0003");
    await node.showsNow(/terminal:sys: interrupted\nkeys\.local >$/);
    node.press("echo still here\r");
    await node.showsNow(/terminal:sys: still here\nkeys\.local >$/);
    node.press("\u0003");
    expect(await node.exited).toBe(0);
  },
  DEADLINE_MS,
);

test(
  "[P19][P19.3] Ctrl+D stops the node",
  async () => {
    node = await start();
    await node.showsNow(/\nkeys\.local >$/);
    node.press("\u0004");
    expect(await node.exited).toBe(0);
  },
  DEADLINE_MS,
);

test(
  "NO_COLOR and --color never leave out colours, --color always does not",
  async () => {
    const colored = async (args: readonly string[], environment: Record<string, string>) => {
      node = await start(["--verbosity", "1", ...args], environment);
      node.press("echo plain\r");
      await node.shows(/terminal:sys returned/);
      const isColored = /\u001b\[32m/.test(node.received());
      await node.stop();
      return isColored;
    };
    expect(await colored([], { NO_COLOR: "1" })).toBe(false);
    expect(await colored(["--color", "never"], {})).toBe(false);
    expect(await colored(["--color", "always"], { NO_COLOR: "1" })).toBe(true);
    expect(await colored([], { NO_COLOR: "" })).toBe(true);
  },
  DEADLINE_MS,
);
