import { expect, test } from "bun:test";
import headless from "@xterm/headless";
import { History } from "./history.ts";
import type { PrintedLine } from "./line-format.ts";
import { PrintFilter } from "./print-filter.ts";
import { RemoteScreen } from "./remote-screen.ts";
import { Screens } from "./screens.ts";
import { type Screen, Terminal } from "./terminal.ts";

const line = (text: string): PrintedLine => ({ timeMs: 0, verbosity: 0, origin: "a:sys", text });

function openTerminal(screen: Screen): Terminal {
  return new Terminal({
    node: "alice",
    screen,
    filter: new PrintFilter(),
    history: new History(),
    handlers: {
      line() {},
      quit() {},
      levelsChanged() {},
      toggleStepThrough: () => false,
      step() {},
      toggleLogging: () => false,
    },
  });
}

function openRemote(limits = { full: 1_000, cutOff: 5_000 }) {
  const sent: string[] = [];
  let isCutOff = false;
  const screen = new RemoteScreen(
    {
      send: (text) => sent.push(text),
      cutOff: () => (isCutOff = true),
      width: (text) => Bun.stringWidth(text),
    },
    limits,
  );
  return { screen, sent, terminal: openTerminal(screen), isCutOff: () => isCutOff };
}

test("the console's terminal takes lines over from the plain output and gives them back; others see all of them", () => {
  const plain: string[] = [];
  const screens = new Screens(({ text }) => plain.push(text));
  const console = openRemote();
  const browser = openRemote();
  screens.show(line("one"));
  const close = screens.attachConsole(console.terminal);
  screens.show(line("two"));
  const leave = screens.attach(browser.terminal);
  screens.show(line("three"));
  close();
  leave();
  screens.show(line("four"));
  expect(plain).toEqual(["one", "four"]);
  const seen = ({ sent }: typeof console) => /one|two|three|four/g[Symbol.match](sent.join(""));
  expect(seen(console)).toEqual(["two", "three"]);
  expect(seen(browser)).toEqual(["one", "two", "three"]);
});

test("a new terminal gets the newest 200 lines, and fewer when they are long", () => {
  const screens = new Screens(() => {});
  for (let i = 0; i < 300; i += 1) screens.show(line(`line-${i}.`));
  const first = openRemote({ full: 1e6, cutOff: 1e7 });
  screens.attach(first.terminal);
  expect(first.sent.join("").match(/line-\d+\./g)).toHaveLength(200);
  for (let i = 0; i < 5; i += 1) screens.show(line(`long-${i}.${"x".repeat(10_000)}`));
  const second = openRemote({ full: 1e6, cutOff: 1e7 });
  screens.attach(second.terminal);
  expect(second.sent.join("").match(/long-\d/g)).toEqual(["long-2", "long-3", "long-4"]);
});

test("a far screen that does not read has lines left out and a count in their place, and is cut off in the end", () => {
  const { screen, sent, terminal, isCutOff } = openRemote();
  for (let i = 0; i < 100; i += 1) terminal.show(line("x".repeat(50)));
  const unread = sent.join("").length;
  expect(unread).toBeLessThan(1_200);
  expect(screen.read(unread - 1_050)).toBe(false);
  expect(screen.read(1_050)).toBe(true);
  terminal.drained();
  expect(sent.at(-1)).toContain("lines are not shown: this screen did not read them in time");
  expect(isCutOff()).toBe(false);
  for (let i = 0; i < 1_000; i += 1) terminal.key({ name: undefined, ctrl: false, text: "x" });
  expect(isCutOff()).toBe(true);
  expect(sent.join("").length).toBeLessThan(1_200 + 5_000);
});

test("sizes that no window has are brought into range", () => {
  const { screen } = openRemote();
  for (const [wanted, got] of [
    [0, 1],
    [-5, 1],
    [80.7, 80],
    [1e9, 1_000],
    [Number.NaN, 1],
  ] as const) {
    screen.resize(wanted, wanted);
    expect([screen.columns(), screen.rows()]).toEqual([got, got]);
  }
});

test("after each change of the window the input line is there once, with the cursor behind it, and lines fit", async () => {
  const emulator = new headless.Terminal({ cols: 80, rows: 20, allowProposedApi: true });
  const terminal = openTerminal({
    write: (text) => emulator.write(text),
    columns: () => emulator.cols,
    rows: () => emulator.rows,
    width: (text) => Bun.stringWidth(text),
    color: true,
    isFull: () => false,
  });
  terminal.redraw();
  for (const text of "typed before") terminal.key({ name: undefined, ctrl: false, text });
  for (const columns of [40, 120, 21, 10, 80]) {
    // The console tells of the change after it has made it.
    // oxlint-disable-next-line no-await-in-loop -- one size after the other
    await new Promise<void>((resolve) => emulator.write("", resolve));
    emulator.resize(columns, 20);
    terminal.redraw();
    terminal.show(line(`a:sys: ${"word ".repeat(12)}`));
    // oxlint-disable-next-line no-await-in-loop -- as above
    await new Promise<void>((resolve) => emulator.write("", resolve));
    const { active } = emulator.buffer;
    const row = (y: number) => active.getLine(active.baseY + y)!.translateToString(true);
    const input = row(active.cursorY);
    expect("alice > typed before").toEndWith(input.slice(Math.min(8, columns - 2)).trimEnd());
    expect(active.cursorX).toBe(input.trimEnd().length);
    expect(active.getLine(active.baseY + active.cursorY)!.isWrapped).toBe(false);
  }
});
