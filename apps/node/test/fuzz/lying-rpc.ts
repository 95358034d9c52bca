/**
 * An RPC server that answers as it should half of the time, and else with damaged text, wrong ids, errors, floods, or not at all.
 * @module
 */
import { createSeededRandom } from "@kinode-ts/testing";

export interface LyingRpc {
  readonly httpUrl: string;
  readonly wsUrl: string;
  stop(): Promise<void>;
}

interface Call {
  readonly id?: unknown;
  readonly method?: unknown;
}

export function startLyingRpc(seed: number): LyingRpc {
  const dice = createSeededRandom(seed);

  const damaged = (text: string): string => {
    const at = dice.below(text.length + 1);
    const length = dice.below(10);
    const junk = dice.pick(["", "\0", '"', "}", "[[[[", "null", "\u{1f600}", '{"method":', ",,"]);
    return text.slice(0, at) + junk + text.slice(at + length);
  };
  const honest = ({ id, method }: Call): string => {
    const result =
      method === "eth_chainId"
        ? '"0x1"'
        : method === "eth_getLogs"
          ? "[]"
          : `"0x${dice.below(99)}"`;
    return `{"jsonrpc":"2.0","id":${JSON.stringify(id ?? null)},"result":${result}}`;
  };
  const answer = (body: string): string | undefined => {
    let call: Call = {};
    try {
      call = JSON.parse(body) as Call;
    } catch {
      // What is no JSON is answered as if it were.
    }
    const text = honest(call);
    if (dice.chance(0.5) || call.method === "eth_chainId") return text;
    switch (dice.below(9)) {
      case 0:
        return undefined;
      case 1:
        return honest({ ...call, id: dice.below(1_000) });
      case 2: {
        const code = dice.pick([3, -32_000, -32_005, -32_601, 429]);
        return `{"id":${JSON.stringify(call.id)},"error":{"code":${code},"message":"no","data":"0x"}}`;
      }
      case 3:
        return `${"[".repeat(dice.below(5_000))}1`;
      case 4:
        return `{"id":${JSON.stringify(call.id)},"result":[${"{},".repeat(dice.below(5_000))}0]}`;
      case 5:
        return `{"method":"eth_subscription","params":{"subscription":"0x${dice.below(99)}","result":${damaged('{"a":[1]}')}}}`;
      default:
        return damaged(text);
    }
  };

  const server = Bun.serve({
    port: 0,
    hostname: "localhost",
    async fetch(request, self) {
      if (self.upgrade(request, { data: undefined })) return undefined;
      const text = answer(await request.text());
      if (text === undefined) await Bun.sleep(500);
      return new Response(text ?? "", { status: dice.chance(0.05) ? 429 : 200 });
    },
    websocket: {
      message(socket, message) {
        const text = answer(String(message));
        if (text !== undefined) socket.send(text);
        // Things that nobody asked for.
        for (let i = dice.chance(0.05) ? 50 : 0; i > 0; i--) socket.send(honest({ id: i }));
      },
    },
  });
  return {
    httpUrl: `http://localhost:${server.port}/`,
    wsUrl: `ws://localhost:${server.port}/`,
    stop: () => server.stop(true),
  };
}
