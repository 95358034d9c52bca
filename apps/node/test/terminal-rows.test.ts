/**
 * The table of scripts, row by row, typed into a node with everything.
 * Source: spec/packages-and-tools.md §19.3. Rows that need a second node are in two-nodes.test.ts, those that need a chain in
 * stdlib-eth.test.ts; keys are in terminal-keys.test.ts.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { startTestNode, type TestNode } from "../testing/index.ts";
import manifest from "../package.json" with { type: "json" };
import { removeScripts, writeScript } from "./script-package.ts";
import { typeLine } from "./type-line.ts";

setDefaultTimeout(120_000);

/** Says whom it was asked by and with which rights, and keeps a count. */
const KEEPER = `
import { defineProcess, serve, state } from "@kinode-ts/stdlib";
export default defineProcess(async () => {
  let count = ((await state.load((value) => value as number)) ?? 0);
  await serve(async (message) => {
    if (message.text() === "silence") return undefined;
    if (message.text() === "count") await state.save(++count);
    return { count, text: message.text(), rights: message.capabilities.map((each) => each.params) };
  });
});`;
const ID = "keeper:keeper:example.os";

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
  await node.install(writeScript("keeper", KEEPER, { grant: ["terminal:terminal:sys"] }));
}, 120_000);
afterAll(async () => {
  await node.stop();
  removeScripts();
});

async function output(line: string): Promise<string> {
  const left = await typeLine(node, line);
  expect(left.errors).toBe("");
  return left.output;
}
async function errors(line: string): Promise<string> {
  const left = await typeLine(node, line);
  expect(left.output).toBe("");
  return left.errors;
}

test("[P19][P19.3] called without required arguments each script prints its usage", async () => {
  const required = {
    alias: "alias <name> [<process-id>]",
    cat: "cat [<vfs path>…]",
    echo: "echo <text>",
    hi: "hi <node> <message>",
    kill: "kill <process-id>",
    m: "m <address> '<body>' [-a <seconds>]",
    peer: "peer <node>",
    "namehash-to-name": "namehash-to-name <hash>",
    "clear-state": "clear-state <process-id>",
    "add-node-provider": "add-node-provider <chain id> <node>",
    "add-rpcurl-provider": "add-rpcurl-provider <chain id> <url>",
    "remove-provider": "remove-provider <chain id> <url or node>",
    grep: "grep [-icnvE] <text>",
    cp: "cp [-r] <from>… <to>",
    mv: "mv <from>… <to>",
    rm: "rm [-r] <path>…",
    mkdir: "mkdir [-p] <folder>…",
    write: "write [-a] <path>",
    caps: "caps [-h] <process-id>",
    which: "which <command>…",
  };
  for (const [name, usage] of Object.entries(required)) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const left = await typeLine(node, name);
    expect(left.output + left.errors).toContain(`usage: ${usage}`);
  }
});

test("[P19][P19.3] alias sets a name, without an id removes it, and prints which; its one right is the terminal", async () => {
  expect(await output("alias say echo:terminal:sys")).toBe("alias say set to echo:terminal:sys");
  expect(await output("say so")).toBe("so");
  expect(await output("alias say")).toBe("alias say removed");
  expect(await errors("alias say")).toBe("alias say not found");
  expect(await errors("say so")).toContain("'say' not found, either as an alias or process ID");
  expect(await rightsOf("alias")).toEqual(["terminal:terminal:sys"]);
});

/** What `scripts.json` lists for a script. */
async function rightsOf(script: string): Promise<unknown[]> {
  const text = await output("cat /terminal:sys/pkg/scripts.json");
  const all = JSON.parse(text) as Record<string, { request_capabilities: unknown[] }>;
  return all[`${script}.js`]!.request_capabilities;
}

test("[P19][P19.3] cat shows a file as UTF-8 text, or a line says why not; it may read every file", async () => {
  await output("mkdir -p /keeper:example.os/data; write /keeper:example.os/data/é.txt 'naïve 文'");
  expect(await output("cat /keeper:example.os/data/é.txt")).toBe("naïve 文\n");
  expect(await output("cat keeper:example.os/data/é.txt")).toBe("naïve 文\n");
  expect(await errors("cat /keeper:example.os/data/gone")).toBe(
    "cannot read /keeper:example.os/data/gone: there is no such file or folder",
  );
  const root = { process: "vfs:distro:sys", params: { root: true } };
  expect(await rightsOf("cat")).toEqual(["vfs:distro:sys", root]);
});

