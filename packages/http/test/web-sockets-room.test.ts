/** Web sockets whose app has no room for what they bring. That the kernel tells the module so is a test of the kernel's. */
import { expect, test } from "bun:test";
import { isThroughKernel } from "@kinode-ts/testing/module-harness";
import type { ModuleRequest, U64 } from "@kinode-ts/types";
import { APP, OTHER, startWebNode, type WebNode } from "./web-node.ts";

/** What the kernel says when the app had no room for `request`. */
function refuse(node: WebNode, request: ModuleRequest & { readonly id: U64 }): void {
  const { id, target, body, blob } = request;
  const content = { kind: "request", inherit: false, body, capabilities: [] } as const;
  const message = { ...content, expectsResponse: undefined, metadata: undefined };
  const source = node.harness.context.address;
  node.server.sendError!({ id, source, target, rsvp: undefined, message, blob }, "timeout");
}

const jsonOf = ({ body }: ModuleRequest): object =>
  JSON.parse(new TextDecoder().decode(body)) as object;

const sentTo = (node: WebNode, member: string) =>
  node.harness.sent.filter((request) => Object.hasOwn(jsonOf(request), member));

async function connect(node: WebNode) {
  const socket = new WebSocket(`ws://localhost:${node.port}/${APP}/ws`);
  const closed = new Promise<CloseEvent>((resolve) => (socket.onclose = resolve));
  await new Promise((resolve) => (socket.onopen = resolve));
  return { socket, closed };
}

test.skipIf(isThroughKernel())(
  "a web socket of which a frame is lost is closed, and its app is told until it has room",
  async () => {
    await using node = await startWebNode();
    const bind = { WebSocketBind: { path: "/ws", authenticated: false, extension: false } };
    await node.harness.ask(APP, { body: bind });
    const first = await connect(node);
    const second = await connect(node);
    first.socket.send("lost");
    await node.waitFor(({ json }) => "WebSocketPush" in (json as object));
    const [frame] = sentTo(node, "WebSocketPush");
    // Somebody else's message says nothing about this channel.
    refuse(node, { ...frame!, target: { ...frame!.target, process: OTHER as never } });
    first.socket.send("still open");
    await node.waitFor(() => sentTo(node, "WebSocketPush").length === 2);
    refuse(node, frame!);
    expect((await first.closed).code).toBe(1013);
    await node.waitFor(({ json }) => "WebSocketClose" in (json as object));
    const ends = () => sentTo(node, "WebSocketClose");
    expect(ends()).toHaveLength(1);
    refuse(node, ends()[0]!);
    await node.clock.advance(1_000);
    expect(ends()).toHaveLength(2);
    await node.clock.advance(60_000);
    expect(ends()).toHaveLength(2);
    expect(jsonOf(ends()[1]!)).toEqual(jsonOf(ends()[0]!));
    expect(second.socket.readyState).toBe(WebSocket.OPEN);
    second.socket.close();
    await second.closed;
  },
);

test.skipIf(isThroughKernel())(
  "what else finds no room, of any content, changes nothing",
  async () => {
    await using node = await startWebNode();
    const bind = { WebSocketBind: { path: "/ws", authenticated: false, extension: false } };
    await node.harness.ask(APP, { body: bind });
    const { socket, closed } = await connect(node);
    await node.waitFor(({ json }) => "WebSocketOpen" in (json as object));
    const [opened] = sentTo(node, "WebSocketOpen");
    for (const text of ["", "null", "7", "[]", "{", '{"WebSocketPush":null}', '{"BodyAbort":{}}']) {
      refuse(node, { ...opened!, body: new TextEncoder().encode(text) });
    }
    socket.send("still open");
    await node.waitFor(({ json }) => "WebSocketPush" in (json as object));
    socket.close();
    await closed;
  },
);
