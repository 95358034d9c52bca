/** `kinode run-tests` with real nodes: two that know each other, tests that pass, fail and never answer, and what is left. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findAnvil } from "@kinode-ts/chain";
import { createSystemRandom } from "@kinode-ts/crypto/random";
import { freePort } from "@kinode-ts/testing/free-port";
import { guestBytes } from "@kinode-ts/testing/guests";
import { openHomeFolder } from "../src/boot/home-folder.ts";
import { provideIdentity } from "../src/boot/identity.ts";
import { loadPackages } from "../src/boot/load-packages.ts";
import { isAlive } from "../src/boot/run-file.ts";
import { printLines } from "../src/commands/print-lines.ts";
import { provideFakeIdentity } from "../src/simulation/fake-node.ts";
import { kinode } from "./run-kinode.ts";

setDefaultTimeout(180_000);
const folder = mkdtempSync(join(tmpdir(), "run-tests-"));
const at = (path: string): string => join(folder, path);

function write(path: string, text: string): void {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(at(path), text);
}

interface Rights {
  readonly request?: readonly unknown[];
  readonly grant?: readonly unknown[];
  readonly networking?: boolean;
  readonly public?: boolean;
  readonly dependencies?: readonly string[];
}

/** Writes the package `<name>:test.os` with one process. */
function writePackage(path: string, source: string, rights: Rights = {}): void {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const properties = {
    package_name: name,
    publisher: "test.os",
    current_version: "1.0.0",
    mirrors: [],
    code_hashes: {},
    wit_version: 1,
    dependencies: rights.dependencies ?? [],
  };
  const entry = {
    process_name: name,
    process_wasm_path: `/${name}.js`,
    on_exit: "None",
    request_networking: rights.networking ?? false,
    request_capabilities: rights.request ?? [],
    grant_capabilities: rights.grant ?? [],
    public: rights.public ?? false,
  };
  write(`${path}/metadata.json`, JSON.stringify({ properties }));
  write(`${path}/pkg/manifest.json`, JSON.stringify([entry]));
  write(`${path}/src/${name}.ts`, source);
}

/** The package of the guide, and its test. */
const GUIDE = readFileSync(join(import.meta.dir, "../../../docs/guides/testing.md"), "utf8");

const WRONG = `
import { defineTest, fail } from "@kinode-ts/stdlib/tester";

const isRight = (sum: number): boolean => sum === 5;

export default defineTest("wrong", () => {
  if (!isRight(2 + 2)) fail("wrong", "two and two is not five");
});
`;
const SILENT = `
import { receive } from "@kinode-ts/stdlib";
import { defineTest } from "@kinode-ts/stdlib/tester";
export default defineTest("silent", async () => {
  for (;;) await receive();
});
`;

const node = (name: string): string => `
[[tests.nodes]]
port = 0
home = "nodes/${name}"
fake_node_name = "${name}"
`;

/** Reads a file that only the root of the file system may. */
const READS = `
import { defineTest } from "@kinode-ts/stdlib/tester";
import { file } from "@kinode-ts/stdlib/vfs";
export default defineTest("reads", async () => {
  await file("/greeter:example.os/pkg/manifest.json").bytes();
});
`;

