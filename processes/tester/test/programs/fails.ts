import { defineTest, fail } from "@kinode-ts/stdlib/tester";

export default defineTest("fails", () => {
  fail("fails", "as it should", { file: "fails/src/lib.rs", line: 3, column: 5 });
});
