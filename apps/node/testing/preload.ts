/**
 * Lets tests of any package folder import "kinode/testing" from the program that runs them: `kinode test` loads this first.
 * @module
 */
import { plugin } from "bun";

plugin({
  name: "kinode-testing",
  setup(build) {
    build.module("kinode/testing", async () => ({
      loader: "object",
      exports: { ...(await import("./index.ts")) },
    }));
  },
});
