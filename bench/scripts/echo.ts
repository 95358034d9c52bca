/** Answers every request with its own bytes. */
import { defineProcess, serve } from "@kinode-ts/stdlib";

export default defineProcess(async () => {
  await serve((message) => message.body);
});
