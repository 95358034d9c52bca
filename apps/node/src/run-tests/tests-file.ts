/**
 * `tests.toml`: which packages are tested on which nodes.
 * Source: spec/packages-and-tools.md §20.2.
 * @module
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { errorText, isNameSafeNode } from "@kinode-ts/types";
import * as v from "valibot";
import { NodeError } from "../boot/errors.ts";

/** Where the nodes' program comes from, as it is written. */
export type Runtime = { readonly FetchVersion: string } | { readonly RepoPath: string };

/** One node of a test. */
export interface TestNodeSpec {
  /** Of the web interface; 0: the system chooses. */
  readonly port: number;
  /** Absolute. */
  readonly home: string;
  readonly name: string;
  readonly password: string | undefined;
  readonly rpc: string | undefined;
  readonly verbosity: number;
}

/** A package that a test needs. */
export interface SetupPackage {
  /** Absolute. */
  readonly path: string;
  /** Whether its processes are started. */
  readonly run: boolean;
}

/** One `[[tests]]`; paths are absolute. */
export interface TestSpec {
  readonly dependencyPackagePaths: readonly string[];
  readonly setupPackages: readonly SetupPackage[];
  readonly setupScripts: readonly string[];
  readonly testPackagePaths: readonly string[];
  readonly testScripts: readonly string[];
  readonly timeoutSeconds: number;
  /** Port of the local chain; `undefined`: none. */
  readonly fakechainPort: number | undefined;
  readonly nodes: readonly TestNodeSpec[];
}

export interface TestsFile {
  /** Absolute; paths in the file are relative to its folder. */
  readonly file: string;
  readonly runtime: Runtime | undefined;
  readonly runtimeBuildRelease: boolean;
  readonly persistHome: boolean;
  readonly alwaysPrintNodeOutput: boolean;
  readonly tests: readonly TestSpec[];
}

const text = v.pipe(v.string("a text is expected"), v.nonEmpty("it is empty"));
const texts = v.optional(v.array(text, "a list of texts is expected"), []);
const flag = v.optional(v.boolean("true or false is expected"), false);
const whole = (min: number, max: number) => {
  const expected = `a whole number from ${min} to ${max} is expected`;
  return v.pipe(
    v.number(expected),
    v.integer(expected),
    v.minValue(min, expected),
    v.maxValue(max, expected),
  );
};
const port = whole(0, 65_535);

const nodeName = v.pipe(
  text,
  v.transform((name) => (name.includes(".") ? name : `${name}.dev`)),
  v.check(
    (name) => isNameSafeNode(name) && /^[^.]+\.(?:dev|os)$/.test(name),
    "a name such as first or first.dev is expected",
  ),
);

const nodeSchema = v.strictObject({
  port,
  home: text,
  fake_node_name: nodeName,
  password: v.optional(text),
  rpc: v.optional(text),
  runtime_verbosity: v.optional(whole(0, 3), 0),
});

const testSchema = v.strictObject({
  dependency_package_paths: texts,
  setup_packages: v.optional(
    v.array(v.strictObject({ path: text, run: flag }), "a list is expected"),
    [],
  ),
  setup_scripts: texts,
  test_package_paths: v.optional(v.array(text, "a list of texts is expected"), []),
  test_scripts: texts,
  timeout_secs: v.optional(whole(1, 86_400), 5),
  fakechain_router: v.optional(port, 0),
  nodes: v.pipe(v.array(nodeSchema, "a list of nodes is expected"), v.minLength(1, "it is empty")),
});

const fileSchema = v.strictObject({
  runtime: v.optional(
    v.union(
      [v.strictObject({ FetchVersion: text }), v.strictObject({ RepoPath: text })],
      '{ FetchVersion = "…" } or { RepoPath = "…" } is expected',
    ),
  ),
  runtime_build_release: flag,
  persist_home: flag,
  always_print_node_output: flag,
  tests: v.pipe(v.array(testSchema, "a list of tests is expected"), v.minLength(1, "it is empty")),
});

type Content = v.InferOutput<typeof fileSchema>;

/** `tests[1].nodes[0].port`. */
function keyText(path: readonly (string | number)[]): string {
  return path
    .map((step, index) =>
      typeof step === "number" ? `[${step}]` : index === 0 ? step : `.${step}`,
    )
    .join("");
}

function describe(issue: v.BaseIssue<unknown>): string {
  const path = (issue.path ?? []).map((step) => step.key as string | number);
  const what =
    issue.expected === "never"
      ? "there is no such key"
      : issue.received === "undefined" && issue.type === "strict_object"
        ? "it is missing"
        : issue.message;
  return `${keyText(path)}: ${what}`;
}

