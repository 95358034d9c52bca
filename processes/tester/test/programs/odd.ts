import { defineProcess, serve } from "@kinode-ts/stdlib";

export default defineProcess(async () => {
  await serve(() => ({ Run: { Err: "it did not work" } }));
});
