import { expect, test } from "bun:test";
import headless from "@xterm/headless";
import { createVirtualClock } from "@kinode-ts/testing";
import { History } from "./history.ts";
import { MAX_HELD_LINES, Terminal, type TerminalHandlers } from "./terminal.ts";
import { createPrinter } from "./printer.ts";
import { PrintFilter } from "./print-filter.ts";
import type { Completion, ProcessId } from "@kinode-ts/types";

function setUp(columns = 60, history = new History(), more: Partial<TerminalHandlers> = {}) {
  const console = new headless.Terminal({
    cols: columns,
    rows: 12,
    allowProposedApi: true,
    scrollback: 2_000,
  });
  const calls: string[] = [];
  const filter = new PrintFilter();
  let isStepping = false;
  let isLogging = true;
  let isFull = false;
  const terminal = new Terminal({
    node: "alice",
    screen: {
      write: (text) => console.write(text),
      columns: () => columns,
      rows: () => 12,
      width: (text) => Bun.stringWidth(text),
      color: true,
      isFull: () => isFull,
    },
    filter,
    history,
    handlers: {
      line: (text) => calls.push(`line ${text}`),
      quit: (key) => calls.push(`quit ${key}`),
      levelsChanged: () => calls.push(`level ${filter.level}`),
      toggleStepThrough: () => (isStepping = !isStepping),
      step: () => calls.push("step"),
      toggleLogging: () => (isLogging = !isLogging),
      ...more,
    },
  });
  terminal.redraw();
  const type = (text: string) => {
    for (const each of text) terminal.key({ name: each, ctrl: false, text: each });
  };
  const press = (name: string) => terminal.key({ name, ctrl: false, text: "" });
  const ctrl = (name: string) => terminal.key({ name, ctrl: true, text: "" });
  const rows = async () => {
    await new Promise<void>((resolve) => console.write("", resolve));
    const { active } = console.buffer;
    return Array.from({ length: active.length }, (_, y) =>
      active.getLine(y)!.translateToString(true).trimEnd(),
    ).filter(Boolean);
  };
  const cursor = () => console.buffer.active.cursorX;
  const fill = (full: boolean) => (isFull = full);
  return { terminal, calls, filter, history, type, press, ctrl, rows, cursor, fill };
}

test("printed lines scroll above the line that is being typed", async () => {
  const { terminal, type, press, rows, calls } = setUp();
  type("m our@a:b:c 'x'");
  terminal.show("Sat 10:00 hello");
  expect(await rows()).toEqual(["Sat 10:00 hello", "alice > m our@a:b:c 'x'"]);
  press("return");
  expect(calls).toEqual(["line m our@a:b:c 'x'"]);
  expect(await rows()).toEqual(["Sat 10:00 hello", "alice > m our@a:b:c 'x'", "alice >"]);
});

test("the cursor moves by grapheme, and text is typed and erased where it stands", async () => {
  const { type, press, ctrl, rows, cursor } = setUp();
  type("a👨‍👩‍👧");
  type("é");
  expect(await rows()).toEqual(["alice > a👨‍👩‍👧é"]);
  press("left");
  press("backspace");
  expect(await rows()).toEqual(["alice > aé"]);
  ctrl("a");
  type("x");
  press("delete");
  await rows();
  expect(await rows()).toEqual(["alice > xé"]);
  expect(cursor()).toBe("alice > x".length);
});

test("a line longer than the window scrolls sideways, and a window narrower than the prompt is no fault", async () => {
  const wide = setUp(20);
  wide.type("0123456789abcdefgh");
  expect(await wide.rows()).toEqual(["alice > 789abcdefgh"]);
  for (const columns of [1, 2, 5]) {
    const narrow = setUp(columns);
    narrow.type("hello");
    narrow.ctrl("r");
    narrow.type("x");
    narrow.ctrl("g");
    await narrow.rows();
  }
});

