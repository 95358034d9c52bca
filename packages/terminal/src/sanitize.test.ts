import { expect, test } from "bun:test";
import { formatLogLine, formatScreenLine } from "./line-format.ts";
import { sanitizeLines, sanitizeText } from "./sanitize.ts";

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
    expect(formatScreenLine(0, 0, `a${sequence}`, { color: true })).toMatch(/^\w{3} \d\d:\d\d a$/);
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
});

test("a screen line has weekday, time and the colour of its verbosity", () => {
  const time = /^(Sun|Mon|Tue|Wed|Thu|Fri|Sat) \d\d:\d\d /;
  const colors = [0, 1, 2, 3, 9].map((level) => formatScreenLine(0, level, "x", { color: true }));
  for (const line of colors) expect(line).toMatch(time);
  expect(colors.map((line) => line.replace(time, ""))).toEqual([
    "x",
    "\u001b[32mx\u001b[0m",
    "\u001b[35mx\u001b[0m",
    "\u001b[31mx\u001b[0m",
    "\u001b[31mx\u001b[0m",
  ]);
});