test("[P19][P19.3] echo says the text again, without any right", async () => {
  expect(await output("echo  one  'two' \"three\" ")).toBe(" one  'two' \"three\" ");
  expect(await rightsOf("echo")).toEqual([]);
});

test("[P19][P19.3] help shows all commands and control keys, or one", async () => {
  const all = await output("help");
  const names = Object.keys(
    JSON.parse(await output("cat /terminal:sys/pkg/scripts.json")) as object,
  );
  for (const name of names) expect(all).toMatch(new RegExp(`^${name.replace(".js", "")}[ :]`, "m"));
  for (const key of "CVWJSLAEPNRG") expect(all).toContain(`Ctrl+${key}`);
  expect(await output("help kill")).toBe("kill <process-id>: end a process; it is not restarted");
  expect(await errors("help nothing")).toContain('no command called "nothing"');
});

test("[P19][P19.3] hi says that a node is offline or unknown; our is this node, whose terminal shows it at once", async () => {
  const before = node.clock.nowMs();
  expect(await output("hi our hello there")).toBe("test.local: hello there");
  expect(await output("hi test.local hello there")).toBe("test.local: hello there");
  expect(node.clock.nowMs() - before).toBeLessThan(5_000);
  expect(await errors("hi nobody.os hello")).toBe("nobody.os is offline or unknown");
  expect(await rightsOf("hi")).toEqual(["net:distro:sys"]);
});

test("[P19][P19.3] kfetch and hfetch show art, name, release, key, routing, chains and the count of processes", async () => {
  const shown = await output("kfetch");
  const texts = shown.split("\n").map((row) => row.slice(28).trim());
  expect(texts.slice(0, 6)).toEqual([
    "",
    "test.local",
    `Kinode ${manifest.version}`,
    "",
    expect.stringMatching(/^public key: (?:0x)?[0-9a-f]{64}$/),
    expect.stringMatching(/^routing: (?:direct at \S+ with [a-z, ]+|\d+ routers)$/),
  ]);
  expect(texts).toContain("0 eth providers");
  expect(texts).toContain("0 active eth subscriptions");
  expect(texts).toContain("0 outstanding eth requests");
  const listed = (await output("ps -a")).split("\n").length - 1;
  // With the script itself, which `ps` leaves out.
  expect(texts).toContain(`${listed + 1} running processes`);
  expect(await output("hfetch")).toBe(shown);
});

test("[P19][P19.3] kill ends a process and prints its id; of one that is not there it says so at once", async () => {
  const id = "gone:keeper:example.os";
  const before = node.clock.nowMs();
  expect(await errors(`kill ${id}`)).toBe(`no process ${id} is running`);
  expect(node.clock.nowMs() - before).toBeLessThan(5_000);
  await node.install(
    writeScript(
      "victim",
      `import { defineProcess, serve } from "@kinode-ts/stdlib";
      export default defineProcess(() => serve());`,
    ),
  );
  const victim = "victim:victim:example.os";
  expect(await output(`kill ${victim}`)).toBe(`killed ${victim}`);
  expect(node.kernel.process(victim as never)).toBeUndefined();
  expect(await errors("kill vfs:distro:sys")).toContain("is a part of the node itself");
  expect(await errors("kill nonsense")).toContain("nonsense");
});

test("[P19][P19.3] m sends a request with the rights for its target; a body may be in single quotes, our is expanded", async () => {
  const answer = JSON.parse(await output(`m our@${ID} 'a b  "c"' -a 5`)) as {
    text: string;
    rights: string[];
  };
  expect(answer.text).toBe('a b  "c"');
  expect(answer.rights).toContain('"messaging"');
  expect(JSON.parse(await output(`m -a 5 test.local@${ID} plain`))).toMatchObject({
    text: "plain",
  });
  expect(await output(`m our@${ID} count`)).toBe("");
  expect(JSON.parse(await output(`m our@${ID} x -a 5`))).toMatchObject({ count: 1 });
  expect(await errors(`m our@${ID} silence -a 1`)).toContain("did not answer in time");
  expect(await errors("m nobody.os@a:b:c x -a 1")).toContain("cannot be reached");
  expect(await errors("m nonsense x")).toContain("nonsense");
  // Five seconds of silence, in which its rights can still be checked.
  const before = node.clock.nowMs();
  expect(await output(`m our@${ID} silence`)).toBe("");
  expect(node.clock.nowMs() - before).toBeGreaterThanOrEqual(5_000);
});

