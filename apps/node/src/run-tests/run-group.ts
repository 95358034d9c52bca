/**
 * One `[[tests]]` from its packages to its results.
 * Source: spec/packages-and-tools.md §20.3, with nodes of ours: no runtime is downloaded, and no node runs for the builds.
 * @module
 */
import { dirname } from "node:path";
import { findAnvil, startChain } from "@kinode-ts/chain";
import { errorText } from "@kinode-ts/types";
import { NodeError } from "../boot/errors.ts";
import { isChainThere } from "../commands/fake-node-command.ts";
import type { Output } from "../commands/output.ts";
import { plain } from "../commands/output.ts";
import { DEFAULT_FAKE_PASSWORD } from "../simulation/fake-node.ts";
import type { Leftovers } from "./leftovers.ts";
import { startScript } from "./shell-script.ts";
import { prepareTestHome } from "./test-home.ts";
import { ANSWER_SECONDS, TestNode } from "./test-node.ts";
import { type BuiltPackage, buildSetup, buildTest, type BuiltTest } from "./test-package.ts";
import type { TestsFile, TestSpec } from "./tests-file.ts";
import { readVerdict, type TestResult } from "./verdict.ts";

const TESTER = "tester:tester:sys";
const TESTS_DRIVE = "/tester:sys/tests";
const SETUP_DRIVE = "/tester:sys/setup";
const CAPABILITIES_FILE = `${TESTS_DRIVE}/capabilities.json`;
/** For what begins when a node has started, in milliseconds. */
const READY_MS = 60_000;
const LOOK_MS = 100;

export interface GroupOptions {
  readonly file: TestsFile;
  readonly spec: TestSpec;
  /** Main file of the program that the nodes run. */
  readonly main: string;
  readonly leftovers: Leftovers;
  readonly output: Output;
  readonly report: (result: TestResult) => void;
}

interface Setup {
  readonly built: BuiltPackage;
  readonly run: boolean;
}

/** Runs the tests and tells each result as it comes. @throws {KinodeError} something around them went wrong */
export async function runGroup(options: GroupOptions): Promise<void> {
  const { spec, report, output } = options;
  const setups = await buildSetups(spec, output);
  const tests = await buildTests(spec, output);
  startSetupScripts(options);
  const nodes = await bootNodes(options);
  const results: TestResult[] = [];
  try {
    for (const node of nodes) {
      // oxlint-disable-next-line no-await-in-loop -- each takes the whole processor
      await loadNode(node, setups, tests);
    }
    for (const test of tests) {
      // oxlint-disable-next-line no-await-in-loop -- in their order
      const result = await runTest(test, nodes, spec);
      results.push(result);
      report(result);
    }
  } finally {
    const failed = results.some(({ failure }) => failure !== undefined);
    const isWhole = results.length === tests.length;
    const isShown = options.file.alwaysPrintNodeOutput || options.leftovers.isEnded;
    if ((failed || !isWhole) && !isShown) showOutput(nodes, output);
  }
  for (const command of spec.testScripts) {
    // oxlint-disable-next-line no-await-in-loop -- in their order
    report(await runTestScript(command, options));
  }
}

async function buildSetups(spec: TestSpec, output: Output): Promise<Setup[]> {
  const setups: Setup[] = [];
  for (const { path, run } of spec.setupPackages) {
    output.line(`Building ${path}`);
    // oxlint-disable-next-line no-await-in-loop -- each takes the whole processor
    setups.push({ built: await buildSetup(path, spec.dependencyPackagePaths), run });
  }
  return setups;
}

async function buildTests(spec: TestSpec, output: Output): Promise<BuiltTest[]> {
  const tests: BuiltTest[] = [];
  for (const path of spec.testPackagePaths) {
    output.line(`Building ${path}`);
    // oxlint-disable-next-line no-await-in-loop -- as above
    tests.push(await buildTest(path, spec.dependencyPackagePaths));
  }
  return tests;
}

function startSetupScripts({ file, spec, leftovers, output }: GroupOptions): void {
  for (const command of spec.setupScripts) {
    const script = startScript(command, dirname(file.file), (line) =>
      output.line(`[${command}] ${plain(line)}`),
    );
    leftovers.add(() => script.stop());
  }
}

async function runTestScript(
  command: string,
  { file, leftovers, output }: GroupOptions,
): Promise<TestResult> {
  const script = startScript(command, dirname(file.file), (line) =>
    output.line(`[${command}] ${plain(line)}`),
  );
  leftovers.add(() => script.stop());
  const code = await script.exited;
  return { test: command, failure: code === 0 ? undefined : `it ended with code ${code}` };
}

/** Boots the nodes and makes them know each other. */
async function bootNodes(options: GroupOptions): Promise<TestNode[]> {
  const { spec, output } = options;
  const chainPort = await provideChain(options);
  for (const { name, rpc } of spec.nodes) {
    if (rpc === undefined || chainPort === undefined) continue;
    output.line(`${name} follows the local chain: its rpc is not used`);
  }
  const nodes: TestNode[] = [];
  if (chainPort === undefined) {
    nodes.push(
      ...(await Promise.all(spec.nodes.map((each) => bootNode(each, chainPort, options)))),
    );
  } else {
    for (const each of spec.nodes) {
      // oxlint-disable-next-line no-await-in-loop -- the chain is told a port that is free now
      nodes.push(await bootNode(each, chainPort, options));
    }
  }
  for (const [index, node] of nodes.entries()) {
    for (const other of nodes.slice(index + 1)) {
      // oxlint-disable-next-line no-await-in-loop -- one handshake after the other
      await (chainPort === undefined
        ? node.introduce(other)
        : untilKnown(node, other, options.leftovers));
    }
  }
  return nodes;
}