test("[M125] history skips empty and repeated lines and keeps 1000; Ctrl+R finds, goes back, stays and is cancelled", async () => {
  const kept: string[] = [];
  const { type, press, ctrl, rows, history, calls } = setUp(
    60,
    new History([], (line) => kept.push(line)),
  );
  for (const line of ["one a", "two a", "two a", "", "three b"]) {
    type(line);
    press("return");
  }
  expect(kept).toEqual(["one a", "two a", "three b"]);
  expect(calls).toEqual(["line one a", "line two a", "line two a", "line ", "line three b"]);
  type("draft");
  ctrl("r");
  type("a");
  expect((await rows()).at(-1)).toBe("alice * two a");
  ctrl("r");
  expect((await rows()).at(-1)).toBe("alice * one a");
  ctrl("r");
  expect((await rows()).at(-1)).toBe("alice * one a");
  ctrl("g");
  expect((await rows()).at(-1)).toBe("alice > draft");
  press("up");
  press("up");
  expect((await rows()).at(-1)).toBe("alice > two a");
  press("down");
  press("down");
  expect((await rows()).at(-1)).toBe("alice > draft");
  ctrl("r");
  type("zzz");
  expect((await rows()).at(-1)).toBe("alice * zzz: no results");
  ctrl("g");
  ctrl("r");
  type("one");
  press("return");
  expect(calls.at(-1)).toBe("line one a");
  for (let i = 0; i < 1_500; i += 1) history.add(`line ${i}`);
  expect(history.count).toBe(1_000);
});

test("[M122] Ctrl+V goes 0-1-2-3-0 and says so; a print of level 2 is hidden at 1 and shown at 2", async () => {
  const { terminal, filter, ctrl, rows, calls } = setUp();
  const printer = createPrinter({
    clock: createVirtualClock(),
    filter,
    log: () => {},
    show: (line) => terminal.show(line),
  });
  const press = (text: string) => {
    ctrl("v");
    printer.print(2, "a:test:sys" as ProcessId, text);
  };
  for (const text of ["at 1", "at 2", "at 3", "at 0"]) press(text);
  expect(calls).toEqual(["level 1", "level 2", "level 3", "level 0"]);
  expect((await rows()).map((row) => row.replace(/^\w{3} \d\d:\d\d /, ""))).toEqual([
    "verbose mode: debug",
    "verbose mode: super-debug",
    "at 2",
    "verbose mode: full event loop",
    "at 3",
    "verbose mode: off",
    "alice >",
  ]);
});

test("Ctrl+V, J, S, L and C do what they say", async () => {
  const { ctrl, rows, calls } = setUp();
  ctrl("v");
  ctrl("j");
  ctrl("s");
  ctrl("l");
  ctrl("c");
  expect(calls).toEqual(["level 1", "step", "quit c"]);
  expect((await rows()).slice(0, -1)).toEqual([
    "verbose mode: debug",
    "debug mode on: use CTRL+S to step through events",
    "logging mode: off",
  ]);
});

test("[M126] in the process verbosity screen 256 prints are held and replayed after the count of dropped ones", async () => {
  const { terminal, type, press, ctrl, rows, filter, calls } = setUp();
  type("unfinished");
  ctrl("w");
  for (let i = 0; i < MAX_HELD_LINES + 10; i += 1) terminal.show(`line ${i}`);
  expect((await rows()).join("\n")).not.toContain("line");
  ctrl("v");
  type("a:test:sys mute");
  press("return");
  type("nonsense");
  press("return");
  expect(filter.processes.get("a:test:sys" as ProcessId)).toBe("muted");
  expect(filter.level).toBe(0);
  expect((await rows()).at(-1)).toBe("> nonsense");
  ctrl("w");
  const after = await rows();
  expect(after[0]).toBe("Dropped 10 prints while on alternate screen");
  expect(after.slice(1, 3)).toEqual(["line 10", "line 11"]);
  expect(after.slice(-2)).toEqual([`line ${MAX_HELD_LINES + 9}`, "alice > unfinished"]);
  expect(calls).toEqual(["level 0"]);
});

test("pasted text loses its control characters and what has no glyph", async () => {
  const { terminal, press, rows, calls } = setUp();
  terminal.paste("one\r\ntwo\u001b[2J\u202e\u200b\u0007");
  expect(await rows()).toEqual(["alice > onetwo[2J"]);
  press("return");
  expect(calls).toEqual(["line onetwo[2J"]);
  terminal.paste("x".repeat(70_000));
  expect((await rows()).at(-1)).toBe("alice >");
});

