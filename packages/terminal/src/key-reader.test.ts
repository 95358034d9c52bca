import { expect, test } from "bun:test";
import fc from "fast-check";
import { KeyReader, MAX_PASTE_LENGTH } from "./key-reader.ts";

function setUp() {
  const seen: string[] = [];
  const reader = new KeyReader({
    key: ({ name, ctrl, text }) => seen.push(`${ctrl ? "^" : ""}${name ?? ""}${text}`),
    paste: (text) => seen.push(`paste ${text}`),
  });
  return { reader, seen };
}
const keysOf = (...chunks: readonly string[]): string[] => {
  const { reader, seen } = setUp();
  for (const chunk of chunks) reader.read(chunk);
  return seen;
};

test("keys of consoles: cursor keys in both modes, numbered keys, controls, text", () => {
  expect(keysOf("\u001b[A\u001bOB\u001b[C\u001b[1;5D")).toEqual(["up", "down", "right", "left"]);
  expect(keysOf("\u001b[H\u001b[4~\u001b[3~\u001b[7~\u001b[8~")).toEqual([
    "home",
    "end",
    "delete",
    "home",
    "end",
  ]);
  expect(keysOf("\u0003\u0012\u0017\r\t\u007f\b")).toEqual([
    "^c",
    "^r",
    "^w",
    "return",
    "tab",
    "backspace",
    "backspace",
  ]);
  expect(keysOf("añ👨‍👩‍👧")).toEqual(["añ👨‍👩‍👧"]);
  // Function keys and what came with Alt mean nothing here, and type nothing.
  expect(keysOf("\u001b[[Ax\u001b[15~\u001bOP\u001bf\u001b[?1;2c")).toEqual(["x"]);
});

test("a line feed alone is Ctrl+J; among other text it is Enter that was typed ahead", () => {
  expect(keysOf("\n")).toEqual(["^j"]);
  expect(keysOf("ls\n")).toEqual(["ls", "return"]);
});

test("the Escape key types nothing and swallows nothing", () => {
  expect(keysOf("\u001b", "a")).toEqual(["a"]);
  expect(keysOf("\u001b", "[A")).toEqual(["up"]);
  expect(keysOf("\u001b\u0003")).toEqual(["^c"]);
});

test("a pasted text is one piece with everything in it; a long one is cut", () => {
  expect(keysOf("\u001b[200~a\r\nb\u001b[Ac\u0003\u001b[201~x")).toEqual([
    "paste a\r\nb\u001b[Ac\u0003",
    "x",
  ]);
  const long = keysOf(`\u001b[200~${"x".repeat(2 * MAX_PASTE_LENGTH)}`, "\u001b[201~");
  expect(long[0]).toHaveLength("paste ".length + MAX_PASTE_LENGTH);
});

test("the same keys come out however the input is cut", () => {
  const piece = fc.constantFrom(
    "\u001b[A",
    "\u001bOB",
    "\u001b[3~",
    "\u0003",
    "\r",
    "ab",
    "\u001b[200~one\u001b[20two\u001b[201~",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.array(fc.nat(60)), (pieces, cuts) => {
      const text = pieces.join("");
      const places = [...new Set(cuts.filter((at) => at < text.length))].toSorted((a, b) => a - b);
      const chunks: string[] = [];
      let from = 0;
      for (const at of [...places, text.length]) {
        if (at > from) chunks.push(text.slice(from, at));
        from = at;
      }
      // Text is typed as it arrives: only its characters count.
      expect(keysOf(...chunks).join("")).toBe(keysOf(text).join(""));
    }),
    { numRuns: 500 },
  );
});

test("any input at all ends, and leaves the reader able to read the next key", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "binary", maxLength: 20 }), { maxLength: 5 }),
      (chunks) => {
        const { reader, seen } = setUp();
        for (const chunk of chunks) reader.read(chunk);
        reader.read(`${"x".repeat(40)}\u001b[201~`);
        reader.read("\u0003");
        expect(seen.at(-1)).toBe("^c");
      },
    ),
    { numRuns: 500 },
  );
});