function fault(file: string, problems: readonly string[]): NodeError {
  const lines = problems.map((problem) => `${file}: ${problem}`);
  return new NodeError({ code: "node.tests-file", file, problems }, lines.join("\n"));
}

/** Files of more lines are told about as a whole. */
const MAX_SEARCHED_LINES = 1_000;

function isToml(source: string): boolean {
  try {
    Bun.TOML.parse(source);
    return true;
  } catch {
    return false;
  }
}

/** Where the statement begins that is wrong, from 1: the parser does not say, but reads everything before it. */
function wrongLine(source: string): number | undefined {
  const lines = source.split("\n");
  if (lines.length > MAX_SEARCHED_LINES) return undefined;
  for (let count = lines.length - 1; count > 0; count -= 1) {
    if (isToml(lines.slice(0, count).join("\n"))) return count + 1;
  }
  return 1;
}

function parseToml(file: string, source: string): unknown {
  try {
    return Bun.TOML.parse(source);
  } catch (thrown) {
    const line = wrongLine(source);
    const why = errorText(thrown).replace(/^TOML Parse error: /, "");
    const where = line === undefined ? file : `${file}:${line}`;
    throw fault(where, [`this is not TOML: ${why}`]);
  }
}

/** What no schema of one value can say. */
function checkTogether({ tests }: Content): string[] {
  return tests.flatMap((test, index) => {
    const names = test.nodes.map((node) => node.fake_node_name);
    const ports = test.nodes.map((node) => node.port).filter((each) => each !== 0);
    const homes = test.nodes.map(({ home }) => home);
    const twice = (values: readonly (string | number)[], key: string): string[] =>
      values
        .filter((value, at) => values.indexOf(value) !== at)
        .map((value) => `tests[${index}].nodes: two of them have the ${key} ${value}`);
    const isEmpty = test.test_package_paths.length === 0 && test.test_scripts.length === 0;
    return [
      ...twice(names, "fake_node_name"),
      ...twice(ports, "port"),
      ...twice(homes, "home"),
      ...(isEmpty ? [`tests[${index}].test_package_paths: it is missing or empty`] : []),
    ];
  });
}

function toSpec(test: Content["tests"][number], absolute: (path: string) => string): TestSpec {
  return {
    dependencyPackagePaths: test.dependency_package_paths.map(absolute),
    setupPackages: test.setup_packages.map(({ path, run }) => ({ path: absolute(path), run })),
    setupScripts: test.setup_scripts,
    testPackagePaths: test.test_package_paths.map(absolute),
    testScripts: test.test_scripts,
    timeoutSeconds: test.timeout_secs,
    fakechainPort: test.fakechain_router === 0 ? undefined : test.fakechain_router,
    nodes: test.nodes.map((node) => ({
      port: node.port,
      home: absolute(node.home),
      name: node.fake_node_name,
      password: node.password,
      rpc: node.rpc,
      verbosity: node.runtime_verbosity,
    })),
  };
}

/**
 * @param file - its path, for errors; relative paths in it start at its folder
 * @throws {NodeError} `node.tests-file`: everything that is wrong, each with its key
 */
export function parseTestsFile(file: string, source: string): TestsFile {
  const checked = v.safeParse(fileSchema, parseToml(file, source));
  if (!checked.success) throw fault(file, checked.issues.map(describe));
  const { output: content } = checked;
  const problems = checkTogether(content);
  if (problems.length > 0) throw fault(file, problems);
  const folder = dirname(resolve(file));
  const absolute = (path: string): string =>
    path.startsWith("~/") ? join(homedir(), path.slice(2)) : resolve(folder, path);
  const { runtime } = content;
  return {
    file: resolve(file),
    runtime:
      runtime !== undefined && "RepoPath" in runtime
        ? { RepoPath: absolute(runtime.RepoPath) }
        : runtime,
    runtimeBuildRelease: content.runtime_build_release,
    persistHome: content.persist_home,
    alwaysPrintNodeOutput: content.always_print_node_output,
    tests: content.tests.map((test) => toSpec(test, absolute)),
  };
}

/**
 * Finds and reads the file.
 * @param path - the file, a folder with it, or a package with it in `test/`
 * @throws {NodeError} there is none, or it is wrong
 */
export function readTestsFile(path: string): TestsFile {
  const candidates = [path, join(path, "tests.toml"), join(path, "test", "tests.toml")];
  const file = candidates.find((each) => existsSync(each) && statSync(each).isFile());
  if (file === undefined) {
    throw new NodeError(
      { code: "node.usage", reason: "no tests.toml" },
      `There is no tests.toml in "${path}" and none in its folder test`,
      { hint: 'docs/guides/testing.md has one; "kinode test" runs tests that need none' },
    );
  }
  return parseTestsFile(file, readFileSync(file, "utf8"));
}
