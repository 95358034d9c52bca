/** Who sees which prints, in a real pseudo-terminal and in the log files. Source: spec/runtime-modules.md §10.1. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NodeProgram, startNodeProgram } from "./node-program.ts";
import { kinode } from "./run-kinode.ts";
import { removeScripts, writeScript } from "./script-package.ts";

const DEADLINE_MS = 120_000;
// A loaded machine is slow; each wait has a deadline of its own.
setDefaultTimeout(DEADLINE_MS);

/** Title, clear, cursor, another screen, a question, C1 forms of them, reset. */
const HOSTILE = [
  "\u001b]0;owned\u0007",
  "\u001b[2J",
  "\u001b[3;7H",
  "\u001b[?1049h",
  "\u001b[6n",
  "\u009b2J",
  "\u009d0;owned\u009c",
  "\u001bc",
] as const;

/** Prints what it is told to at all levels, or many lines, or what no console should get. */
const SOURCE = `
import { defineProcess, print, serve } from "@kinode-ts/stdlib";
const HOSTILE = ${JSON.stringify(HOSTILE)};
export default defineProcess(() => serve((message) => {
  const word = message.text();
  const count = Number(word);
  if (word === "hostile") print("before " + HOSTILE.join("-") + " after \u001b[31mred\u001b[0m");
  else if (count > 0) for (let i = 0; i < count; i++) print("line " + i + " " + "-".repeat(60));
  else for (const level of [3, 2, 1, 0] as const) print(word + " at " + level, level);
  return "printed " + word;
}));
`;
const ID = "levels:levels:example.os";
const CTRL_V = "\u0016";
const CTRL_W = "\u0017";
const BELL = "\u0007";
const FILE_BYTES = 10_000;
const FILES = 3;

const folder = mkdtempSync(join(tmpdir(), "kinode-levels-"));
const home = join(folder, "home");
const FLAGS = [
  ...["--port", "0", "--name", "levels.local"],
  ...["--max-log-size", String(FILES * FILE_BYTES), "--number-log-files", String(FILES)],
];
let node: NodeProgram;

beforeAll(async () => {
  node = await startNodeProgram(home, FLAGS);
  const script = writeScript("levels", SOURCE);
  expect(await kinode("install", script, "--yes", "--home", home)).toMatchObject({ code: 0 });
}, DEADLINE_MS);
afterAll(async () => {
  await node?.stop();
  removeScripts();
  rmSync(folder, { recursive: true, force: true });
}, DEADLINE_MS);

/** Has the process print at all levels; those that the person then sees. */
async function seen(word: string): Promise<string[]> {
  node.forget();
  await node.type(`m our@${ID} '${word}' -a 50`);
  await node.shows(new RegExp(`terminal:sys: printed ${word}\\r`));
  const [text] = await node.shows(/[^]*/);
  return [...text.matchAll(new RegExp(`levels:example\\.os: (${word} at \\d)\\r`, "g"))].map(
    ([, line]) => line!,
  );
}
async function cycle(name: string): Promise<void> {
  node.forget();
  node.press(CTRL_V);
  await node.shows(new RegExp(`verbose mode: ${name}\\r`));
}
/** Types a line into the process verbosity screen. */
async function setLevel(line: string, shown: RegExp): Promise<void> {
  node.press(CTRL_W);
  await node.showsNow(/^Verbosity of single processes/);
  node.press(`${line}\r`);
  await node.showsNow(shown);
  node.press(CTRL_W);
  await node.showsNow(/levels\.local >$/);
}

/** Names and contents. */
function logFiles(): [name: string, text: string][] {
  const place = join(home, ".terminal_logs");
  return readdirSync(place)
    .toSorted()
    .flatMap((name): [string, string][] => {
      try {
        return [[name, readFileSync(join(place, name), "latin1")]];
      } catch {
        // It was removed meanwhile.
        return [];
      }
    });
}
const logged = (): string =>
  logFiles()
    .map(([, text]) => text)
    .join("");
async function until(check: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS / 2;
  // oxlint-disable-next-line no-await-in-loop -- looks again until it is so
  while (!check() && performance.now() < deadline) await Bun.sleep(20);
  expect(check()).toBe(true);
}

test("[M122] Ctrl+V goes 0-1-2-3-0, and a print of level 2 is hidden at 1 and shown at 2", async () => {
  expect(await seen("a")).toEqual(["a at 0"]);
  await cycle("debug");
  expect(await seen("b")).toEqual(["b at 1", "b at 0"]);
  await cycle("super-debug");
  expect(await seen("c")).toEqual(["c at 2", "c at 1", "c at 0"]);
  await cycle("full event loop");
  expect(await seen("d")).toEqual(["d at 3", "d at 2", "d at 1", "d at 0"]);
  await cycle("off");
  expect(await seen("e")).toEqual(["e at 0"]);
});

test("[M123] a process's own level counts instead of the global one, muted hides all of it, removal restores", async () => {
  await setLevel(`${ID} 2`, new RegExp(`${ID} {2}2`));
  expect(await seen("own")).toEqual(["own at 2", "own at 1", "own at 0"]);
  await setLevel(`${ID} muted`, new RegExp(`${ID} {2}muted`));
  expect(await seen("mute")).toEqual([]);
  await cycle("debug");
  expect(await seen("still")).toEqual([]);
  await setLevel(`${ID} 0`, new RegExp(`${ID} {2}0`));
  expect(await seen("less")).toEqual(["less at 0"]);
  await setLevel(ID, /none: all processes follow the global level/);
  expect(await seen("again")).toEqual(["again at 1", "again at 0"]);
  for (const name of ["super-debug", "full event loop", "off"]) {
    // oxlint-disable-next-line no-await-in-loop -- one key after the other
    await cycle(name);
  }
});

