/** What `kinode build` makes of the APIs of packages. */
import {
  componentEmbed,
  componentNew,
  componentWit,
} from "@bytecodealliance/jco-transpile/wasm-tools";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TestNode, useHost } from "@kinode-ts/stdlib/testing";
import { readZip } from "@kinode-ts/vfs/zip";
import { CHAT, PROCESS, TRANSFER } from "../../test/wit-texts.ts";
import { buildPackage, readPackage } from "../index.ts";
import type { Language } from "../languages/contract.ts";
import { packPackage } from "../pack-package-bun.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "kit-api-"));
});
afterAll(() => rmSync(root, { recursive: true }));

const manifestOf = (...paths: string[]): string =>
  JSON.stringify(
    paths.map((path, index) => ({
      ...{ process_name: `p${index}`, process_wasm_path: path, on_exit: "None", public: true },
      ...{ request_networking: false, request_capabilities: [], grant_capabilities: [] },
    })),
  );

/** A package folder named as the package. */
function folder(name: string, files: Readonly<Record<string, string>>, place = name): string {
  const properties = {
    ...{ package_name: name, publisher: "example.os", current_version: "1.0.0" },
    ...{ mirrors: [], code_hashes: {}, wit_version: 1 },
  };
  const all = { "metadata.json": JSON.stringify({ properties }), ...files };
  for (const [file, text] of Object.entries(all)) {
    const path = join(root, place, file);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text);
  }
  return join(root, place);
}

const read = (path: string, file: string): string => readFileSync(join(path, file), "utf8");

async function apiZip(path: string): Promise<Map<string, string>> {
  const entries = await readZip(new Uint8Array(readFileSync(join(path, "pkg/api.zip"))));
  return new Map(
    entries.flatMap((entry) =>
      entry.kind === "file" ? [[entry.path, new TextDecoder().decode(entry.bytes)] as const] : [],
    ),
  );
}

const CHAT_FILES = {
  "pkg/manifest.json": manifestOf(),
  "api/chat:example.os-v0.wit": CHAT,
};

/** Runs a built script on a node in memory. */
function start(node: TestNode, id: string, path: string, file: string): void {
  node.start(id, (host) => {
    useHost(host);
    new Function("kinode", read(path, `pkg/${file}`))(host);
  });
}

test("[P6] a package of TypeScript calls another by its API, typed on both sides", async () => {
  const server = folder("chat", {
    ...CHAT_FILES,
    "pkg/manifest.json": manifestOf("/chat.js"),
    "chat/main.ts": `
      import { defineProcess, serve } from "@kinode-ts/stdlib";
      import { type ChatMessage, chatApi } from "../target/api/chat.example.os/chat.ts";
      const said: ChatMessage[] = [];
      export default defineProcess(() =>
        serve(chatApi.handle({
          send: ({ message }, { source }) => void said.push({ author: source.process, content: message }),
          history: () => said,
          leave: () => ({ tag: "send" }),
        })),
      );`,
  });
  const client = folder("client", {
    "pkg/manifest.json": manifestOf("/client.js"),
    "package.json": JSON.stringify({ kinode: { dependencies: ["../chat"] } }),
    "client/main.ts": `
      import { defineProcess, json, serve } from "@kinode-ts/stdlib";
      import { chatApi } from "../target/api/chat.example.os/chat.ts";
      export default defineProcess(async () => {
        const chat = chatApi("chat:chat:example.os");
        await serve(async (message) => {
          await chat.send({ target: "bob.os", message: message.text() });
          return (await chat.history("bob.os")).map(({ author, content }) => author + ": " + content);
        });
      });`,
  });
  expect((await buildPackage(client)).built).toEqual(["client.js"]);
  const node = new TestNode();
  start(node, "chat:chat:example.os", server, "chat.js");
  start(node, "client:client:example.os", client, "client.js");
  const answer = node.ask("client:client:example.os", "hello");
  await node.settle();
  expect((await answer).body).toBe('["client: hello"]');
  useHost(undefined);

  // Another interface: both are built again.
  const wit = CHAT.replace("history(string),", "history(string),\n    count,");
  writeFileSync(join(server, "api/chat:example.os-v0.wit"), wit);
  expect((await buildPackage(client)).built).toEqual(["client.js"]);
  expect(read(client, "target/api/chat.example.os/chat.ts")).toContain("readonly count:");
  expect((await buildPackage(client)).built).toEqual([]);
});

