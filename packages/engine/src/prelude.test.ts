/** The engine's own globals against those of the realm the tests run in. */
import { expect, test } from "bun:test";
import { createSeededRandom } from "@kinode-ts/testing";
import { runScript, sandbox } from "../test/run-script.ts";

async function evaluate(expression: string): Promise<unknown> {
  const { host, ending } = await runScript(
    sandbox,
    `kinode.main(() => console.log(JSON.stringify(${expression})))`,
  );
  expect(ending).toEqual({ kind: "returned" });
  return JSON.parse(host.prints[0]!.slice(2));
}

test("TextDecoder decodes any bytes as the standard says", async () => {
  const random = createSeededRandom(7);
  const pieces = [
    0x41, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0xff, 0xed, 0xa0, 0xf4, 0x90, 0xc0,
  ];
  const inputs = Array.from({ length: 500 }, () =>
    Array.from(random.bytes(12), (byte, i) => (i % 3 === 0 ? byte : pieces[byte % pieces.length]!)),
  );
  const expected = inputs.map((bytes) => new TextDecoder().decode(new Uint8Array(bytes)));
  expect(
    await evaluate(
      `${JSON.stringify(inputs)}.map((b) => new TextDecoder().decode(new Uint8Array(b)))`,
    ),
  ).toEqual(expected);
});

test("TextDecoder in stream mode joins characters over pieces", async () => {
  const bytes = [...new TextEncoder().encode("\ufeffa€😀é")];
  const stream = `(() => { const d = new TextDecoder(); let s = ""; for (const b of ${JSON.stringify(bytes)}) s += d.decode(new Uint8Array([b]), { stream: true }); return s + d.decode(); })()`;
  expect(await evaluate(stream)).toBe("a€😀é");
});

test("TextEncoder writes whole characters and turns lone surrogates into U+FFFD", async () => {
  expect(await evaluate(`[...new TextEncoder().encode("é\\ud83d")]`)).toEqual([
    ...new TextEncoder().encode("é\ud83d"),
  ]);
  expect(await evaluate(`new TextEncoder().encodeInto("a€", new Uint8Array(3))`)).toEqual({
    read: 1,
    written: 1,
  });
});

test("structuredClone copies data with its cycles and refuses functions", async () => {
  const expression = `(() => {
    const a = { date: new Date(5), set: new Set([1]), bytes: new Uint16Array([1, 2]), error: new RangeError("r") };
    a.self = a;
    const b = structuredClone(a);
    let refused = "";
    try { structuredClone(() => 1) } catch (e) { refused = e.name }
    return [b !== a, b.self === b, b.date.getTime(), b.set.has(1), [...b.bytes], b.error instanceof RangeError, refused];
  })()`;
  expect(await evaluate(expression)).toEqual([true, true, 5, true, [1, 2], true, "DataCloneError"]);
});

test("two processes draw different random numbers though they start from one saved memory", async () => {
  const draws = await Promise.all([evaluate("Math.random()"), evaluate("Math.random()")]);
  expect(draws[0]).not.toBe(draws[1]);
});
