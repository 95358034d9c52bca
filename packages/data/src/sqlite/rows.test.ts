import { expect, test } from "bun:test";
import { VALUE } from "./parameters.ts";
import { manyRowsToJson, rowsToJson } from "./rows.ts";

const encoder = new TextEncoder();
const u32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];

/** An answer of the engine with one row. */
function replyOf(columns: readonly (readonly [name: string, value: string | Uint8Array])[]) {
  const parts: Uint8Array[] = [Uint8Array.of(0, ...u32(columns.length))];
  for (const [name] of columns) {
    const bytes = encoder.encode(name);
    parts.push(Uint8Array.from(u32(bytes.length)), bytes);
  }
  for (const [, value] of columns) {
    const bytes = typeof value === "string" ? encoder.encode(value) : value;
    const tag = typeof value === "string" ? VALUE.text : VALUE.blob;
    parts.push(Uint8Array.of(tag, ...u32(bytes.length)), bytes);
  }
  return new Uint8Array(Buffer.concat(parts));
}

const parse = (json: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(json));

test("large values are made into JSON in small steps, and are the same", async () => {
  for (const unit of ["a", "é", "€", "😀", '"', "\\", "\u0000", "\n"]) {
    const text = `${"x".repeat(unit.length % 3)}${unit.repeat(200_000)}`;
    const blob = encoder.encode(text).subarray(1);
    const reply = replyOf([
      ["a", text],
      ["b", blob],
      ["c", "small"],
      ["a", `${text}!`],
    ]);
    const wanted = [{ a: `${text}!`, b: Buffer.from(blob).toString("base64"), c: "small" }];
    let steps = 0;
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const json = await manyRowsToJson(reply, () => void steps++);
    expect(Bun.deepEquals(parse(json), wanted)).toBe(true);
    expect(rowsToJson(reply)).toEqual(json);
    expect(steps).toBeGreaterThan(reply.length / 70_000);
  }
});

test("many values of a middling size are made in small steps, too, in one row or in many", async () => {
  const text = "\u0001".repeat(40_000);
  const columns = Array.from({ length: 100 }, (_, index) => [`c${index}`, text] as const);
  const reply = replyOf(columns);
  let steps = 0;
  const json = await manyRowsToJson(reply, () => void steps++);
  expect(steps).toBeGreaterThan(90);
  expect(Bun.deepEquals(parse(json), [Object.fromEntries(columns)])).toBe(true);
});

test("a large text that is not UTF-8 is an error, wherever, also one that a later column replaces", async () => {
  const bytes = new Uint8Array(300_000).fill(0x61);
  for (const place of [0, 48 * 1024 - 1, 48 * 1024, 299_999]) {
    const bad = bytes.slice();
    bad[place] = 0xc3;
    const reply = replyOf([
      ["a", bad],
      ["a", "fine"],
    ]);
    // It was made as a blob.
    reply[1 + 4 + 2 * (4 + 1)] = VALUE.text;
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await expect(manyRowsToJson(reply, () => undefined)).rejects.toThrow("not valid UTF-8");
  }
});