test("[P19][P19.3] top shows of each process program, wit version, on-exit, public and rights, and a total", async () => {
  const one = await output(`top ${ID}`);
  expect(one).toMatch(
    new RegExp(
      `^${ID}\n {2}program: /keeper:example\\.os/pkg/keeper\\.js\n {2}wit: 1, on exit: \\w+, public: false\n[^]* {2}capabilities: \\d+$`,
    ),
  );
  const listed = await output(`top ${ID} -c`);
  expect(listed).toMatch(/ {2}capabilities:\n {4}test\.local@\S+ \S+/);
  const count = Number(/capabilities: (\d+)/.exec(one)?.[1]);
  expect(listed.split("\n").filter((row) => row.startsWith("    "))).toHaveLength(count);
  expect(await output("top vfs:distro:sys")).toContain("program: (runtime)");
  expect(await errors("top no:such:process")).toBe("no process no:such:process is running");
  const all = await output("top");
  const total = Number(/\ntotal: (\d+) processes$/.exec(all)?.[1]);
  expect(all.match(/^\S+:\S+:\S+$/gm)).toHaveLength(total);
});

test("[P19][P19.3] clear-state forgets what a process has stored", async () => {
  await output(`m our@${ID} count -a 5`);
  expect(await output(`clear-state ${ID}`)).toBe(
    `deleted the state of ${ID}; it runs, and may store what it still knows`,
  );
  expect(await errors(`clear-state ${ID}`)).toBe(`nothing is stored of ${ID}`);
  expect(await errors("clear-state nonsense")).toContain("nonsense");
  await node.restart();
  expect(JSON.parse(await output(`m our@${ID} x -a 5`))).toMatchObject({ count: 0 });
});

test("[P19][P19.3] providers are added, listed and removed, in both orders of words", async () => {
  expect(await output("get-providers")).toBe("no providers; this node connects to no chain");
  expect(await output("add-rpcurl-provider 1 wss://one.example bearer abc")).toContain(
    "added wss://one.example for chain 1",
  );
  expect(await output("add-rpcurl-provider wss://two.example --trusted false")).toContain(
    "added wss://two.example for chain 8453",
  );
  expect(
    await output(
      "add-rpcurl-provider https://three.example --chain-id 10 --auth-type basic --auth-value a:b",
    ),
  ).toContain("for chain 10");
  const key = "ab".repeat(32);
  expect(
    await output(`add-node-provider 8453 far.os ${key} 192.0.2.1 9000 --trusted true`),
  ).toContain("added far.os for chain 8453");
  expect((await output("get-providers")).split("\n").toSorted()).toEqual([
    "1\twss://one.example\turl, trusted",
    "10\thttps://three.example\turl, trusted",
    "8453\tfar.os\tnode, trusted",
    "8453\twss://two.example\turl",
  ]);
  expect((await output("kfetch")).split("\n").join()).toContain(
    "4 eth providers for chain ids 1, 10, 8453",
  );
  expect(await errors("add-rpcurl-provider 1 wss://x --auth-type basic")).toContain("credentials");
  expect(await errors("add-rpcurl-provider one wss://x.example")).toContain("no chain id");
  expect(await errors("add-rpcurl-provider 1 wss://x.example --trusted yes")).toContain(
    "true or false",
  );
  expect(await errors("add-node-provider 1 far.os k 192.0.2.1 99999")).toContain("no port");
  expect(await errors("remove-provider 2 wss://one.example")).toContain("there is no provider");
  for (const each of [
    "1 wss://one.example",
    "10 https://three.example",
    "8453 wss://two.example",
  ]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect(await output(`remove-provider ${each}`)).toStartWith("removed ");
  }
  expect(await output("remove-provider 8453 far.os")).toBe("removed far.os of chain 8453");
  expect(await output("get-providers")).toContain("no providers");
});

test("[P19][P19.3] namehash-to-name asks who knows the names on chain", async () => {
  expect(await errors(`namehash-to-name 0x${"11".repeat(32)}`)).toBe(
    `no name is known for 0x${"11".repeat(32)}`,
  );
  expect(await errors("namehash-to-name 0x11")).toContain("is no hash");
});
