import { expect, test } from "bun:test";
import fc from "fast-check";
import { isModestJson } from "./modest-json.ts";

const modest = (text: string): boolean => isModestJson(new TextEncoder().encode(text));

/** Of this program: a busy machine does not count. */
const processorMs = (): number => process.cpuUsage().user / 1_000;

test("many values are refused before they are parsed, large ones are not", () => {
  expect(modest(`[${"1,".repeat(99_000)}1]`)).toBe(true);
  expect(modest(`[${"1,".repeat(101_000)}1]`)).toBe(false);
  expect(modest("[".repeat(200_000))).toBe(false);
  expect(modest(`{"a":${"[{".repeat(100_000)}`)).toBe(false);
  expect(modest(JSON.stringify("[,{".repeat(1_000_000)))).toBe(true);
});

test("names count for more than values: parsers take longer for them", () => {
  const names = (count: number): string =>
    `{${Array.from({ length: count }, (_, index) => `"name${index}":"a:b"`).join()}}`;
  expect(modest(names(16_000))).toBe(true);
  expect(modest(names(17_000))).toBe(false);
});

test("quotes and backslashes in strings do not end them", () => {
  const filler = JSON.stringify("x".repeat(70_000));
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom("\\", '"', ",", "[", "a") })),
      (texts) => {
        const many = `[${filler},${texts.map((text) => `${JSON.stringify(text.repeat(3_000))},`).join("")}0]`;
        expect(modest(many)).toBe(true);
      },
    ),
    { seed: 1, numRuns: 50 },
  );
});

test("text of a few megabytes is looked at within a moment, whatever is in it", () => {
  for (const part of ['\\"', "\\\\", '","', "a", '"']) {
    const json = new TextEncoder().encode(`["${part.repeat(2_000_000)}"]`);
    const startedMs = processorMs();
    isModestJson(json);
    expect(processorMs() - startedMs).toBeLessThan(1_000);
  }
});
