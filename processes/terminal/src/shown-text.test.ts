/** Foreign texts in lines of commands. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_ROW_LENGTH, oneRow } from "./shown-text.ts";

test("a text of somebody else stays one row, in its own order, and is recognized", () => {
  expect(oneRow("near.os")).toBe("near.os");
  expect(oneRow("a\nb\r\tc\u0000")).toBe("a\\x0ab\\x0d\\x09c\\x00");
  expect(oneRow("\u001b[2J\u009b2J\u007f")).toBe("\\x1b[2J\\x9b2J\\x7f");
  expect(oneRow("\u202egnp.exe\u2028\u2066")).toBe("\\u{202e}gnp.exe\\u{2028}\\u{2066}");
  expect(oneRow("ö 中文 \u{1f469}\u200d\u{1f680}")).toBe("ö 中文 \u{1f469}\u200d\u{1f680}");
  expect(oneRow("x".repeat(1_000_000), MAX_ROW_LENGTH)).toHaveLength(MAX_ROW_LENGTH + 1);
});

test("nothing that breaks or turns a row is left, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(oneRow(text)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
    }),
  );
});
