import { expect, test } from "bun:test";
import { formatLogLine, formatRows } from "./line-format.ts";
import { sanitizeLines, sanitizeOrigin, sanitizeText, sanitizeWords } from "./sanitize.ts";

const LOOK = { columns: 200, width: (text: string) => Bun.stringWidth(text), color: true };
const rowsOf = (text: string, verbosity = 0) =>
  formatRows({ timeMs: 0, verbosity, origin: "a:sys", text: sanitizeText(text) }, LOOK);

test("[M130] cursor, title, clear-screen and other non-style sequences of a print do not reach the console", () => {
  const hostile = [
    "\u001b[2J",
    "\u001b[H",
    "\u001b[10;20H",
    "\u001b[?1049h",
    "\u001b]0;owned\u0007",
    "\u001b]8;;http://x\u001b\\",
    "\u001bP1$r\u001b\\",
    "\u001bc",
    "\u001b7",
    "\u009b2J",
    "\u009d0;t\u009c",
    "\u001b(0",
    "\r",
    "\u0008",
    "\u0007",
    "\u007f",
    "\u001b[5n",
    "\u001b",
    "\u001b[",
    "\u202e",
  ];
  for (const sequence of hostile) {
    expect(sanitizeText(`a${sequence}`)).toBe("a");
    expect(rowsOf(`a${sequence}`)[0]).toMatch(/^\w{3} \d\d:\d\d a$/);
  }
  expect(sanitizeText("\u001b[1mbold\u001b[0m\ttab\nline")).toBe(
    "\u001b[1mbold\u001b[0m\ttab\nline",
  );
});

test("any sequence of control and printable characters leaves no control but newline, tab and styles", () => {
  let seed = 12345;
  const next = (bound: number) => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff;
    return seed % bound;
  };
  for (let round = 0; round < 2_000; round += 1) {
    const codes = Array.from(
      { length: 12 },
      () => [27, 91, 93, 109, 72, 48, 59, 7, 155, 157, next(160)][next(11)]!,
    );
    const safe = sanitizeText(String.fromCharCode(...codes));
    expect(safe.replace(/\u001b\[[0-9;:]*m/g, "")).not.toMatch(
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/,
    );
  }
});

test("a line break in a text cannot pass for a line of its own, on the screen or in the log", () => {
  expect(sanitizeLines("a\nSat 10:00 forged")).toBe("a\n  | Sat 10:00 forged");
  const lines = formatLogLine(0, "a\n[Sat, 1 Jan 2000] forged").trimEnd().split("\n");
  expect(lines[1]!.startsWith("  | ")).toBe(true);
  expect(formatLogLine(0, "a:sys: a\nb", "a:sys").split("\n")[1]).toBe("  a:sys | b");
  expect(rowsOf("a:sys: a\nSat 10:00 b:sys: forged")[1]).toBe(
    "         a:sys | Sat 10:00 b:sys: forged",
  );
});

test("a screen line has weekday, time and the colour of its verbosity", () => {
  const time = /^(Sun|Mon|Tue|Wed|Thu|Fri|Sat) \d\d:\d\d /;
  const colors = [0, 1, 2, 3, 9].map((level) => rowsOf("x", level)[0]!);
  for (const line of colors) expect(line).toMatch(time);
  expect(colors.map((line) => line.replace(time, ""))).toEqual([
    "x",
    "\u001b[32mx\u001b[0m",
    "\u001b[35mx\u001b[0m",
    "\u001b[31mx\u001b[0m",
    "\u001b[31mx\u001b[0m",
  ]);
});

test("a text longer than the window cannot pass for a line of its own where it goes on", () => {
  const look = { ...LOOK, columns: 40 };
  const text = `a:sys: ${"x".repeat(22)}Sat 10:00 bank:sys: pay`;
  const rows = formatRows({ timeMs: 0, verbosity: 0, origin: "a:sys", text }, look);
  expect(rows.slice(1)).toEqual(["  a:sys | Sat 10:00 bank:sys: pay"]);
  for (const row of rows) expect(Bun.stringWidth(row)).toBeLessThan(40);
});

test("characters without a glyph are removed, those that shape emoji and letters stay", () => {
  const hidden = [
    "\u200b",
    "\u200e",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\u3164",
    "\u{e0041}",
    "\u2066",
    "\u061c",
  ];
  for (const character of hidden) expect(sanitizeText(`pay${character}pal`)).toBe("paypal");
  expect(sanitizeText("a\u200db\u200cc\ufe0f")).toBe("abc");
  expect(sanitizeText(`e${"\u0301".repeat(50)}`)).toBe(`e${"\u0301".repeat(8)}`);
  expect(sanitizeText("a\u2028b")).toBe("a\nb");
  for (const text of ["👨‍👩‍👧", "❤️", "👍🏽", "🏳️‍🌈", "می‌خواهم", "क्‍ष", "1️⃣"]) {
    expect(sanitizeText(text)).toBe(text);
  }
});

test("styles: hidden and blinking text is shown, text in the colour of its ground too, and each row ends its own", () => {
  expect(rowsOf("\u001b[8mx\u001b[5my")[0]).toEndWith(" xy");
  expect(rowsOf("\u001b[31;41mx")[0]).toEndWith(" \u001b[31mx\u001b[0m");
  expect(rowsOf("\u001b[38;5;7;48;5;7mx")[0]).toEndWith(" \u001b[38;5;7mx\u001b[0m");
  expect(rowsOf("\u001b[1;32mone\ntwo")).toEqual([
    expect.stringMatching(/ \u001b\[1;32mone\u001b\[0m$/),
    "         a:sys | \u001b[1;32mtwo\u001b[0m",
  ]);
  // What a style ends goes back to the colour of the level.
  expect(rowsOf("a\u001b[34mb\u001b[0mc", 1)[0]).toEndWith(
    " \u001b[32ma\u001b[0m\u001b[34mb\u001b[0m\u001b[32mc\u001b[0m",
  );
});

test("names with unusual characters are quoted where they say whose line it is", () => {
  expect(sanitizeOrigin("chat:alice.os")).toBe("chat:alice.os");
  expect(sanitizeOrigin("a\n\u001b[2J: Sat 10:00 bank:sys")).toBe('"a : Sat 10:00 bank:sys"');
  expect(sanitizeOrigin(`${"x".repeat(100)}:y`)).toBe(`"${"x".repeat(64)}…"`);
  expect(sanitizeWords("a\tb\n\u001b[1mc")).toBe("a b c");
});
