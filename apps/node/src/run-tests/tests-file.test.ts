import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { chooseRuntime } from "./runtime-program.ts";
import { parseTestsFile, readTestsFile } from "./tests-file.ts";

const NODE = 'nodes = [{ port = 8080, home = "home/first", fake_node_name = "first" }]';
const parse = (source: string) => parseTestsFile("/home/alice/notes/test/tests.toml", source);

/** The example of the specification. */
const WHOLE = `
runtime = { FetchVersion = "latest" }      # or { RepoPath = "../kinode" }
runtime_build_release = false
persist_home = false
always_print_node_output = false

[[tests]]
dependency_package_paths = [".."]          # packages whose APIs the build needs
setup_packages = [{ path = "..", run = true }]
setup_scripts = []
test_package_paths = ["chat-test"]
test_scripts = ["./check.sh now"]
timeout_secs = 7
fakechain_router = 8545

[[tests.nodes]]
port = 8080
home = "~/first"
fake_node_name = "first.dev"
password = "secret"
rpc = "wss://example.org"
runtime_verbosity = 2
`;

test("[P20][P20.2] the file of the specification is read, paths from its folder or from ~", () => {
  expect(parse(WHOLE)).toEqual({
    file: "/home/alice/notes/test/tests.toml",
    runtime: { FetchVersion: "latest" },
    runtimeBuildRelease: false,
    persistHome: false,
    alwaysPrintNodeOutput: false,
    tests: [
      {
        dependencyPackagePaths: ["/home/alice/notes"],
        setupPackages: [{ path: "/home/alice/notes", run: true }],
        setupScripts: [],
        testPackagePaths: ["/home/alice/notes/test/chat-test"],
        testScripts: ["./check.sh now"],
        timeoutSeconds: 7,
        fakechainPort: 8545,
        nodes: [
          {
            port: 8080,
            home: join(homedir(), "first"),
            name: "first.dev",
            password: "secret",
            rpc: "wss://example.org",
            verbosity: 2,
          },
        ],
      },
    ],
  });
});

test("[P20][P20.2] a name without a dot gets .dev, and what may be left out has its usual value", () => {
  const file = parse(`[[tests]]\ntest_package_paths = ["a"]\n${NODE}`);
  expect(file).toMatchObject({ runtime: undefined, persistHome: false });
  expect(file.tests[0]).toMatchObject({
    setupPackages: [],
    timeoutSeconds: 5,
    fakechainPort: undefined,
    nodes: [{ name: "first.dev", password: undefined, verbosity: 0 }],
  });
});

test("everything that is wrong is told at once, with file and key", () => {
  const source = `
persist_home = 1
always_print = true
runtime = { Version = "1" }
[[tests]]
test_package_paths = "chat-test"
timeout_secs = 0
setup_packages = [{ path = "..", start = true }]
nodes = [{ port = 80800, fake_node_name = "A.b.c", home = "" }, { home = "x", fake_node_name = "y" }]
`;
  const error = (() => {
    try {
      parse(source);
    } catch (thrown) {
      return thrown as Error;
    }
  })();
  expect(error?.message.split("\n").sort()).toEqual(
    [
      "persist_home: true or false is expected",
      "always_print: there is no such key",
      'runtime: { FetchVersion = "…" } or { RepoPath = "…" } is expected',
      "tests[0].test_package_paths: a list of texts is expected",
      "tests[0].timeout_secs: a whole number from 1 to 86400 is expected",
      "tests[0].setup_packages[0].start: there is no such key",
      "tests[0].nodes[0].port: a whole number from 0 to 65535 is expected",
      "tests[0].nodes[0].fake_node_name: a name such as first or first.dev is expected",
      "tests[0].nodes[0].home: it is empty",
      "tests[0].nodes[1].port: it is missing",
    ]
      .map((problem) => `/home/alice/notes/test/tests.toml: ${problem}`)
      .sort(),
  );
  expect(error).toMatchObject({ code: "node.tests-file" });
});

test.each([
  ["", "tests: it is missing"],
  ["tests = []", "tests: it is empty"],
  [`[[tests]]\n${NODE}`, "tests[0].test_package_paths: it is missing or empty"],
  ['[[tests]]\ntest_package_paths = ["a"]\nnodes = []', "tests[0].nodes: it is empty"],
  [
    '[[tests]]\ntest_package_paths = ["a"]\nnodes = [{ port = 1, home = "x", fake_node_name = "a" }, { port = 1, home = "y", fake_node_name = "a.dev" }]',
    "tests[0].nodes: two of them have the fake_node_name a.dev",
  ],
])("%p is refused", (source, expected) => {
  expect(() => parse(source)).toThrow(expected);
});

test.each([
  ["persist_home = false\nruntime = = 2\n[[tests]]\n", 2],
  ["\n[[tests]]\ntest_scripts = [\n  'a',\n  b,\n]\n", 3],
  ["= 1", 1],
])("what is not TOML is told with the line where it begins: %p", (source, line) => {
  expect(() => parse(source)).toThrow(
    new RegExp(`^/home/alice/notes/test/tests\\.toml:${line}: this is not TOML: [A-Z]`),
  );
});

test("[P20][P20.2] the file is found by itself, in its folder, and in the folder test of a package", () => {
  const folder = mkdtempSync(join(tmpdir(), "tests-file-"));
  try {
    expect(() => readTestsFile(folder)).toThrow(`There is no tests.toml in "${folder}"`);
    mkdirSync(join(folder, "test"));
    const path = join(folder, "test/tests.toml");
    writeFileSync(path, WHOLE);
    for (const given of [folder, join(folder, "test"), path]) {
      expect(readTestsFile(given).file).toBe(path);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("[P20][P20.2] runtime is this program, unless it is a checkout of the same; one line says so", () => {
  const ours = join(import.meta.dir, "../../../..");
  expect(chooseRuntime({ runtime: { RepoPath: ours }, runtimeBuildRelease: false })).toEqual({
    main: join(ours, "apps/node/src/main.ts"),
    note: undefined,
  });
  const version = chooseRuntime({ runtime: { FetchVersion: "v1" }, runtimeBuildRelease: false });
  expect(version.main).toBe(join(ours, "apps/node/src/main.ts"));
  expect(version.note).toMatch(
    /^The nodes run this program, \S+; runtime FetchVersion = "v1" means nothing to it$/,
  );
  const other = chooseRuntime({ runtime: { RepoPath: "/nowhere" }, runtimeBuildRelease: true });
  expect(other.note).toContain('RepoPath = "/nowhere", no checkout of this one, means nothing');
  expect(other.note).toContain("runtime_build_release");
});