beforeAll(() => {
  for (const [, name = "", text = ""] of GUIDE.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)) {
    write(`greeter/${name}`, text);
  }
  write("greeter/test/guide.toml", readFileSync(at("greeter/test/tests.toml"), "utf8"));
  writePackage("greeter/test/reads", READS, {
    request: [{ process: "vfs:distro:sys", params: { root: true } }],
    // As tests in Rust have it, for the types of their messages.
    dependencies: ["tester:sys"],
  });
  writePackage("greeter/test/wrong", WRONG);
  writePackage("greeter/test/silent", SILENT);
  writePackage("rust-test", "");
  rmSync(at("rust-test/src"), { recursive: true });
  const manifest = readFileSync(at("rust-test/pkg/manifest.json"), "utf8");
  write("rust-test/pkg/manifest.json", manifest.replace("rust-test.js", "rust-test.wasm"));
  writeFileSync(at("rust-test/pkg/rust-test.wasm"), guestBytes("rust-test"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pidIn = (path: string): number => Number(readFileSync(at(path), "utf8"));

test("[P20][P20.1] [P20][P20.3] [P26] row 12: on two nodes one test passes, one fails, one never answers; each is told, and nothing is left", async () => {
  write(
    "greeter/test/mixed.toml",
    `
runtime = { FetchVersion = "latest" }

[[tests]]
dependency_package_paths = [".."]
setup_packages = [{ path = "..", run = true }]
setup_scripts = ["echo $$ > script.pid; exec sleep 1000"]
test_package_paths = ["wrong", "reads", "../../rust-test"]
test_scripts = ["test -f mixed.toml", "echo it was not to be; exit 3"]
timeout_secs = 60
${node("first")}${node("second")}
[[tests]]
test_package_paths = ["silent"]
timeout_secs = 1
${node("first")}`,
  );
  const { code, out, err } = await kinode("run-tests", at("greeter/test/mixed.toml"));
  expect(err).toBe("");
  const lines = out.split("\n");
  const results = lines.filter((line) => /^(?:PASS|FAIL|\d+ passed)/.test(line));
  expect(results).toEqual([
    expect.stringMatching(/^FAIL wrong src\/wrong\.ts:7:\d+$/),
    "PASS reads",
    "PASS rust-test",
    "PASS test -f mixed.toml",
    "FAIL echo it was not to be; exit 3 it ended with code 3",
    "FAIL silent no answer within 1 s",
    "3 passed, 3 failed",
  ]);
  expect(code).toBe(1);
  expect(out).toContain("[echo it was not to be; exit 3] it was not to be");
  // What happened on the nodes is shown, since something has failed.
  expect(out).toContain("What first.dev printed:");
  expect(out).toMatch(/wrong: two and two is not five/);
  expect(lines[0]).toContain('runtime FetchVersion = "latest" means nothing to it');
  expect(existsSync(at("greeter/test/reads/target/wit/tester:sys-v0.wit"))).toBe(true);
  // Programs, folders.
  expect(isAlive(pidIn("greeter/test/script.pid"))).toBe(false);
  expect(existsSync(at("greeter/test/nodes"))).toBe(false);
});

test("[P20][P20.2] [P20][P20.3] the guide works as it is written: tests that pass give code 0", async () => {
  const alone = await kinode("test", at("greeter"));
  expect(alone).toMatchObject({ code: 0, err: expect.stringContaining(" 1 pass") as string });
  const toml = readFileSync(at("greeter/test/guide.toml"), "utf8");
  // One thing more: the homes stay, to see what is in them.
  write("greeter/test/tests.toml", `persist_home = true\n${toml}`);
  const { code, out, err } = await kinode("run-tests", at("greeter"), "--json");
  expect([code, out]).toEqual([0, '[{"test":"greeter-test","failure":null}]']);
  expect(err).toMatch(/^second\.dev runs at http:\/\/localhost:\d+$/m);
  for (const name of ["first", "second"]) {
    const tester = at(`greeter/test/home/${name}/vfs/tester:sys`);
    expect(existsSync(join(tester, "setup/greeter.js"))).toBe(true);
    expect(existsSync(join(tester, "tests/greeter-test.js"))).toBe(true);
    expect(JSON.parse(readFileSync(join(tester, "tests/capabilities.json"), "utf8"))).toEqual({
      "greeter-test": {
        request_capabilities: ["greeter:greeter:example.os"],
        grant_capabilities: ["greeter:greeter:example.os"],
      },
    });
  }
});

test("[P20][P20.1] [P20][P20.3] the macro of a test in Rust says where it failed; a home that was there starts empty", async () => {
  const home = openHomeFolder(at("one/first"));
  await provideFakeIdentity({
    home,
    random: createSystemRandom(),
    rpc: undefined,
    name: "first.dev",
    password: undefined,
    wsPort: undefined,
    freePort: () => 0,
  });
  write("one/first/vfs/tester:sys/tests/old.js", "of a run before");
  const port = freePort();
  write(
    "one/tests.toml",
    `
persist_home = true
[[tests]]
test_package_paths = ["../rust-test"]
timeout_secs = 60
fakechain_router = ${port}
nodes = [{ port = 0, home = "first", fake_node_name = "first" }]
`,
  );
  const source = join(import.meta.dir, "../../../packages/testing/guests/rust-test/src/lib.rs");
  const lines = readFileSync(source, "utf8").split("\n");
  const line = lines.findLastIndex((each) => each.includes("fail!(")) + 1;
  const anvil = process.env["KINODE_ANVIL"];
  // Whatever this machine has.
  process.env["KINODE_ANVIL"] = at("nowhere");
  const { code, out } = await kinode("t", at("one")).finally(() => {
    if (anvil === undefined) delete process.env["KINODE_ANVIL"];
    else process.env["KINODE_ANVIL"] = anvil;
  });
  expect(out).toContain(`\nFAIL rust-test src/lib.rs:${line}:13\n`);
  expect(out).toContain(`anvil is not there for fakechain_router = ${port}`);
  expect(code).toBe(1);
  expect(existsSync(join(home.vfs, "tester:sys/tests/rust-test.wasm"))).toBe(true);
  expect(existsSync(join(home.vfs, "tester:sys/tests/old.js"))).toBe(false);
});

const hasAnvil = findAnvil() !== undefined;
if (!hasAnvil) console.warn("Skipped: tests on a local chain, because anvil is not there");

test.skipIf(!hasAnvil)(
  "[P20][P20.3] with fakechain_router the nodes find each other on a chain, which ends with them",
  async () => {
    const port = freePort();
    const guide = readFileSync(at("greeter/test/guide.toml"), "utf8");
    const toml = guide
      .replace("[[tests]]", `[[tests]]\nfakechain_router = ${port}`)
      .replaceAll("home/", "chain/");
    write("greeter/test/chain.toml", toml);
    const { code, out } = await kinode("run-tests", at("greeter/test/chain.toml"));
    expect([code, out]).toEqual([0, expect.stringContaining("PASS greeter-test")]);
    expect(out).toContain(`Started a chain at http://127.0.0.1:${port}`);
    expect(await fetch(`http://127.0.0.1:${port}`).catch(() => "ended")).toBe("ended");
  },
);

test("[P20][P20.3] Ctrl-C ends the nodes and the scripts and removes what was made", async () => {
  write(
    "slow/tests.toml",
    `
[[tests]]
setup_scripts = ["echo $$ > script.pid; exec sleep 1000"]
test_package_paths = ["../greeter/test/silent"]
timeout_secs = 600
${node("first")}`,
  );
  const main = join(import.meta.dir, "../src/main.ts");
  const child = Bun.spawn([process.execPath, main, "run-tests", at("slow")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const isRunning = Promise.withResolvers<void>();
  const take = (line: string): void => {
    lines.push(line);
    if (line.startsWith("first.dev runs at")) isRunning.resolve();
  };
  const isRead = Promise.all([printLines(child.stdout, take), printLines(child.stderr, take)]);
  await Promise.race([isRunning.promise, isRead]);
  expect(lines.join("\n")).toContain("first.dev runs at");
  child.kill("SIGINT");
  expect(await child.exited).toBe(130);
  await isRead;
  expect(lines.at(-1)).toBe("0 passed, 0 failed");
  expect(lines.at(-2)).toBe("Stopped by SIGINT; the nodes are ended");
  expect(isAlive(pidIn("slow/script.pid"))).toBe(false);
  expect(existsSync(at("slow/nodes"))).toBe(false);
});

test("a test that does not build is told, and so is a home that is not for tests", async () => {
  writePackage("broken", 'import "./nowhere.ts";');
  write("precious/letters.txt", "dear");
  write(
    "bad/tests.toml",
    `
[[tests]]
test_package_paths = ["../broken"]
${node("first")}
[[tests]]
test_package_paths = ["../greeter/test/silent"]
[[tests.nodes]]
port = 0
home = "../precious"
fake_node_name = "first"
`,
  );
  const { code, out } = await kinode("run-tests", at("bad"));
  expect(code).toBe(1);
  expect(out).toMatch(/FAIL tests\[0\] of \S*tests\.toml Cannot build "src\/broken\.ts"/);
  expect(out).toMatch(/FAIL tests\[1\] of \S*tests\.toml "\S+" has files in it and is no home/);
  expect(readFileSync(at("precious/letters.txt"), "utf8")).toBe("dear");
});

test("a real node is not taken for a test, and has no tester", async () => {
  const ordinary = await loadPackages([]);
  expect(ordinary.map((each) => each.package.id)).not.toContain("tester:sys");
  const home = openHomeFolder(at("real"));
  await provideIdentity(home, createSystemRandom(), { name: "first.dev", password: "secret" });
  const keys = readFileSync(home.keyfile);
  write("real/kernel/store.sqlite", "everything");
  write(
    "taken/tests.toml",
    `
[[tests]]
test_package_paths = ["../greeter/test/silent"]
[[tests.nodes]]
port = 0
home = "../real"
fake_node_name = "first"
`,
  );
  const { code, out } = await kinode("run-tests", at("taken"));
  expect([code, out]).toEqual([1, expect.stringContaining("holds a node that is not simulated")]);
  expect(readFileSync(home.keyfile)).toEqual(keys);
  expect(existsSync(home.storeFile)).toBe(true);
});

test("without a tests.toml, or with a wrong one, the command says what to do", async () => {
  const none = await kinode("run-tests", at("broken"));
  expect([none.code, none.err]).toEqual([1, expect.stringContaining("There is no tests.toml in")]);
  write("wrong/tests.toml", "tests = 1");
  const wrong = await kinode("run-tests", at("wrong"));
  expect([wrong.code, wrong.err]).toEqual([
    1,
    expect.stringContaining("tests.toml: tests: a list of tests is expected"),
  ]);
});
