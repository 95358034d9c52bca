import { expect, test } from "bun:test";
import { assertNever, errorText, KinodeError } from "./errors.ts";

test("an error carries its fault as data and its hint in the text", () => {
  const cause = new Error("disk full");
  const error = new KinodeError({ code: "x.y", size: 3 }, "Cannot write", {
    hint: "Free some space",
    cause,
  });
  expect(error).toBeInstanceOf(Error);
  expect([error.code, error.fault.size, error.hint]).toEqual(["x.y", 3, "Free some space"]);
  expect(error.message).toBe("Cannot write. Free some space");
  expect(error.cause).toBe(cause);
  expect(new KinodeError({ code: "x.y" }, "Cannot write").message).toBe("Cannot write");
});

test("errorText() reads whatever was thrown", () => {
  expect([errorText(new Error("a")), errorText("b"), errorText(undefined)]).toEqual([
    "a",
    "b",
    "undefined",
  ]);
});

test("assertNever() names the value that was not handled", () => {
  expect(() => assertNever({ kind: "new" } as never)).toThrow('Unhandled case {"kind":"new"}');
});
