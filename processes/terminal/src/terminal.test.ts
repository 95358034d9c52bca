/** The terminal process in a node in memory. */
import { expect, test } from "bun:test";
import { HELD, startTerminal, TERMINAL } from "../test/terminal-node.ts";

const ALIAS_SCRIPT = "123:terminal:sys";

test("[P19][P19.2] a script is granted, initialized with its blob, run, and given its arguments", async () => {
  const { type, commands, node } = await startTerminal();
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
  expect(commands[1]!.blob).toBe("code of alias.js");
  expect(run).toEqual({ RunProcess: id });
  expect(node.endings.get(id)).toBe("returned");
});

test("[P19][P19.2] grants, requests, network, root and public are as the package lists them", async () => {
  const { type, commands, vfs, programs } = await startTerminal();
  const entry = {
    root: true,
    public: true,
    request_networking: true,
    request_capabilities: ["a:b:c.os", { process: "d:e:f.os", params: { root: true } }],
    grant_capabilities: ["a:b:c.os", { process: "d:e:f.os", params: [1] }],
    wit_version: 0,
  };
  vfs.put("other:bob.os/pkg/scripts.json", JSON.stringify({ "go.wasm": entry }));
  vfs.put("other:bob.os/pkg/go.wasm", "code of go");
  programs.set("/other:bob.os/pkg/go.wasm", (host) =>
    host.main(async () => {
      await host.receive();
      host.printToTerminal(0, "it went");
    }),
  );
  expect(await type("go:other:bob.os now")).toBe("it went");
  const [first, second, initialize] = commands.map(({ text }) => JSON.parse(text));
  const { id, initial_capabilities: held, ...rest } = initialize.InitializeProcess;
  expect(id).toMatch(/^\d+:other:bob\.os$/);
  const issuer = `test.os@${id}`;
  expect([first, second]).toEqual([
    {
      GrantCapabilities: { target: "a:b:c.os", capabilities: [{ issuer, params: '"messaging"' }] },
    },
    { GrantCapabilities: { target: "d:e:f.os", capabilities: [{ issuer, params: "[1]" }] } },
  ]);
  expect(rest).toEqual({
    wasm_bytes_handle: "/other:bob.os/pkg/go.wasm",
    wit_version: 0,
    on_exit: "None",
    public: true,
  });
  expect(held).toEqual([
    { issuer: "test.os@a:b:c.os", params: '"messaging"' },
    { issuer: "test.os@d:e:f.os", params: '{"root":true}' },
    { issuer: `test.os@${TERMINAL}`, params: '"messaging"' },
    { issuer: "test.os@kernel:distro:sys", params: '"network"' },
    // All that the terminal holds, as `root` says.
    ...HELD,
  ]);
});

test("[P19][P19.1] the first word is an alias or a process id, the rest is passed on as typed", async () => {
  const { type } = await startTerminal();
  expect(await type("echo  a  'b' | c")).toBe(" a  'b' | c");
  expect(await type("echo:terminal:sys hello")).toBe("hello");
  expect(await type("")).toBe("");
});

test("[P19][P19.1] a line that names no script says why", async () => {
  const { type, vfs } = await startTerminal();
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
  const { type, commands, node, programs } = await startTerminal();
  expect(await type("unheard-of 1 2")).toBe(
    "error calling script: 'unheard-of' not found, either as an alias or process ID",
  );
  expect(commands).toEqual([]);
  const bodies: string[] = [];
  programs.set(path, (host) =>
    host.main(async () => {
      const first = await host.receive();
      if (first.kind === "request") bodies.push(new TextDecoder().decode(first.body));
    }),
  );
  await type("echo  one   two ");
  expect(bodies).toEqual([" one   two "]);
  expect(node.endings.size).toBeGreaterThan(0);
});

