import { print } from "@kinode-ts/stdlib";
import { defineTest } from "@kinode-ts/stdlib/tester";

export default defineTest("passes", ({ nodeNames, testNames, timeoutSeconds }) => {
  print(`${nodeNames.join()} ${testNames.join()} ${timeoutSeconds}`);
});
