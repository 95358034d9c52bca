/** Answers every request for its page with the same few bytes. */
import { defineProcess, serve } from "@kinode-ts/stdlib";
import { createHttpServer, Response } from "@kinode-ts/stdlib/http";

export default defineProcess(async () => {
  const server = createHttpServer();
  const bound = server.bind("/", {}, () => {
    return new Response("<h1>Hello</h1>", { headers: { "content-type": "text/html" } });
  });
  await Promise.all([serve(() => undefined), bound]);
});