/** Completes the last word among `words`. */
const among =
  (...words: readonly (string | Completion)[]): NonNullable<TerminalHandlers["complete"]> =>
  ({ line, cursor }) => {
    const from = line.lastIndexOf(" ", cursor - 1) + 1;
    const completions = words
      .map((word) => (typeof word === "string" ? { text: word } : word))
      .filter(({ text }) => text.startsWith(line.slice(from, cursor)));
    return Promise.resolve(new TextEncoder().encode(JSON.stringify({ from, completions })));
  };
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("Tab inserts what all completions begin with; once more lists them; a single one is inserted whole", async () => {
  const { type, press, rows } = setUp(60, new History(), {
    complete: among("help", "hello", "/app:pkg/", "\u001b]0;owned\u0007"),
  });
  const tab = async () => (press("tab"), await turn(), await rows());
  type("h");
  expect((await tab()).at(-1)).toBe("alice > hel");
  expect(await tab()).toEqual(["help   hello", "alice > hel"]);
  type("l");
  expect((await tab()).at(-1)).toBe("alice > hello");
  type("/a");
  expect((await tab()).at(-1)).toBe("alice > hello /app:pkg/");
  type("zz");
  expect((await tab()).at(-1)).toBe("alice > hello /app:pkg/zz");
});

test("Tab completes the word before the cursor and leaves what follows", async () => {
  const { type, press, rows } = setUp(60, new History(), { complete: among("kill", "kfetch") });
  type("ki x");
  press("left");
  press("left");
  press("tab");
  await turn();
  expect((await rows()).at(-1)).toBe("alice > kill x");
});

test("what is typed before the completion is there goes into the line as it is then, and Enter runs that", async () => {
  const { type, press, terminal, rows, calls } = setUp(60, new History(), {
    complete: among("kill", "/app:pkg/"),
  });
  type("ki");
  press("tab");
  type("/a");
  press("tab");
  terminal.paste("da");
  press("return");
  expect(calls).toEqual([]);
  await turn();
  await turn();
  expect(calls).toEqual(["line kill /app:pkg/da"]);
  expect((await rows()).at(-1)).toBe("alice >");
});

test("a line that is given up while a completion is looked for stays empty", async () => {
  const late = Promise.withResolvers<Uint8Array | undefined>();
  const { type, press, terminal, rows } = setUp(60, new History(), {
    complete: () => late.promise,
  });
  type("ki");
  press("tab");
  type("x");
  terminal.discard();
  late.resolve(await among("kill")({ line: "ki", cursor: 2 }));
  await turn();
  expect((await rows()).at(-1)).toBe("alice >");
});

test("a list of completions has hints, fits the window and says how many are left out", async () => {
  const many = Array.from({ length: 50 }, (_, i) => ({
    text: `word${i}`,
    hint: "explains \u001b[2Jit",
  }));
  const { type, press, rows } = setUp(30, new History(), { complete: among(...many) });
  type("word");
  press("tab");
  await turn();
  press("tab");
  await turn();
  const shown = await rows();
  expect(shown[0]).toBe("word0   explains it");
  expect(shown.slice(-2)).toEqual(["… and 41 more: type more of t", "alice > word"]);
});

test("Ctrl+C interrupts the command that runs; when none does, or on a second one, it quits; Ctrl+D quits", async () => {
  let isRunning = true;
  const { ctrl, calls } = setUp(60, new History(), {
    interrupt: () => Promise.resolve(isRunning),
  });
  ctrl("c");
  await turn();
  expect(calls).toEqual([]);
  ctrl("d");
  expect(calls).toEqual(["quit d"]);
  isRunning = false;
  ctrl("c");
  await turn();
  expect(calls).toEqual(["quit d", "quit c"]);
  const stuck = setUp(60, new History(), { interrupt: () => new Promise(() => {}) });
  stuck.ctrl("c");
  expect(stuck.calls).toEqual([]);
  stuck.ctrl("c");
  expect(stuck.calls).toEqual(["quit c"]);
});

test("a search keeps the line it shows while another terminal adds to the history", () => {
  const history = new History(["rm one", "ls"]);
  const { type, press, ctrl, calls } = setUp(60, history);
  ctrl("r");
  type("rm");
  history.add("rm everything");
  press("return");
  expect(calls).toEqual(["line rm one"]);
});

test("a screen that does not read gets a count in place of the lines", async () => {
  const { terminal, fill, rows } = setUp();
  fill(true);
  for (let i = 0; i < 5; i += 1) terminal.show(`line ${i}`);
  fill(false);
  terminal.drained();
  expect(await rows()).toEqual([
    "5 lines are not shown: this screen did not read them in time".slice(0, 60),
    "; the log has them",
    "alice >",
  ]);
});
