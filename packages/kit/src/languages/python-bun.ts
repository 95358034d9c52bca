/**
 * Python: componentize-py puts the program, our process library and CPython into one component.
 *
 * The tool comes from PyPI into a virtual environment of its own below the work folder, once per package. Its output
 * is a snapshot of a started interpreter with random hash seeds in it: the same sources never give the same bytes.
 * @module
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildRequest, Language, MissingTool, ToolRunner } from "./contract.ts";
import { witText } from "./make-component-bun.ts";
import { requireNewestWit } from "./require-wit-bun.ts";

const LIBRARY = fileURLToPath(new URL("../../languages/python/library", import.meta.url));
const TOOL_VERSION = "0.25.1";
const TOOL = `componentize-py==${TOOL_VERSION}`;
const OLDEST: readonly [number, number] = [3, 10];
const GET_PYTHON = `install Python ${OLDEST.join(".")} or newer with its module venv, on Debian: apt install python3-venv`;

/**
 * Name of the custom section that says what built a component. componentize-py never frees lists of bytes it passed
 * out, so a node that reads this may use their memory again for what it passes in.
 */
export const BUILD_SECTION = "kinode:build";

/** The program's `main` as the class that the component exports; others have that class themselves. */
const APP = `import kinode
import lib

WitWorld = kinode.process(lib.main)
`;
const OWN_CLASS_APP = "from lib import WitWorld\n";

async function missingTools(tools: ToolRunner): Promise<readonly MissingTool[]> {
  const missing = (what: string) => [{ what, howTo: GET_PYTHON }];
  if (tools.find("python3") === undefined) return missing("Python 3");
  const version = await pythonVersion(tools);
  const [, major = "0", minor = "0"] = /Python (\d+)\.(\d+)/.exec(version) ?? [];
  if (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1]) {
    return missing(`Python ${OLDEST.join(".")} (this is ${version})`);
  }
  try {
    await tools.run(["python3", "-c", "import venv, ensurepip"], { cwd: LIBRARY });
    return [];
  } catch {
    return missing("Python's module venv");
  }
}

async function pythonVersion(tools: ToolRunner): Promise<string> {
  return (await tools.run(["python3", "--version"], { cwd: LIBRARY })).trim();
}

/** Path of componentize-py, which is installed first if it is not there. */
async function installTool({ workFolder, tools }: BuildRequest): Promise<string> {
  const environment = join(workFolder, `componentize-py-${TOOL_VERSION}`);
  const program = join(environment, "bin/componentize-py");
  if (existsSync(program)) return program;
  // An unfinished one, of a build that was stopped, has no program in it.
  rmSync(environment, { recursive: true, force: true });
  await tools.run(["python3", "-m", "venv", environment], { cwd: workFolder });
  await tools.run([join(environment, "bin/pip"), "install", "--quiet", TOOL], { cwd: workFolder });
  return program;
}

/** Folder with what `requirements.txt` asks for, installed anew when that changes; nothing without such a file. */
async function installRequirements(request: BuildRequest, bin: string): Promise<readonly string[]> {
  const list = join(request.sourceFolder, "requirements.txt");
  if (!existsSync(list)) return [];
  const folder = join(request.workFolder, `${request.name}-requirements`);
  const installed = join(folder, "requirements.txt");
  const wanted = readFileSync(list, "utf8");
  if (existsSync(installed) && readFileSync(installed, "utf8") === wanted) return [folder];
  rmSync(folder, { recursive: true, force: true });
  const command = [join(bin, "pip"), "install", "--quiet", "--target", folder, "-r", list];
  await request.tools.run(command, { cwd: request.sourceFolder });
  writeFileSync(installed, wanted);
  return [folder];
}

/** The library where editors find it, without what Python keeps beside sources. */
function copyLibrary(workFolder: string): string {
  const target = join(workFolder, "library");
  rmSync(target, { recursive: true, force: true });
  cpSync(LIBRARY, target, {
    recursive: true,
    filter: (path) => !path.endsWith("__pycache__"),
  });
  return target;
}

function encodeLength(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...encodeLength(value >>> 7)];
}

/** Appends the section that says what built the component. */
export function withBuildSection(component: Uint8Array, builder: string): Uint8Array {
  const name = new TextEncoder().encode(BUILD_SECTION);
  const content = new TextEncoder().encode(builder);
  const payload = [...encodeLength(name.length), ...name, ...content];
  const section = Uint8Array.from([0, ...encodeLength(payload.length), ...payload]);
  const result = new Uint8Array(component.length + section.length);
  result.set(component);
  result.set(section, component.length);
  return result;
}

const ownsClass = ({ sourceFolder }: BuildRequest): boolean =>
  /^class WitWorld\b/m.test(readFileSync(join(sourceFolder, "src/lib.py"), "utf8"));

async function build(request: BuildRequest): Promise<Uint8Array> {
  const { workFolder, tools, world } = request;
  const program = await installTool(request);
  const environment = join(program, "../..");
  const packages = await installRequirements(request, join(environment, "bin"));
  const library = copyLibrary(workFolder);
  const wit = join(workFolder, "wit");
  mkdirSync(wit, { recursive: true });
  writeFileSync(join(wit, "world.wit"), witText(request.witFolder));
  const app = join(workFolder, `${request.name}-app`);
  mkdirSync(app, { recursive: true });
  const hasOwnClass = ownsClass(request);
  if (!hasOwnClass) requireNewestWit(request, "Python");
  writeFileSync(join(app, "kinode_app.py"), hasOwnClass ? OWN_CLASS_APP : APP);
  const output = join(workFolder, `${request.name}.wasm`);
  const paths = [app, library, ...packages, join(request.sourceFolder, "src")];
  const run = (...command: string[]) =>
    tools.run([program, "--quiet", "-d", wit, "-w", world, ...command], {
      cwd: workFolder,
      // Otherwise the modules of some other environment would go into the component.
      env: { VIRTUAL_ENV: environment, PYTHONPATH: "", PYTHONDONTWRITEBYTECODE: "1" },
    });
  const bindings = join(workFolder, "bindings");
  if (!existsSync(bindings)) await run("bindings", bindings);
  const path = paths.flatMap((folder) => ["-p", folder]);
  await run("componentize", ...path, "-o", output, "kinode_app");
  return withBuildSection(readFileSync(output), TOOL);
}

export const python: Language = {
  id: "python",
  label: "Python",
  owns: (sourceFolder) => existsSync(join(sourceFolder, "src/lib.py")),
  missingTools,
  toolchainVersion: async (tools) => `${await pythonVersion(tools)}, ${TOOL}`,
  extraInputs: () =>
    readdirSync(LIBRARY, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".py"))
      .toSorted()
      .map((name) => join(LIBRARY, name)),
  build,
};
