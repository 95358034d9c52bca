import { beforeAll, expect, test } from "bun:test";
import type { TestModule, TestProgram } from "@kinode-ts/stdlib/testing";
import { createTestVfs, loadProgram, TestNode } from "@kinode-ts/stdlib/testing";

const TERMINAL = "terminal:terminal:sys";
const ROOT = `${import.meta.dir}/..`;
const ALIAS_SCRIPT = "123:terminal:sys";
const SCRIPTS = ["alias", "cat", "echo", "help", "hi", "kill", "m", "peers", "top"] as const;

let terminal: TestProgram;
const scripts = new Map<string, TestProgram>();

beforeAll(async () => {
  terminal = await loadProgram(`${import.meta.dir}/terminal.ts`);
  for (const name of SCRIPTS) {
    scripts.set(
      `/terminal:sys/pkg/${name}.js`,
      await loadProgram(`${import.meta.dir}/scripts/${name}.ts`),
    );
  }
});

interface Command {
  readonly text: string;
  readonly blob: string | undefined;
}

/** A node with the terminal, a VFS, and a kernel that runs scripts. */
async function startNode() {
  const node = new TestNode();
  const vfs = createTestVfs();
  const commands: Command[] = [];
  const prepared = new Map<string, TestProgram>();
  const kernel: TestModule = ({ text, value, blob }, reply) => {
    commands.push({ text, blob: blob && new TextDecoder().decode(blob.bytes) });
    const command = value as Record<string, never>;
    if ("InitializeProcess" in command) {
      const { id, wasm_bytes_handle: path } = command["InitializeProcess"] as Record<
        string,
        string
      >;
      prepared.set(id!, scripts.get(path!)!);
      reply('"InitializedProcess"');
    } else if ("RunProcess" in command) {
      node.start(command["RunProcess"], prepared.get(command["RunProcess"])!);
      reply('"StartedProcess"');
    } else if ("KillProcess" in command) {
      reply({ KilledProcess: command["KillProcess"] });
    } else if ("Debug" in command) {
      const record = {
        wasm_bytes_handle: "/a:b/pkg/a.wasm",
        wit_version: 1,
        on_exit: "None",
        public: false,
      };
      const processes = {
        "a:b:c.os": { ...record, capabilities: [{ issuer: "x@y:z:w", params: "1" }] },
      };
      if (command["Debug"] === "ProcessUsage") {
        reply({
          Debug: { ProcessUsage: { "a:b:c.os": { cpu_ms: 12_345, memory_bytes: 131_072 } } },
        });
        return;
      }
      const one = (command["Debug"] as { Process?: string }).Process;
      reply({
        Debug:
          one === undefined
            ? { ProcessMap: processes }
            : { Process: processes[one as "a:b:c.os"] ?? null },
      });
    }
  };
  node.addModule("kernel:distro:sys", kernel);
  node.addModule("vfs:distro:sys", vfs.module);
  node.addModule("net:distro:sys", (_request, reply) =>
    reply({ Err: "no network in this version" }),
  );
  vfs.put("terminal:sys/pkg/scripts.json", await Bun.file(`${ROOT}/pkg/scripts.json`).text());
  for (const name of SCRIPTS) vfs.put(`terminal:sys/pkg/${name}.js`, `code of ${name}`);
  node.start(TERMINAL, terminal);
  await node.settle();
  const type = async (line: string): Promise<string> => {
    const before = node.lines.length;
    node.tell(TERMINAL, line, { from: TERMINAL });
    await node.advance(6_000);
    return node.lines
      .slice(before)
      .map(({ text }) => text)
      .join("\n");
  };
  return { node, vfs, commands, type };
}

test("[P19.2] a script is granted, initialized with its blob, run, and given its arguments", async () => {
  const { type, commands, node } = await startNode();
  expect(await type("alias up  top:terminal:sys")).toBe("alias up set to top:terminal:sys");
  const [grant, initialize, run] = commands.map(({ text }) => JSON.parse(text));
  const id = initialize.InitializeProcess.id as string;
  expect(id).toMatch(/^\d+:terminal:sys$/);
  expect(grant).toEqual({
    GrantCapabilities: {
      target: TERMINAL,
      capabilities: [{ issuer: `test.os@${id}`, params: '"messaging"' }],
    },
  });
  expect(initialize.InitializeProcess).toMatchObject({
    wasm_bytes_handle: "/terminal:sys/pkg/alias.js",
    wit_version: 1,
    on_exit: "None",
    public: false,
  });
  expect(initialize.InitializeProcess.initial_capabilities).toContainEqual({
    issuer: `test.os@${TERMINAL}`,
    params: '"messaging"',
  });
  expect(commands[1]!.blob).toBe("code of alias");
  expect(run).toEqual({ RunProcess: id });
  expect(node.endings.get(id)).toBe("returned");
});

test("[P19.1] the first word is an alias or a process id, the rest is passed on as typed", async () => {
  const { type } = await startNode();
  expect(await type("echo  a  'b' | c")).toBe(" a  'b' | c");
  expect(await type("echo:terminal:sys hello")).toBe("hello");
  expect(await type("")).toBe("");
});