test("[P6] api.zip carries declarations, a validating module and a schema of each interface", async () => {
  const path = folder("chat", CHAT_FILES, "described");
  await buildPackage(path);
  const files = await apiZip(path);
  expect([...files.keys()]).toEqual([
    ...["chat.d.ts", "chat.js", "chat.schema.json", "chat:example.os-v0.wit"],
    ...["index.d.ts", "index.js"],
  ]);
  const schema = JSON.parse(files.get("chat.schema.json")!) as { $defs: Record<string, unknown> };
  expect(schema.$defs).toMatchSnapshot();
  const module = join(root, "chat.js");
  writeFileSync(
    module,
    files
      .get("chat.js")!
      .replace("@kinode-ts/stdlib/api", Bun.resolveSync("@kinode-ts/stdlib/api", import.meta.dir)),
  );
  const { request } = (await import(module)) as { request: { parse(json: unknown): unknown } };
  expect(request.parse({ History: "bob.os" })).toEqual({ tag: "history", val: "bob.os" });
  expect(() => request.parse({ History: 5 })).toThrow("History: expected a text, found 5");
  // It is part of what is installed.
  expect([...(await readPackage((await packPackage(path)).zip)).files.keys()]).toContain("api.zip");
});

const NOTES_API = `
  import * as a from "@kinode-ts/stdlib/api";
  export const level = a.enumeration("low", "high");
  export const note = a.record({ id: a.u64, text: a.string, level, tags: a.option(a.list(a.string)), type: a.bytes });
  export const place = a.variant({ "at-home": null, away: a.tuple(a.f64, a.f64) });
  export const notesApi = a.defineApi({
    addNote: a.method([a.record({ text: a.string, place })], note),
    move: a.method([a.u64, place], a.result(null, level)),
    all: a.method([], a.list(note)),
    clear: a.method([], null),
  });`;

test("[P6] an API in TypeScript is written as WIT, which says the same JSON", async () => {
  const path = folder("notes", { "pkg/manifest.json": manifestOf(), "api/notes.ts": NOTES_API });
  const user = folder("user", {
    "pkg/manifest.json": manifestOf("/user.js"),
    "user/main.ts": `
      import { defineProcess, serve } from "@kinode-ts/stdlib";
      import { notesApi } from "../target/api/notes.example.os/notes.ts";
      export default defineProcess(() => serve(async () => {
        const notes = notesApi("notes:notes:example.os");
        const added = await notes.addNote({ text: "a", place: { tag: "away", val: [1, 2.5] } });
        await notes.clear();
        const code = await notes.move(added.id, { tag: "at-home" }).catch((error) => error.value);
        return { added: added.level, code, all: (await notes.all()).length };
      }));`,
  });
  await buildPackage(user, { localDependencies: [path] });
  const wit = (await apiZip(path)).get("notes:example.os-v0.wit")!;
  expect(wit).toMatchSnapshot();
  // The common tools take it, and find the process interface in it.
  const embedded = await componentEmbed({
    ...{ witSource: PROCESS + wit, world: "notes-example-dot-os-v0", dummy: true },
  });
  expect(await componentWit(await componentNew(embedded))).toContain("export init");

  const node = new TestNode();
  const heard: string[] = [];
  const note = '{"id":1,"text":"a","level":"High","tags":null,"type_":[]}';
  const answers: Record<string, string> = {
    '{"AddNote":{"text":"a","place":{"Away":[1.0,2.5]}}}': `{"AddNote":${note}}`,
    '"Clear"': '"Clear"',
    '{"Move":[1,"AtHome"]}': '{"Move":{"Err":"Low"}}',
    '"All"': `{"All":[${note}]}`,
  };
  node.addModule("notes:notes:example.os", ({ text }, reply) => {
    heard.push(text);
    reply(answers[text] ?? '{"Err":"unknown"}');
  });
  start(node, "user:user:example.os", user, "user.js");
  const answer = node.ask("user:user:example.os", "{}");
  await node.settle();
  expect((await answer).body).toBe('{"added":"high","code":"low","all":1}');
  expect(heard).toEqual(Object.keys(answers));
  useHost(undefined);
});

test("an API in TypeScript that has no form in WIT is refused with its file", async () => {
  const refused = async (place: string, text: string): Promise<string> => {
    const files = { "pkg/manifest.json": manifestOf(), "api/notes.ts": text };
    const path = folder("notes", files, place);
    return buildPackage(path).then(
      () => "built",
      (thrown: Error) => thrown.message,
    );
  };
  const head = 'import * as a from "@kinode-ts/stdlib/api";\n';
  expect(
    await refused("bad1", `${head}export const x = a.defineApi({ "a b": a.method([], null) });`),
  ).toBe('api/notes.ts: "a b" has no form in WIT; use letters and digits, in camelCase');
  expect(
    await refused("bad2", `${head}export const x = a.defineApi({ err: a.method([], null) });`),
  ).toContain('a call cannot be named "err"');
  expect(
    await refused("bad3", `${head}export const x = a.defineApi({}), y = a.defineApi({});`),
  ).toContain("there are two APIs");
  expect(await refused("bad4", "throw new Error('nothing here');")).toBe(
    'Cannot read the API in "api/notes.ts":\nnothing here',
  );
  expect(await refused("bad5", "export const = 5;")).toContain(
    'Cannot read the API in "api/notes.ts"',
  );
});