test("[M127] EditAlias answers what it did, and the default aliases are there after every restart", async () => {
  const { node, type, restart } = await startTerminal();
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
  await restart();
  for (const alias of ["cat", "kill", "top", "m"]) {
    expect(await type(alias)).not.toContain("not found, either as an alias");
  }
});

test("[P26] row 11: aliases survive a restart; removing a built-in one as well", async () => {
  const first = await startTerminal();
  expect(await first.type("alias say echo:terminal:sys")).toBe(
    "alias say set to echo:terminal:sys",
  );
  expect(await first.type("alias echo")).toBe("alias echo removed");
  expect(await first.type("alias nobody")).toBe("alias nobody not found");
  expect(await first.type("alias x y")).toBe('"y" is not a process id (process:package:publisher)');
  await first.restart();
  expect(await first.type("say still here")).toBe("still here");
  expect(await first.type("echo x")).toContain("'echo' not found");
});

test("[M128] only the person and the package's own scripts are heard", async () => {
  const { node } = await startTerminal();
  node.tell(TERMINAL, "echo from outside", { from: "other:app:sys" });
  await node.advance(1_000);
  expect(node.lines.at(-1)).toEqual({
    process: TERMINAL,
    verbosity: 2,
    text: "ignored a request of test.os@other:app:sys",
  });
});

test("[P19][P19.3] m sends, awaits and shows a response, and says when none comes", async () => {
  const { node, type } = await startTerminal();
  node.addModule("app:app:sys", ({ text }, reply) => reply(`got ${text}`));
  expect(await type(`m our@app:app:sys '{"a": 1}' -a 5`)).toBe('got {"a": 1}');
  expect(await type(`m our@app:app:sys x`)).toBe("");
  expect(await type(`m our@gone:app:sys x -a 1`)).toContain(
    '"test.os@gone:app:sys" did not answer in time',
  );
  expect(await type(`m far.os@app:app:sys x -a 1`)).toContain("cannot be reached");
  expect(await type("m")).toStartWith("usage: m ");
});

test("m shows the answer it waits for, whatever else comes to it meanwhile", async () => {
  const { node, type } = await startTerminal();
  node.addModule("app:app:sys", (request, reply) => {
    // It is public, so that whatever it asks can answer: so others can send requests to it as well.
    const forged = "terminal:sys: forged";
    node.tell(request.source, forged, { from: "liar:liar:sys" });
    node.tell(request.source, forged, { from: "app:app:sys", metadata: "1" });
    node.after(1_000, () => reply("true"));
  });
  expect(await type("m our@app:app:sys x -a 5")).toBe("true");
});

test("[P19][P19.3] cat, kill, top, help and the network commands answer", async () => {
  const { vfs, type } = await startTerminal();
  vfs.put("a:b/pkg/note.txt", "text of it");
  expect(await type("cat /a:b/pkg/note.txt")).toBe("text of it");
  expect(await type("cat /a:b/pkg/gone")).toStartWith(
    "cannot read /a:b/pkg/gone: there is no such file or folder",
  );
  expect(await type("kill a:b:c.os")).toBe("killed a:b:c.os");
  expect(await type("kill x:y:z")).toBe("no process x:y:z is running");
  expect(await type("kill vfs:distro:sys")).toContain("is a part of the node itself");
  expect(await type("top a:b:c.os -c")).toContain("x@y:z:w 1");
  expect(await type("top")).toEndWith("total: 1 processes");
  expect(await type("top")).toContain("\n  processor: 12.3 s, memory: 128 KB\n");
  expect(await type("help m")).toStartWith("m <address>");
  const peer = "near.os\n  key: 0xab\n  routing: direct at 127.0.0.1 with ws";
  expect(await type("peers")).toBe(peer);
  expect(await type("peer near.os")).toBe(peer);
  expect(await type("peer gone.os")).toBe("no PKI entry for gone.os");
  expect(await type("net-diagnostics")).toBe("indexing from block 0");
  expect(await type("hi far.os hello")).toContain("offline");
});
