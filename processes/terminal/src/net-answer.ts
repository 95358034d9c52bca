/**
 * What the network module says, as long as this node has none: its answer is then an error in words.
 * @module
 */
import { request, SendError } from "@kinode-ts/stdlib";

const NET = "our@net:distro:sys";
const NO_NETWORK = "this node has no network part yet; other nodes cannot be reached";

/** MessagePack of a short text, which is how requests without arguments look (spec/packages-and-tools.md §19.3). */
function packText(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return Uint8Array.of(0xa0 | bytes.length, ...bytes);
}

/** Asks and gives the answer as text to show. */
export async function askNet(question: string): Promise<string> {
  try {
    return answerText((await request(NET, packText(question), { timeout: "10s" })).text());
  } catch (thrown) {
    if (thrown instanceof SendError) return NO_NETWORK;
    throw thrown;
  }
}

function answerText(text: string): string {
  try {
    const answer = JSON.parse(text) as { Err?: unknown };
    if (typeof answer.Err === "string") return answer.Err;
  } catch {
    // An answer in MessagePack belongs to a network part that this release does not have.
  }
  return NO_NETWORK;
}
