/** On a request whose text is a count: makes so many round trips to the echo, then answers. */
import { defineProcess, our, request, serve } from "@kinode-ts/stdlib";

export default defineProcess(async () => {
  const target = `${our().node}@echo:test:sys`;
  await serve(async (message) => {
    const count = Number(message.text());
    for (let i = 0; i < count; i++) {
      const answer = await request(target, "0123456789abcdef");
      if (answer.body.length !== 16) return "wrong answer";
    }
    return "done";
  });
});
