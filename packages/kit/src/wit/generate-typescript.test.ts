/** Generated modules are type-checked, loaded, and held against what serde makes of the same types. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type * as api from "@kinode-ts/stdlib/api";
import { CHAT, PROCESS, SIGNATURES, TRANSFER } from "../../test/wit-texts.ts";
import { generateTypeScript } from "./generate-typescript.ts";
import { parseWit } from "./parse-wit.ts";
import { resolveWit } from "./resolve-wit.ts";

const SERDE = join(import.meta.dir, "../../../stdlib/test/serde");

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "kit-wit-"));
  const scope = join(root, "node_modules/@kinode-ts");
  mkdirSync(scope, { recursive: true });
  const stdlib = dirname(Bun.resolveSync("@kinode-ts/stdlib/package.json", import.meta.dir));
  symlinkSync(stdlib, join(scope, "stdlib"));
});
afterAll(() => rmSync(root, { recursive: true }));

const process = parseWit(PROCESS, "process.wit");

function generate(text: string) {
  const document = parseWit(text, "own.wit");
  const wit = resolveWit([process, document], { defaultPackage: process.package! });
  return generateTypeScript([...wit.interfaces.values()].filter(({ file }) => file === "own.wit"));
}

/** Writes the modules of a text into a folder of its own. */
function written(
  folder: string,
  text: string,
  more: Readonly<Record<string, string>> = {},
): string {
  const path = join(root, folder);
  mkdirSync(path, { recursive: true });
  for (const one of generate(text)) writeFileSync(join(path, `${one.name}.ts`), one.ts);
  for (const [name, content] of Object.entries(more)) writeFileSync(join(path, name), content);
  return path;
}

test("types read and write the bytes that serde makes", async () => {
  const text = readFileSync(join(SERDE, "wit/sink.wit"), "utf8");
  const [module] = generate(text);
  expect(module!.name).toBe("test-vectors-sink");
  const path = written("sink", text);
  const types = (await import(join(path, "test-vectors-sink.ts"))) as Record<
    string,
    api.ApiType<unknown>
  >;
  const lines = readFileSync(join(SERDE, "vectors.jsonl"), "utf8").trim().split("\n");
  expect(lines.length).toBeGreaterThan(150);
  const { readText } = await import("@kinode-ts/stdlib/api");
  for (const line of lines) {
    const { type, json } = JSON.parse(line) as { type: string; json: string };
    expect(types[type]!.write(readText(types[type]!, json))).toBe(json);
  }
});

test("a module says what the interface says", () => {
  const [chat] = generate(CHAT);
  expect(chat!.ts).toMatchSnapshot();
  const [worker, standard] = generate(TRANSFER);
  expect(worker!.ts).toMatchSnapshot();
  // Only what is used of a foreign interface.
  expect([...standard!.ts.matchAll(/export interface (\w+)/g)].map((match) => match[1])).toEqual([
    "ProcessId",
    "Address",
  ]);
  const [todo] = generate(SIGNATURES);
  expect(todo!.ts).toMatchSnapshot();
});

test("the JavaScript and the declarations are the same module", async () => {
  const path = join(root, "split");
  mkdirSync(path, { recursive: true });
  for (const { name, js, dts } of generate(TRANSFER)) {
    writeFileSync(join(path, `${name}.js`), js);
    writeFileSync(join(path, `${name}.d.ts`), dts);
  }
  const module = (await import(join(path, "file-transfer-worker.js"))) as Record<string, unknown>;
  expect(Object.keys(module).sort()).toEqual([
    ...["downloadRequest", "fileTransferWorkerApi"],
    ...["fileTransferWorkerInterface", "internalApi", "internalRequest", "request", "response"],
  ]);
});

test("callers have the types of the API, and wrong calls do not compile", () => {
  written("typed", CHAT + TRANSFER + SIGNATURES, {
    "right.ts": `
      import { chatApi, type ChatMessage } from "./chat.ts";
      import { fileTransferWorkerApi, internalApi, type FileTransferWorkerFunctions } from "./file-transfer-worker.ts";
      import { todoApi, type Entry } from "./todo.ts";
      const chat = chatApi("chat:chat:example.os", { timeout: "5s" });
      export const sent: Promise<void> = chat.send({ target: "bob.os", message: "hi" });
      export const history: Promise<readonly ChatMessage[]> = chat.history("bob.os", { timeout: "1s" });
      export const full: Promise<ChatMessage | undefined> = chat.history.full("x").then(({ value }) => value[0]);
      const process = { processName: "a", packageName: "b", publisherNode: "c" };
      export const started: Promise<void> = fileTransferWorkerApi("w:t:os").download({
        ...{ name: "a", target: { node: "n", process }, isRequestor: true },
      });
      export const size: Promise<void> = internalApi("w:t:os").size(2n ** 60n);
      export const handler = chatApi.handle({
        send: ({ target }, message) => void [target, message.source],
        history: async (node) => [{ author: node, content: "" }],
        leave: () => ({ tag: "send" }),
      });
      export const functions: FileTransferWorkerFunctions = { startDownload: (our) => void our.process };
      const todo = todoApi("todo:todo:os");
      export const id: Promise<number | bigint> = todo.addEntry({ id: 1 }, true);
      export const all: Promise<readonly Entry[]> = todo.listAll();
      export const found: Promise<Entry | undefined> = todo.find("x");
    `,
    "wrong.ts": `
      import { chatApi } from "./chat.ts";
      const chat = chatApi("chat:chat:example.os");
      // @ts-expect-error a field is missing
      void chat.send({ target: "bob.os" });
      // @ts-expect-error no such call
      void chat.gone();
      // @ts-expect-error not a text
      void chat.history(5);
      // @ts-expect-error not the answer
      export const wrong: Promise<string> = chat.history("x");
      // @ts-expect-error a handler is missing
      chatApi.handle({ send: () => {} });
    `,
    "tsconfig.json": JSON.stringify({
      extends: join(import.meta.dir, "../../../../tsconfig.base.json"),
      compilerOptions: { lib: ["ES2024", "ESNext.Disposable", "DOM"], declaration: false },
      include: ["*.ts"],
    }),
    "package.json": JSON.stringify({ type: "module" }),
  });
  const checked = Bun.spawnSync(["bun", "check", "--no-script"], { cwd: join(root, "typed") });
  expect(checked.stdout.toString() + checked.stderr.toString()).toContain("No type errors");
});

test("messages with parts that have no JSON form are left out, and it says so", () => {
  const [module] = generate(
    "interface a { flags f { x }\n variant request { go(f) }\n variant response { go } }",
  );
  expect(module!.ts).toContain("export interface F {\n  readonly x?: boolean;\n}");
  expect(module!.ts).not.toContain("aApi");
  expect(module!.ts).toContain(
    'The messages of "a" contain the flags "f", which have no JSON form',
  );
});
