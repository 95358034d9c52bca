import { defineProcess, receive } from "@kinode-ts/stdlib";

export default defineProcess(async () => {
  await receive();
  throw new Error("a crash");
});
