/**
 * A node in memory with the terminal, a VFS, and a kernel that runs the scripts of this package.
 * @module
 */
import { readdirSync } from "node:fs";
import {
  decodeNetAction,
  encodeNetResponse,
  type NetAction,
  type NetResponse,
  type NodeIdentity,
} from "@kinode-ts/codec/net";
import type { GuestBlob } from "@kinode-ts/types";
import type { TestModule, TestProgram } from "@kinode-ts/stdlib/testing";
import { createTestVfs, loadProgram, TestNode } from "@kinode-ts/stdlib/testing";

export const TERMINAL = "terminal:terminal:sys";
const ROOT = `${import.meta.dir}/..`;

/** The programs of this package, bundled once. */
const terminal = loadProgram(`${ROOT}/src/terminal.ts`);
const bundled = Promise.all(
  readdirSync(`${ROOT}/src/scripts`).map(async (file) => {
    const program = await loadProgram(`${ROOT}/src/scripts/${file}`);
    return [file.replace(".ts", ".js"), program] as const;
  }),
);

/** A command the kernel was given. */
export interface KernelCall {
  readonly text: string;
  readonly blob: string | undefined;
}

export type TerminalNode = Awaited<ReturnType<typeof startTerminal>>;

/** What the terminal holds. */
export const HELD = [
  { issuer: "test.os@vfs:distro:sys", params: '{"root":true}' },
  { issuer: "test.os@net:distro:sys", params: '"messaging"' },
];

const RECORD = {
  wasm_bytes_handle: "/a:b/pkg/a.wasm",
  wit_version: 1,
  on_exit: "None",
  public: false,
  capabilities: [{ issuer: "x@y:z:w", params: "1" }],
};

const PEER: NodeIdentity = {
  name: "near.os",
  networkingKey: "0xab",
  routing: { kind: "direct", ip: "127.0.0.1", ports: new Map([["ws", 9000]]) },
};

/** A network with one peer. */
function answerOfNet(action: NetAction): NetResponse | undefined {
  switch (action.kind) {
    case "GetPeers":
      return { kind: "Peers", peers: [PEER] };
    case "GetPeer":
      return { kind: "Peer", peer: action.node === PEER.name ? PEER : undefined };
    case "GetDiagnostics":
      return { kind: "Diagnostics", text: "indexing from block 0\r\n" };
    default:
      return undefined;
  }
}

/** @param others - ids of processes that the kernel tells of, besides `a:b:c.os` */
export async function startTerminal(others: readonly string[] = []) {
  const node = new TestNode();
  const vfs = createTestVfs();
  const commands: KernelCall[] = [];
  /** Programs by VFS path; tests may put others there. */
  const programs = new Map<string, TestProgram>();
  const prepared = new Map<string, TestProgram>();
  const debug = (query: unknown): object => {
    const ids = ["a:b:c.os", ...others];
    const ofAll = (value: object): object => Object.fromEntries(ids.map((id) => [id, value]));
    if (query === "ProcessMap") return { ProcessMap: ofAll(RECORD) };
    if (query === "ProcessUsage") {
      return { ProcessUsage: ofAll({ cpu_ms: 12_345, memory_bytes: 131_072 }) };
    }
    const { Process: id } = query as { Process: string };
    if (id === "vfs:distro:sys") return { Process: { ...RECORD, wasm_bytes_handle: "" } };
    return { Process: ids.includes(id) || node.isRunning(id) ? RECORD : null };
  };
  const kernel: TestModule = ({ text, value, blob }, reply) => {
    commands.push({ text, blob: blob && new TextDecoder().decode(blob.bytes) });
    const [[name, content]] = Object.entries(value as object) as [[string, never]];
    switch (name) {
      case "InitializeProcess": {
        const { id, wasm_bytes_handle: path } = content as Record<string, string>;
        prepared.set(id!, programs.get(path!)!);
        return reply('"InitializedProcess"');
      }
      case "RunProcess":
        node.start(content, prepared.get(content)!);
        return reply('"StartedProcess"');
      case "KillProcess":
        node.kill(content);
        return reply({ KilledProcess: content });
      case "Debug":
        return reply({ Debug: debug(content) });
    }
  };
  node.addModule("kernel:distro:sys", kernel);
  node.addModule("vfs:distro:sys", vfs.module);
  node.addModule("net:distro:sys", ({ body }, reply) => {
    const response = answerOfNet(decodeNetAction(body));
    if (response !== undefined) reply(encodeNetResponse(response));
  });
  vfs.put("terminal:sys/pkg/scripts.json", await Bun.file(`${ROOT}/pkg/scripts.json`).text());
  for (const [file, program] of await bundled) {
    vfs.put(`terminal:sys/pkg/${file}`, `code of ${file}`);
    programs.set(`/terminal:sys/pkg/${file}`, program);
  }
  const restart = async (): Promise<void> => {
    node.kill(TERMINAL);
    const process = node.start(TERMINAL, await terminal);
    await process.saveCapabilities(HELD);
    await node.settle();
  };
  await restart();
  const linesSince = (before: number): string =>
    node.lines
      .slice(before)
      .map(({ text }) => text)
      .join("\n");
  return {
    node,
    vfs,
    commands,
    programs,
    restart,
    linesSince,
    /** Types a line; what is printed within six seconds. */
    async type(line: string, session?: string): Promise<string> {
      const before = node.lines.length;
      const metadata = session === undefined ? {} : { metadata: `session:${session}` };
      node.tell(TERMINAL, line, { from: TERMINAL, ...metadata });
      await node.advance(6_000);
      return linesSince(before);
    },
    /** Sends a line that expects an answer. */
    async run(
      line: string,
    ): Promise<{ output: string; status: string | undefined; errors: string }> {
      const asked = node.ask(TERMINAL, line, { from: TERMINAL, expectsResponse: 600 });
      await node.advance(6_000);
      const { body, metadata, blob } = await asked;
      return { output: body, status: metadata, errors: textOf(blob) };
    },
    /** Asks what the host's terminal asks. */
    async ask<T>(metadata: string, body: object): Promise<T> {
      const asked = node.ask(TERMINAL, body, { from: TERMINAL, metadata });
      await node.advance(100);
      return JSON.parse((await asked).body) as T;
    },
  };
}

function textOf(blob: GuestBlob | undefined): string {
  return blob === undefined ? "" : new TextDecoder().decode(blob.bytes);
}
