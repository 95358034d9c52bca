/**
 * What a process prints, seen with the eyes of an emulator: whatever the text, the cells of everything else stay as they
 * would have been, and every row that the process brought about says that it is its own.
 * A failing case prints its seed; `fc.assert(…, { seed })` repeats it.
 */
import { expect, test } from "bun:test";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import headless from "@xterm/headless";
import fc from "fast-check";
import { createVirtualClock } from "@kinode-ts/testing";
import type { ProcessId } from "@kinode-ts/types";
import { History } from "./history.ts";
import { createPrinter } from "./printer.ts";
import { PrintFilter } from "./print-filter.ts";
import { sanitizeText, stripStyles } from "./sanitize.ts";
import { Terminal } from "./terminal.ts";

const EVIL = "evil:evil:sys" as ProcessId;
const BANK = "bank:bank:sys" as ProcessId;
const ROWS = 100;

type Emulator = InstanceType<typeof headless.Terminal>;

/** A console as they differ: `modern` knows the width of emoji. */
function openScreen(columns: number, modern: boolean) {
  const emulator = new headless.Terminal({
    cols: columns,
    rows: ROWS,
    allowProposedApi: true,
    scrollback: 5_000,
  });
  if (modern) {
    emulator.loadAddon(new Unicode11Addon() as never);
    emulator.unicode.activeVersion = "11";
  }
  const events: string[] = [];
  emulator.onTitleChange((title) => events.push(`title ${title}`));
  emulator.onBell(() => events.push("bell"));
  emulator.onData((answer) => events.push(`answers ${JSON.stringify(answer)}`));
  const clock = createVirtualClock();
  const terminal = new Terminal({
    node: "alice",
    screen: {
      write: (text) => emulator.write(text),
      columns: () => columns,
      rows: () => ROWS,
      width: (text) => Bun.stringWidth(text),
      color: true,
      isFull: () => false,
    },
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
  const printer = createPrinter({
    clock,
    filter: new PrintFilter(),
    log: () => {},
    show: (line) => terminal.show(line),
  });
  return { emulator, terminal, printer, events };
}

/** Text and look of each cell of the rows that hold something. */
function picture(emulator: Emulator): string[] {
  const { active } = emulator.buffer;
  const rows: string[] = [];
  for (let y = 0; y < active.length; y += 1) {
    const line = active.getLine(y)!;
    let row = line.isWrapped ? "WRAPPED " : "";
    for (let x = 0; x < emulator.cols; x += 1) {
      const cell = line.getCell(x)!;
      const look = [
        cell.getFgColorMode() === 0 ? "" : `f${cell.getFgColor()}`,
        cell.getBgColorMode() === 0 ? "" : `b${cell.getBgColor()}`,
        cell.isBold() ? "*" : "",
        cell.isInvisible() ? "hidden" : "",
        cell.isBlink() ? "blink" : "",
      ].join("");
      row += (cell.getChars() || (cell.getWidth() === 0 ? "" : " ")) + (look && `<${look}>`);
    }
    rows.push(row.trimEnd());
  }
  return rows.filter((row) => row !== "");
}
const plainOf = (rows: readonly string[]): string[] =>
  rows.map((row) => row.replace(/<[^<>]*>/g, ""));
const settled = (emulator: Emulator): Promise<void> =>
  new Promise((resolve) => emulator.write("", resolve));

/** Prints before and after the hostile text while the person is typing. */
async function draw(
  columns: number,
  modern: boolean,
  hostile: string | undefined,
  origin = "evil:sys",
) {
  const { emulator, terminal, printer, events } = openScreen(columns, modern);
  terminal.redraw();
  printer.print(0, BANK, "bank:sys: balance 7");
  for (const key of "m half") terminal.key({ name: undefined, ctrl: false, text: key });
  if (hostile !== undefined) {
    printer.print(0, `evil:${origin}` as ProcessId, `${origin}: ${hostile}`);
  }
  printer.print(0, BANK, "bank:sys: balance 8");
  await settled(emulator);
  const { cursorX, baseY, cursorY, type } = emulator.buffer.active;
  return { rows: picture(emulator), cursorX, cursorRow: baseY + cursorY, type, events, emulator };
}

const SEQUENCES = [
  "\u001b[2J",
  "\u001b[H",
  "\u001b[10A",
  "\u001b[1;1H",
  "\u001b[?1049h",
  "\u001b[?7h",
  "\u001b[?25l",
  "\u001b[3J",
  "\u001b[L",
  "\u001b[5S",
  "\u001b[2;3r",
  "\u001bM",
  "\u001bc",
  "\u001b7",
  "\u001b8",
  "\u001b(0",
  "\u001b#8",
  "\u001b]0;owned\u0007",
  "\u001b]8;;http://x\u001b\\",
  "\u001b]52;c;aGk=\u0007",
  "\u001bP+q544e\u001b\\",
  "\u001b[6n",
  "\u001b[c",
  "\u001b[41m",
  "\u001b[8m",
  "\u001b[5m",
  "\u001b[38;2;1;2;3m",
  "\u001b[31;1",
  "\u001b[38;5;300;1m",
  "\u009b2J",
  "\u009d0;t\u009c",
  "\u0007",
  "\u0008",
  "\r",
  "\u000b",
  "\u000c",
  "\u0085",
  "\u2028",
  "\u2029",
  "\u202e",
  "\u2066",
  "\u200b",
  "\ufeff",
  "\u00ad",
];
const LURES = [
  "\nSat 00:00 bank:sys: pay 100",
  "\r\nalice > kill",
  "Sat 00:00 bank:sys: pay",
  "\t",
  "漢字",
  "👨‍👩‍👧",
  "🏳️‍🌈",
  "☺️",
  "e\u0301\u0301\u0301",
  "\u0301",
  "\ud83d",
  "x".repeat(30),
  " ".repeat(40),
];
const hostileText = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...SEQUENCES) },
      { weight: 3, arbitrary: fc.constantFrom(...LURES) },
      { weight: 2, arbitrary: fc.string({ unit: "grapheme", maxLength: 8 }) },
      { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 8 }) },
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => parts.join(""));

