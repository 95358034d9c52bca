import { expect, test } from "bun:test";
import type { ProcessId } from "@kinode-ts/types";
import { createRecordingPrinter } from "./recording-printer.ts";

const source = "p:test:sys" as ProcessId;

test("lines are kept with verbosity and source", () => {
  const printer = createRecordingPrinter();
  printer.print(0, source, "shown");
  printer.print(2, source, "detail");
  expect(printer.lines).toEqual([
    { verbosity: 0, source, text: "shown" },
    { verbosity: 2, source, text: "detail" },
  ]);
  expect(printer.texts(0)).toEqual(["shown"]);
  printer.clear();
  expect(printer.lines).toEqual([]);
});

test("waitFor() finds lines already printed and lines to come", async () => {
  const printer = createRecordingPrinter();
  printer.print(0, source, "past");
  expect((await printer.waitFor((line) => line.text === "past")).text).toBe("past");
  const coming = printer.waitFor((line) => line.verbosity === 1);
  printer.print(0, source, "no");
  printer.print(1, source, "yes");
  expect((await coming).text).toBe("yes");
});
