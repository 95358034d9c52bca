/**
 * Runs inside one namespace: starts a node there and does what comes as lines of JSON, `{"id", "call", "words"}`; answers
 * with `{"id", "value"}` or `{"id", "error"}`.
 * @module
 */
import type { ControlPeers } from "@kinode-ts/types";
import { type DetachedNode, killAllDetached, startDetached } from "../detached-node.ts";
import { kinode } from "../run-kinode.ts";

interface Asked {
  readonly id: number;
  readonly call: "start" | "kinode" | "send" | "peers" | "dial" | "stop";
  readonly words: readonly string[];
}

const SEND_TIMEOUT_S = 30;
let node: DetachedNode | undefined;

async function dial(address: string, port: number): Promise<string> {
  const tried = Bun.connect({ hostname: address, port, socket: { data() {} } }).then(
    (socket) => {
      socket.end();
      return "connected";
    },
    (thrown: unknown) => (thrown as { readonly code?: string }).code ?? String(thrown),
  );
  return await Promise.race([tried, Bun.sleep(3_000).then(() => "no answer")]);
}

async function perform({ call, words }: Asked): Promise<unknown> {
  const [first = "", second = ""] = words;
  switch (call) {
    case "start":
      node = await startDetached(first, words.slice(1));
      return null;
    case "kinode":
      return await kinode(...words);
    case "send":
      return await node!.post("send", { target: first, body: second, timeout: SEND_TIMEOUT_S });
    case "peers":
      return await node!.get<ControlPeers>("peers");
    case "dial":
      return await dial(first, Number(second));
    case "stop":
      return await node!.stop();
    default:
      return call satisfies never;
  }
}

for await (const line of console) {
  // The end of the input.
  if (line === "") break;
  const asked = JSON.parse(line) as Asked;
  const answer = (fields: object): void => console.log(JSON.stringify({ id: asked.id, ...fields }));
  // Many may be under way at a time.
  perform(asked).then(
    (value) => answer({ value: value ?? null }),
    (thrown: unknown) => answer({ error: String(thrown) }),
  );
}
killAllDetached();
process.exit(0);
