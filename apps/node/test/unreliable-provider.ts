/**
 * A provider in front of a local chain that limits, lies and forgets on demand.
 * @module
 */

export interface Provider {
  readonly port: number;
  mood: "good" | "bad";
  /** Answers that were not what the chain says. */
  readonly faults: number;
  stop(): Promise<void>;
}

interface Call {
  readonly id: number;
  readonly method: string;
}

const LIES: readonly ((id: number) => string)[] = [
  (id) => JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32_005, message: "slow down" } }),
  (id) => JSON.stringify({ jsonrpc: "2.0", id, result: [7, null, {}, { topics: [] }] }),
  (id) => JSON.stringify({ jsonrpc: "2.0", id: id + 1_000, result: "0x1" }),
  (id) => `{"jsonrpc":"2.0","id":${id},"result":`,
  (id) => JSON.stringify({ jsonrpc: "2.0", id, result: null }),
];

/** HTTP and web sockets on one port, as the chain itself has them. */
export function startProvider(chainPort: number): Provider {
  let mood: Provider["mood"] = "good";
  let faults = 0;
  const upstreams = new Map<object, WebSocket>();
  const server = Bun.serve<{ waiting: string[] }>({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request, self) {
      if (self.upgrade(request, { data: { waiting: [] } })) return undefined;
      const body = await request.text();
      const headers = { "content-type": "application/json" };
      return await fetch(`http://127.0.0.1:${chainPort}`, { method: "POST", headers, body });
    },
    websocket: {
      open(socket) {
        const upstream = new WebSocket(`ws://127.0.0.1:${chainPort}`);
        upstreams.set(socket, upstream);
        upstream.onopen = () => {
          for (const text of socket.data.waiting.splice(0)) upstream.send(text);
        };
        upstream.onmessage = ({ data }) => void socket.send(String(data));
        upstream.onclose = () => socket.close();
      },
      message(socket, message) {
        const text = String(message);
        const upstream = upstreams.get(socket)!;
        if (mood === "bad") {
          const { id } = JSON.parse(text) as Call;
          socket.send(LIES[faults++ % LIES.length]!(id));
        } else if (upstream.readyState === WebSocket.OPEN) {
          upstream.send(text);
        } else {
          socket.data.waiting.push(text);
        }
      },
      close(socket) {
        upstreams.get(socket)?.close();
        upstreams.delete(socket);
      },
    },
  });
  return {
    port: server.port!,
    get mood() {
      return mood;
    },
    set mood(next) {
      mood = next;
    },
    get faults() {
      return faults;
    },
    stop: () => server.stop(true),
  };
}