test("[P19.1] a line that names no script says why", async () => {
  const { type, vfs } = await startNode();
  expect(await type("nonsense x")).toBe(
    "error calling script: 'nonsense' not found, either as an alias or process ID",
  );
  expect(await type("a:b:c")).toBe("error calling script: no scripts manifest in package");
  expect(await type("gone:terminal:sys")).toBe(
    "error calling script: script not in scripts.json file",
  );
  vfs.files.delete("terminal:sys/pkg/echo.js");
  expect(await type("echo x")).toBe("error calling script: failed to read script Wasm from VFS");
  vfs.put("terminal:sys/pkg/scripts.json", "{ not json");
  expect(await type("echo x")).toBe("error calling script: could not parse scripts.json file");
});

test("[M129] an unknown command prints the documented text, and a script gets its arguments as the first body", async () => {
  const path = "/terminal:sys/pkg/echo.js";
  const echo = scripts.get(path)!;
  const { type, commands, node } = await startNode();
  expect(await type("unheard-of 1 2")).toBe(
    "error calling script: 'unheard-of' not found, either as an alias or process ID",
  );
  expect(commands).toEqual([]);
  const bodies: string[] = [];
  scripts.set(path, (host) =>
    host.main(async () => {
      const first = await host.receive();
      if (first.kind === "request") bodies.push(new TextDecoder().decode(first.body));
    }),
  );
  await type("echo  one   two ");
  scripts.set(path, echo);
  expect(bodies).toEqual([" one   two "]);
  expect(node.endings.size).toBeGreaterThan(0);
});

test("[M127] EditAlias answers what it did, and the default aliases are there after every restart", async () => {
  const { node, type } = await startNode();
  const edit = async (alias: string, process: string | null): Promise<unknown> => {
    const answer = node.ask(TERMINAL, { EditAlias: { alias, process } }, { from: ALIAS_SCRIPT });
    await node.advance(6_000);
    return JSON.parse((await answer).body as string);
  };
  expect(await edit("say", "echo:terminal:sys")).toEqual({ EditAlias: "AliasSet" });
  expect(await edit("say", null)).toEqual({ EditAlias: "AliasRemoved" });
  expect(await edit("say", null)).toEqual({ EditAlias: "AliasNotFound" });
  expect(await edit("say", "not a process")).toEqual({ EditAlias: "InvalidProcessId" });
  expect(await edit("help", "echo:terminal:sys")).toEqual({ EditAlias: "AliasSet" });
  node.kill(TERMINAL);
  node.start(TERMINAL, terminal);
  await node.settle();
  for (const alias of ["cat", "kill", "top", "m"]) {
    expect(await type(alias)).not.toContain("not found, either as an alias");
  }
});

test("aliases survive a restart; removing a built-in one as well", async () => {
  const first = await startNode();
  expect(await first.type("alias say echo:terminal:sys")).toBe(
    "alias say set to echo:terminal:sys",
  );
  expect(await first.type("alias echo")).toBe("alias echo removed");
  expect(await first.type("alias nobody")).toBe("alias nobody not found");
  expect(await first.type("alias x y")).toBe('"y" is not a process id (process:package:publisher)');
  first.node.kill(TERMINAL);
  first.node.start(TERMINAL, terminal);
  await first.node.settle();
  expect(await first.type("say still here")).toBe("still here");
  expect(await first.type("echo x")).toContain("'echo' not found");
});

test("[M128] only the person and the package's own scripts are heard", async () => {
  const { node } = await startNode();
  node.tell(TERMINAL, "echo from outside", { from: "other:app:sys" });
  await node.advance(1_000);
  expect(node.lines.at(-1)).toEqual({
    process: TERMINAL,
    verbosity: 2,
    text: "ignored a request of test.os@other:app:sys",
  });
});

test("[P19.3] m sends, awaits and shows a response, and says when none comes", async () => {
  const { node, type } = await startNode();
  node.addModule("app:app:sys", ({ text }, reply) => reply(`got ${text}`));
  expect(await type(`m our@app:app:sys '{"a": 1}' -a 5`)).toBe('got {"a": 1}');
  expect(await type(`m our@app:app:sys x`)).toBe("");
  expect(await type(`m our@gone:app:sys x -a 1`)).toContain(
    '"test.os@gone:app:sys" did not answer in time',
  );
  expect(await type(`m far.os@app:app:sys x -a 1`)).toContain("cannot be reached");
  expect(await type("m")).toStartWith("usage: m ");
});

test("[P19.3] cat, kill, top, help and the network commands answer", async () => {
  const { vfs, type } = await startNode();
  vfs.put("a:b/pkg/note.txt", "text of it");
  expect(await type("cat /a:b/pkg/note.txt")).toBe("text of it");
  expect(await type("cat /a:b/pkg/gone")).toStartWith(
    "failed to read file at /a:b/pkg/gone: IOError",
  );
  expect(await type("kill a:b:c.os")).toBe("killed a:b:c.os");
  expect(await type("kill x:y:z")).toBe("no process x:y:z is running");
  expect(await type("top a:b:c.os -c")).toContain("x@y:z:w 1");
  expect(await type("top")).toEndWith("total: 1 processes");
  expect(await type("top")).toContain("\n  processor: 12.3 s, memory: 128 KB\n");
  expect(await type("help m")).toStartWith("m <address>");
  expect(await type("peers")).toBe("no network in this version");
  expect(await type("hi far.os hello")).toContain("offline");
});
