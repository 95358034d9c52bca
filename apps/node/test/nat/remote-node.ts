/**
 * A node in another namespace, by its agent.
 * @module
 */
import { join } from "node:path";
import type { ControlAnswer, ControlPeers } from "@kinode-ts/types";
import type { CommandResult } from "../run-kinode.ts";

const AGENT = join(import.meta.dir, "agent.ts");

export class RemoteNode {
  readonly name: string;
  readonly home: string;
  readonly #child;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;

  /** @param launcher - runs the command that follows it in the namespace */
  constructor(name: string, home: string, launcher: readonly string[]) {
    this.name = name;
    this.home = home;
    this.#child = Bun.spawn([...launcher, process.execPath, AGENT], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
      env: { ...process.env, BUN_JSC_useWasmFastMemory: "0" },
    });
    void this.#read(this.#child.stdout);
    void this.#child.exited.then(() => {
      for (const each of this.#waiting.values())
        each.reject(new Error(`the agent of ${name} ended`));
    });
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const piece of stream) {
      const lines = (text + decoder.decode(piece, { stream: true })).split("\n");
      text = lines.pop()!;
      for (const line of lines) this.#answered(line);
    }
  }

  #answered(line: string): void {
    const { id, value, error } = JSON.parse(line) as {
      id: number;
      value?: unknown;
      error?: string;
    };
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(`${this.name}: ${error}`));
  }

  #call(call: string, ...words: readonly string[]): Promise<unknown> {
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    void this.#child.stdin.write(`${JSON.stringify({ id, call, words })}\n`);
    void this.#child.stdin.flush();
    return waiting.promise;
  }

  async start(...flags: readonly string[]): Promise<void> {
    await this.#call("start", this.home, "--name", this.name, ...flags);
  }

  /** What the command says. @throws {Error} it fails */
  async kinode(...words: readonly string[]): Promise<string> {
    const result = await this.#call("kinode", ...words, "--home", this.home);
    const { code, out, err } = result as CommandResult;
    if (code !== 0) throw new Error(`${this.name}: kinode ${words[0]}: ${err}`);
    return out;
  }

  /** Asks a process of this node; the answer, or "offline" or "timeout". */
  async ask(process: string, body: object | string): Promise<unknown> {
    const answer = await this.#call("send", `our@${process}`, JSON.stringify(body));
    const { kind, body: text, error } = answer as ControlAnswer & { body?: string; error?: string };
    return kind === "response" ? (JSON.parse(text ?? "null") as unknown) : error;
  }

  async peers(): Promise<ControlPeers> {
    return (await this.#call("peers")) as ControlPeers;
  }

  /** What happens to whoever dials from here. */
  async dial(address: string, port: number): Promise<string> {
    return (await this.#call("dial", address, String(port))) as string;
  }

  async stop(): Promise<void> {
    await this.#call("stop").catch(() => undefined);
    await this.#child.stdin.end();
    await this.#child.exited;
  }
}
