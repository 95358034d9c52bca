/**
 * The child of the file keeper: counts what is in a file. It is started with on-exit restart, so it is there again when
 * it fails; `"Crash"` makes it fail.
 * @module
 */
import type { Answer, IncomingRequest } from "@kinode-ts/stdlib";
import { defineProcess, serve, stopServing } from "@kinode-ts/stdlib";
import { file } from "@kinode-ts/stdlib/vfs";

async function count(path: string): Promise<Answer> {
  const text = await file(path).text();
  const words = text.match(/\S+/g)?.length ?? 0;
  return { lines: text.split("\n").length, words, characters: text.length };
}

export default defineProcess(async (our) => {
  let crashed = false;
  await serve((message: IncomingRequest) => {
    // Whoever may message us may ask; only our own package should be able to stop us.
    const request = message.json() as "Ping" | "Crash" | { readonly Count: string };
    if (request === "Ping") return "Pong";
    if (request !== "Crash") return count(request.Count);
    if (!message.source.packageId().equals(our.packageId())) return undefined;
    crashed = true;
    stopServing();
    return undefined;
  });
  if (crashed) throw new Error("asked to crash");
});