test("[M124] the log has prints of every level, muted ones as well; files rotate at total / count, and count of them remain", async () => {
  await setLevel(`${ID} muted`, new RegExp(`${ID} {2}muted`));
  expect(await seen("unseen")).toEqual([]);
  await until(() => logged().includes("unseen at 0"));
  for (const level of [0, 1, 2, 3]) {
    expect(logged()).toMatch(
      new RegExp(
        `^\\[\\w{3}, \\d{1,2} \\w{3} \\d{4} \\d\\d:\\d\\d:\\d\\d [+-]\\d{4}\\] levels:example\\.os: unseen at ${level}$`,
        "m",
      ),
    );
  }
  // Each line has 120 bytes and more, so these are more than all files may hold.
  node.forget();
  await node.type(`m our@${ID} 300 -a 50`);
  await node.shows(/terminal:sys: printed 300\r/);
  expect(await seen("last")).toEqual([]);
  await until(() => logged().includes("last at 0"));
  await until(() => logFiles().length === FILES);
  for (const [name, text] of logFiles()) {
    expect(name).toMatch(/^\d{4}-\d\d-\d\d-\d\d[:_]\d\d[:_]\d\d(?:-\d+)?\.log$/);
    expect(text.length).toBeLessThan(FILE_BYTES);
  }
  expect(logged()).not.toContain("unseen");
  await setLevel(ID, /none: all processes follow the global level/);
});

test("[M126] what is printed while Ctrl+W is open waits, the newest 256 of it, and is shown with the count of the rest", async () => {
  node.press("unfinished");
  node.press(CTRL_W);
  await node.showsNow(/^Verbosity of single processes/);
  node.forget();
  const sent = ["send", `our@${ID}`, "300", "--home", home];
  expect(await kinode(...sent)).toMatchObject({ code: 0, out: "printed 300" });
  // Keys that do other things elsewhere do nothing here.
  node.press("\u0016\u000a\u0013\u000c\u0012\u0010\u000e");
  node.press("x");
  await node.showsNow(/^Verbosity of single processes[^]*\n> x$/);
  expect(node.received()).not.toMatch(/line \d|mode/);
  node.press(CTRL_W);
  await node.showsNow(/line 299 -+\nlevels\.local > unfinished$/);
  const [text] = await node.shows(/Dropped (\d+) prints while on alternate screen[^]*/);
  expect(text).toStartWith("Dropped 44 prints while on alternate screen");
  expect([...text.matchAll(/line (\d+) -+\r/g)].map(([, line]) => Number(line))).toEqual(
    Array.from({ length: 256 }, (_, i) => 44 + i),
  );
  for (const _ of "unfinished") node.press("\u007f");
  await node.showsNow(/\nlevels\.local >$/);
});

test("[M130] of what moves the cursor, clears, asks or names the window nothing reaches the console or the log; colours do", async () => {
  expect(await seen("hostile")).toEqual([]);
  await node.showsNow(
    /levels:example\.os: before -{7} after red\n.*printed hostile\nlevels\.local >$/,
  );
  const received = node.received();
  for (const sequence of HOSTILE) expect(received).not.toContain(sequence);
  expect(received).not.toMatch(/owned|\u009b|\u009d|\u009c/);
  expect(received).toContain("\u001b[31mred\u001b[0m");
  await until(() => logged().includes("levels:example.os: before ------- after red\n"));
  // oxlint-disable-next-line no-control-regex -- there must be none
  expect(logged()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
});

test("[M125] the lines of a person are there after a restart, without empty and repeated ones; Ctrl+R finds them", async () => {
  for (const line of ["echo one", "echo two", "echo two", "", "echo three"]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await node.type(line);
  }
  const kept = (): string => readFileSync(join(home, ".terminal_history"), "utf8");
  await until(() => kept().endsWith("\necho one\necho two\necho three\n"));
  expect(await node.stop()).toBe(0);
  node = await startNodeProgram(home, FLAGS);
  await node.showsNow(/\nlevels\.local >$/);
  // What it is for others: release, routing, key.
  await node.shows(/Kinode \d\S*; (?:in)?direct .+; networking key [0-9a-f]{64}\r/);
  await node.shows(/levels\.local is running; its home is \S+levels/);
  for (const line of ["echo three", "echo two", "echo one"]) {
    node.press("\u001b[A");
    // oxlint-disable-next-line no-await-in-loop -- one key after the other
    await node.showsNow(new RegExp(`\nlevels\\.local > ${line}$`));
  }
  for (const _ of "123") node.press("\u001b[B");
  await node.showsNow(/\nlevels\.local >$/);
  expect(node.received()).not.toContain(BELL);
  node.press("\u001b[B");
  await node.shows(new RegExp(BELL));
  node.press("half a line\u0012echo t");
  await node.showsNow(/\nlevels\.local \* echo three$/);
  expect(node.received()).toContain("* \u001b[4mecho t\u001b[24mhree");
  // There is no way from a search into the screen of levels.
  node.press("\u0017");
  node.press("\u0012");
  await node.showsNow(/\nlevels\.local \* echo two$/);
  node.press("\u0007");
  await node.showsNow(/\nlevels\.local > half a line$/);
});
