import { expect, test } from "bun:test";
import headless from "@xterm/headless";
import { History } from "./history.ts";
import { MAX_HELD_LINES, Terminal } from "./terminal.ts";
import { PrintFilter } from "./print-filter.ts";
import type { ProcessId } from "@kinode-ts/types";

function setUp(columns = 60, history = new History()) {
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
  const terminal = new Terminal({
    node: "alice",
    screen: {
      write: (text) => console.write(text),
      columns: () => columns,
      width: (text) => Bun.stringWidth(text),
    },
    filter,
    history,
    handlers: {
      line: (text) => calls.push(`line ${text}`),
      quit: () => calls.push("quit"),
      levelsChanged: () => calls.push(`level ${filter.level}`),
      toggleStepThrough: () => (isStepping = !isStepping),
      step: () => calls.push("step"),
      toggleLogging: () => (isLogging = !isLogging),
      complete: (text) => ["help", "hello"].filter((word) => word.startsWith(text)),
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
  return { terminal, calls, filter, history, type, press, ctrl, rows, cursor };
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

test("Ctrl+V, J, S, L and C do what they say", async () => {
  const { ctrl, press, rows, calls } = setUp();
  ctrl("v");
  press("enter");
  ctrl("s");
  ctrl("l");
  ctrl("c");
  expect(calls).toEqual(["level 1", "step", "quit"]);
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

test("pasted text loses its control characters, and Tab completes", async () => {
  const { terminal, type, press, rows, calls } = setUp();
  terminal.paste("one\r\ntwo\u001b[2J");
  expect(await rows()).toEqual(["alice > onetwo[2J"]);
  press("return");
  expect(calls).toEqual(["line onetwo[2J"]);
  type("hel");
  press("tab");
  expect((await rows()).slice(-2)).toEqual(["help  hello", "alice > hel"]);
  type("l");
  press("tab");
  expect((await rows()).at(-1)).toBe("alice > hello");
});
