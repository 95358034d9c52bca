import { expect, test } from "bun:test";
import { createVirtualClock } from "@kinode-ts/testing";
import type { ProcessId } from "@kinode-ts/types";
import { createPrinter } from "./printer.ts";
import { parseLevelCommand, parseProcessVerbosity, PrintFilter } from "./print-filter.ts";

const A = "a:test:sys" as ProcessId;
const B = "b:test:sys" as ProcessId;

function setUp(filter: PrintFilter) {
  const log: string[] = [];
  const screen: string[] = [];
  const printer = createPrinter({
    clock: createVirtualClock(),
    filter,
    log: (text) => log.push(text),
    show: (line) => screen.push(line.text),
  });
  return { log, screen, printer };
}

test("level 0 is shown, level 1 is hidden at verbosity 0 but in the log", () => {
  const { log, screen, printer } = setUp(new PrintFilter());
  printer.print(0, A, "test:sys: x");
  printer.print(1, A, "test:sys: y");
  expect(screen).toEqual(["test:sys: x"]);
  expect(log).toEqual(["test:sys: x", "test:sys: y"]);
});

test("[K96] [M123] a process's own level overrides the global one, muted hides level 0 too, removal restores", () => {
  const filter = new PrintFilter(0);
  const { log, screen, printer } = setUp(filter);
  filter.set(A, 2);
  printer.print(2, A, "a2");
  printer.print(1, B, "b1");
  filter.set(A, "muted");
  printer.print(0, A, "a0");
  filter.cycle();
  filter.set(B, 0);
  printer.print(1, B, "b1 again");
  filter.set(A, undefined);
  printer.print(1, A, "a1");
  expect(screen).toEqual(["a2", "a1"]);
  expect(log).toHaveLength(5);
});

test("[M122] verbosity goes 0-1-2-3-0; a print of level 2 is hidden at 1 and shown at 2", () => {
  const filter = new PrintFilter();
  const { screen, printer } = setUp(filter);
  expect(filter.cycle()).toBe(1);
  printer.print(2, A, "hidden");
  expect(filter.cycle()).toBe(2);
  printer.print(2, A, "shown");
  expect([filter.cycle(), filter.cycle()]).toEqual([3, 0]);
  expect(screen).toEqual(["shown"]);
});

test("a verbosity above 3 is brought into range", () => {
  expect(new PrintFilter(200).cycle()).toBe(0);
});

test("the flag's JSON and the screen's lines are read, and refused with the reason", () => {
  const levels = parseProcessVerbosity('{"a:test:sys":{"U8":3},"b:test:sys":"Muted"}');
  expect([...levels]).toEqual([
    [A, 3],
    [B, "muted"],
  ]);
  for (const [text, reason] of [
    ["{", "not JSON"],
    ["[]", "not an object"],
    ['{"a":{"U8":1}}', '"a" is not a process id'],
    ['{"a:test:sys":{"U8":256}}', '"a:test:sys" is neither'],
    ['{"a:test:sys":"muted"}', "neither"],
  ] as const) {
    expect(() => parseProcessVerbosity(text)).toThrow(reason);
  }
  expect(parseLevelCommand("a:test:sys 3")).toEqual({ process: A, level: 3 });
  expect(parseLevelCommand("a:test:sys mute")).toEqual({ process: A, level: "muted" });
  expect(parseLevelCommand("a:test:sys")).toEqual({ process: A, level: undefined });
  for (const line of ["", "a", "a:test:sys 256", "a:test:sys 1 2", "a:test:sys -1"]) {
    expect(parseLevelCommand(line)).toBeUndefined();
  }
});
