/** my-package: says that it has started, and waits. */
import { defineProcess, our, serve } from "@kinode-ts/stdlib";

export default defineProcess(async () => {
  console.log(`${our().process} has started`);
  await serve();
});