const OWN_ROW = /^(?:\w{3} \d\d:\d\d evil:sys: |\w{3} \d\d:\d\d evil:sys:$| {2,9}evil:sys \|)/;

const MARK = /^(?:\w{3} \d\d:\d\d evil:sys:| {2,9}evil:sys \|)/;
/** What must not be lost on the way. */
const letters = (text: string): string => text.replace(/[^A-Za-z0-9]/g, "");

for (const modern of [true, false]) {
  test(`[M130] whatever a process prints, only its own rows differ (${modern ? "new" : "old"} widths)`, async () => {
    for (const columns of [40, 80]) {
      // oxlint-disable-next-line no-await-in-loop -- two widths, one after the other
      const calm = await draw(columns, modern, undefined);
      const [before, after, input] = calm.rows;
      // oxlint-disable-next-line no-await-in-loop -- as above
      await fc.assert(
        fc.asyncProperty(hostileText, async (text) => {
          const seen = await draw(columns, modern, text);
          expect(seen.rows[0]).toBe(before!);
          expect(seen.rows.slice(-2)).toEqual([after!, input!]);
          for (const row of seen.rows.slice(1, -2)) {
            expect(plainOf([row])[0]).toMatch(OWN_ROW);
            expect(row).not.toMatch(/WRAPPED|hidden|blink/);
          }
          const shown = plainOf(seen.rows.slice(1, -2)).map((row) => row.replace(MARK, ""));
          expect(letters(shown.join(""))).toBe(letters(stripStyles(sanitizeText(text))));
          expect([seen.cursorX, seen.type]).toEqual([calm.cursorX, "normal"]);
          // Below the last row, as without the text: neither up nor down.
          expect(seen.cursorRow).toBe(calm.cursorRow + seen.rows.length - 3);
          expect(seen.events).toEqual([]);
          seen.emulator.dispose();
        }),
        { numRuns: 80 },
      );
    }
  }, 120_000);
}

test("a package with a hostile name is quoted in every row of its own, and changes no other", async () => {
  const calm = await draw(80, true, undefined);
  await fc.assert(
    fc.asyncProperty(hostileText, async (name) => {
      fc.pre(!/^[a-z0-9-]+$/.test(name));
      const { rows, events, emulator } = await draw(80, true, "one\ntwo", `${name}:sys`);
      expect([rows[0]!, ...rows.slice(-2)]).toEqual(calm.rows);
      for (const row of plainOf(rows.slice(1, -2)))
        expect(row).toMatch(/^(?:\w{3} 00:00 | {2,9})"|^\| /);
      expect(events).toEqual([]);
      emulator.dispose();
    }),
    { numRuns: 50 },
  );
}, 120_000);

test("letters, tabs, styles and emoji of a well-meaning process are shown as they are", async () => {
  const text = "naïve\tcolumn \u001b[1;32mgreen\u001b[0m 漢字 ✓ €";
  const { rows } = await draw(80, true, text);
  expect(plainOf(rows)[1]!.slice(4)).toBe("00:00 evil:sys: naïve       column green 漢字 ✓ €");
  expect(rows[1]).toContain("g<f2*>r<f2*>e<f2*>e<f2*>n<f2*> ");
});

test("where the editor and the console disagree about widths, the cursor still stands behind what was typed", async () => {
  for (const modern of [true, false]) {
    for (const typed of ["👨‍👩‍👧", "☺️", "🇩🇪", "👍🏽", "1️⃣", "漢", "क्षि", "e\u0301", "ﷺ"]) {
      const { emulator, terminal } = openScreen(60, modern);
      terminal.key({ name: undefined, ctrl: false, text: typed });
      // oxlint-disable-next-line no-await-in-loop -- one screen after the other
      await settled(emulator);
      const atEnd = emulator.buffer.active.cursorX;
      terminal.key({ name: undefined, ctrl: false, text: "z" });
      terminal.key({ name: "left", ctrl: false, text: "" });
      // oxlint-disable-next-line no-await-in-loop -- as above
      await settled(emulator);
      const row = emulator.buffer.active.getLine(0)!;
      expect(emulator.buffer.active.cursorX).toBe(atEnd);
      expect(row.getCell(atEnd)!.getChars()).toBe("z");
    }
  }
});

test("a process that floods gets a bounded part of the screen, the others theirs, and a notice says how much was left out", async () => {
  const shown: string[] = [];
  const logged: string[] = [];
  const clock = createVirtualClock();
  const printer = createPrinter({
    clock,
    filter: new PrintFilter(),
    log: (text) => logged.push(text),
    show: (line) => shown.push(line.text),
  });
  for (let i = 0; i < 2_000; i += 1) printer.print(0, EVIL, `evil:sys: ${i}`);
  printer.print(0, EVIL, `evil:sys: ${"\n".repeat(5_000)}`);
  printer.print(0, BANK, "bank:sys: still here");
  expect(shown.filter((text) => text.startsWith("evil"))).toHaveLength(500);
  expect(shown.at(-1)).toBe("bank:sys: still here");
  expect(logged).toHaveLength(2_002);
  await clock.advance(1_000);
  expect(shown.at(-1)).toBe(
    "evil:sys printed 6501 lines more than a screen takes in a second; the log has them",
  );
  printer.print(0, EVIL, `evil:sys: ${"one\n".repeat(5_000)}`);
  expect(shown.at(-1)!.split("\n")).toHaveLength(500);
});