/** A language whose program is a component that does nothing, for the world that `main.zz` names. */
const zz: Language = {
  id: "c",
  label: "Zz",
  owns: (source) => existsSync(join(source, "main.zz")),
  missingTools: async () => [],
  extraInputs: () => [],
  build: async ({ witFolder, sourceFolder }) => {
    const names = [...new Bun.Glob("*.wit").scanSync(witFolder)].sort();
    // The text that names the package stands first.
    const texts = [
      ...names.filter((name) => name === "process.wit"),
      ...names.filter((name) => name !== "process.wit"),
    ];
    const witSource = texts.map((name) => read(witFolder, name)).join("\n");
    const world = read(sourceFolder, "main.zz").trim();
    return componentNew(await componentEmbed({ witSource, world, dummy: true }));
  },
};

test("[P6][P23] a program that imports functions is linked with the component that exports them", async () => {
  const worker = folder("file-transfer", {
    "pkg/manifest.json": manifestOf(),
    "api/file-transfer:example.os-v0.wit": TRANSFER,
    "file-transfer-worker-api/main.zz": "file-transfer-worker-api-v0",
  });
  const app = folder("app", {
    "pkg/manifest.json": manifestOf("/app.wasm"),
    "api/app:example.os-v0.wit":
      "world app-example-dot-os-v0 { import file-transfer-worker; include process-v1; }",
    "app/main.zz": "app-example-dot-os-v0",
  });
  const options = { languages: [zz], localDependencies: [worker] };
  expect((await buildPackage(app, options)).built).toEqual(["app.wasm", "api.zip"]);
  const wit = await componentWit(new Uint8Array(readFileSync(join(app, "pkg/app.wasm"))));
  expect(wit).toContain("import kinode:process/standard@1.0.0;");
  expect(wit).toContain("export init");
  expect(wit).not.toContain("file-transfer-worker");
  // The exporter is part of the API, not of the programs.
  expect(existsSync(join(worker, "pkg/file-transfer-worker-api.wasm"))).toBe(false);
  expect((await apiZip(worker)).has("file-transfer-worker-api.wasm")).toBe(true);
  expect((await buildPackage(app, options)).built).toEqual([]);

  // The same inside of one package.
  const both = folder("both", {
    "pkg/manifest.json": manifestOf("/both.wasm"),
    "api/both:example.os-v0.wit": `${TRANSFER}\nworld both-example-dot-os-v0 { import file-transfer-worker; include process-v1; }`,
    "both/main.zz": "both-example-dot-os-v0",
    "file-transfer-worker-api/main.zz": "file-transfer-worker-api-v0",
  });
  expect((await buildPackage(both, { languages: [zz] })).built).toEqual([
    ...["file-transfer-worker-api.wasm", "both.wasm", "api.zip"],
  ]);
  const linked = await componentWit(new Uint8Array(readFileSync(join(both, "pkg/both.wasm"))));
  expect(linked).not.toContain("file-transfer-worker");
});

test("a dependency may be installed instead of lying in a folder", async () => {
  const installed = join(root, "home/chat:example.os/pkg/api");
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(installed, "chat:example.os-v0.wit"), CHAT);
  const path = folder("guest", {
    "pkg/manifest.json": manifestOf("/guest.js"),
    "guest/main.ts": `
      import { chatApi } from "../target/api/chat.example.os/chat.ts";
      chatApi.calls;`,
  });
  const metadata = JSON.parse(read(path, "metadata.json")) as { properties: object };
  const properties = {
    ...metadata.properties,
    dependencies: ["chat:example.os", "gone:example.os"],
  };
  writeFileSync(join(path, "metadata.json"), JSON.stringify({ properties }));
  const asked: string[] = [];
  const installedApi = (id: string): string | undefined => {
    asked.push(id);
    return id === "chat:example.os" ? installed : undefined;
  };
  expect((await buildPackage(path, { installedApi })).built).toEqual(["guest.js"]);
  expect(asked).toEqual(["chat:example.os", "gone:example.os"]);
});

test("a wrong API and a missing one are told with their place", async () => {
  const wrong = folder("wrong", {
    "pkg/manifest.json": manifestOf(),
    "api/wrong:example.os-v0.wit": "interface wrong {\n  use chat.{message};\n}",
  });
  expect(buildPackage(wrong)).rejects.toThrow(
    'api/wrong:example.os-v0.wit:2:7: there is no interface "kinode:process/chat@1.0.0"',
  );
  const empty = folder("empty", { "pkg/manifest.json": manifestOf() });
  expect(buildPackage(wrong, { localDependencies: [empty] })).rejects.toThrow(
    "cannot be used as a dependency: it has no API",
  );
});