/** The port of the chain, which is started unless it is there. */
async function provideChain({
  spec,
  leftovers,
  output,
}: GroupOptions): Promise<number | undefined> {
  const { fakechainPort: port } = spec;
  if (port === undefined || (await isChainThere(port))) return port;
  if (findAnvil() === undefined) {
    output.line(
      `anvil is not there for fakechain_router = ${port}: the nodes know each other without a chain`,
    );
    return undefined;
  }
  const chain = await startChain({ port });
  leftovers.add(() => chain.stop());
  output.line(`Started a chain at ${chain.url}`);
  return port;
}

async function bootNode(
  spec: TestSpec["nodes"][number],
  chainPort: number | undefined,
  { file, main, leftovers, output }: GroupOptions,
): Promise<TestNode> {
  const password = spec.password ?? DEFAULT_FAKE_PASSWORD;
  if (leftovers.isEnded) throw interrupted();
  const home = await prepareTestHome(spec.home, password);
  if (!file.persistHome) leftovers.add(() => home.remove());
  const node = new TestNode(spec, {
    main,
    password,
    chainPort,
    print: (line) => {
      if (file.alwaysPrintNodeOutput) output.line(`[${spec.name}] ${plain(line)}`);
    },
  });
  leftovers.add(() => node.stop());
  await node.ready();
  await untilTesterReady(node, leftovers);
  output.line(`${node.name} runs at ${node.url}`);
  return node;
}

/** Asks for the drive as the existing kit does, and then for what that does not show: that it can be written to. */
async function untilTesterReady(node: TestNode, leftovers: Leftovers): Promise<void> {
  await until(leftovers, `the tester of ${node.name} does not start`, async () => {
    await node.ask("vfs:distro:sys", { path: TESTS_DRIVE, action: "ReadDir" });
    await node.write(CAPABILITIES_FILE, new TextEncoder().encode("{}"));
  });
}

/** Both have read the other's name on the chain. */
async function untilKnown(one: TestNode, other: TestNode, leftovers: Leftovers): Promise<void> {
  const greet = async (from: TestNode, to: TestNode): Promise<void> =>
    until(leftovers, `${from.name} does not reach ${to.name}`, async () => {
      await from.ask("net:distro:sys", "hello", { node: to.name, timeoutSeconds: 5 });
    });
  await greet(one, other);
  await greet(other, one);
}

function interrupted(): NodeError {
  return new NodeError({ code: "node.test-run", reason: "stopped" }, "The run was stopped");
}

/** Tries until it works. @throws {NodeError} it never did */
async function until(
  leftovers: Leftovers,
  what: string,
  attempt: () => Promise<void>,
): Promise<void> {
  for (const deadline = performance.now() + READY_MS; ;) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- until it works
      await attempt();
      return;
    } catch (thrown) {
      if (leftovers.isEnded) throw interrupted();
      if (performance.now() < deadline) {
        // oxlint-disable-next-line no-await-in-loop -- as above
        await Bun.sleep(LOOK_MS);
        continue;
      }
      const reason = `${what}: ${errorText(thrown)}`;
      throw new NodeError({ code: "node.test-run", reason }, reason);
    }
  }
}

async function loadNode(
  node: TestNode,
  setups: readonly Setup[],
  tests: readonly BuiltTest[],
): Promise<void> {
  for (const { built, run } of setups) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    if (run) await node.install(built.zip);
    // oxlint-disable-next-line no-await-in-loop
    await writeAll(node, SETUP_DRIVE, built.files);
  }
  // oxlint-disable-next-line no-await-in-loop
  for (const test of tests) await writeAll(node, TESTS_DRIVE, test.files);
  const rights = Object.fromEntries(tests.map((test) => [test.name, test.rights]));
  await node.write(CAPABILITIES_FILE, new TextEncoder().encode(JSON.stringify(rights)));
}

async function writeAll(
  node: TestNode,
  drive: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  for (const [name, bytes] of files) {
    // oxlint-disable-next-line no-await-in-loop -- large ones fill the memory
    await node.write(`${drive}/${name}`, bytes);
  }
}

/**
 * Each test is a run of its own, so that one that fails does not hide those after it (§26 row 12).
 * The first node is the master and comes last.
 */
async function runTest(
  test: BuiltTest,
  nodes: readonly TestNode[],
  { timeoutSeconds }: TestSpec,
): Promise<TestResult> {
  const body = {
    Run: {
      input_node_names: nodes.map(({ name }) => name),
      test_names: [test.name],
      test_timeout: timeoutSeconds,
    },
  };
  const [master, ...others] = nodes;
  for (const node of others) {
    // oxlint-disable-next-line no-await-in-loop -- in their order
    const ready = await readVerdict(test, await node.ask(TESTER, body));
    if (ready.failure !== undefined) return ready;
  }
  const patience = timeoutSeconds + ANSWER_SECONDS;
  return await readVerdict(test, await master!.ask(TESTER, body, { timeoutSeconds: patience }));
}

function showOutput(nodes: readonly TestNode[], output: Output): void {
  for (const { name, lines } of nodes) {
    output.line(`What ${name} printed:`);
    for (const line of lines) output.line(`  ${plain(line)}`);
  }
}
