import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BuildRequest, ToolRunner } from "./contract.ts";
import { BUILD_SECTION, python, withBuildSection } from "./python-bun.ts";

const folder = mkdtempSync(join(tmpdir(), "kinode-python-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const COMPONENT = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0);

interface FakePython {
  readonly version: string;
  readonly hasVenv?: boolean;
}

/** Programs that only leave the files behind which the real ones would. */
function fakePython(fake: FakePython, commands: string[][] = []): ToolRunner {
  return {
    find: (program) =>
      program === "python3" && fake.version !== "" ? "/usr/bin/python3" : undefined,
    run: async (command) => {
      commands.push([...command]);
      if (command.includes("import venv, ensurepip") && fake.hasVenv === false) {
        throw new Error("No module named ensurepip");
      }
      if (command.includes("venv")) mkdirSync(join(command.at(-1)!, "bin"), { recursive: true });
      if (command.some((part) => part.startsWith("componentize-py=="))) {
        writeFileSync(join(command[0]!, "../componentize-py"), "");
      }
      if (command.includes("bindings")) mkdirSync(command.at(-1)!, { recursive: true });
      if (command.includes("--target")) mkdirSync(command[command.indexOf("--target") + 1]!);
      if (command.includes("-o")) writeFileSync(command[command.indexOf("-o") + 1]!, COMPONENT);
      return await Promise.resolve(`Python ${fake.version}\n`);
    },
  };
}

function request(tools: ToolRunner): BuildRequest {
  const workFolder = join(folder, "target/build/python");
  mkdirSync(workFolder, { recursive: true });
  mkdirSync(join(folder, "counter/src"), { recursive: true });
  writeFileSync(join(folder, "counter/src/lib.py"), "");
  return {
    sourceFolder: join(folder, "counter"),
    packageFolder: folder,
    name: "counter",
    workFolder,
    witFolder: join(import.meta.dir, "../../../../wit/kinode-process-1.0.0"),
    world: "process-v1",
    tools,
  };
}

describe("Python", () => {
  test("is missing when there is none, when it is too old, and when it cannot make environments", async () => {
    const missing = (fake: FakePython) => python.missingTools(fakePython(fake));
    expect(await missing({ version: "" })).toMatchObject([{ what: "Python 3" }]);
    expect(await missing({ version: "3.9.2" })).toMatchObject([
      { what: "Python 3.10 (this is Python 3.9.2)" },
    ]);
    expect(await missing({ version: "3.11.7", hasVenv: false })).toMatchObject([
      { what: "Python's module venv", howTo: expect.stringContaining("python3-venv") },
    ]);
    expect(await missing({ version: "3.11.7" })).toEqual([]);
  });

  test("owns folders with src/lib.py, as existing packages have it", () => {
    expect(python.owns(request(fakePython({ version: "3.11.7" })).sourceFolder)).toBe(true);
    expect(python.owns(folder)).toBe(false);
  });

  test("installs the tool once and the requirements when they change", async () => {
    const commands: string[][] = [];
    const asked = request(fakePython({ version: "3.11.7" }, commands));
    const requirements = join(asked.sourceFolder, "requirements.txt");
    const installs = async (): Promise<number> => {
      commands.length = 0;
      await python.build(asked);
      return commands.filter((command) => command.includes("install")).length;
    };
    expect(await installs()).toBe(1);
    expect(await installs()).toBe(0);
    writeFileSync(requirements, "attrs==25.1.0\n");
    expect(await installs()).toBe(1);
    expect(await installs()).toBe(0);
    writeFileSync(requirements, "attrs==25.2.0\n");
    expect(await installs()).toBe(1);
    const built = commands.at(-1)!;
    expect(built).toContain("kinode_app");
    expect(
      built
        .filter((part) => part.startsWith(folder))
        .every((path) => path.endsWith(".wasm") || existsSync(path)),
    ).toBe(true);
    expect(readFileSync(join(asked.workFolder, "wit/world.wit"), "utf8")).toContain(
      "world process-v1",
    );
  });

  test("wraps main, and takes a class of the program as it is, for any interface", async () => {
    const asked = request(fakePython({ version: "3.11.7" }));
    const app = join(asked.workFolder, "counter-app/kinode_app.py");
    await python.build(asked);
    expect(readFileSync(app, "utf8")).toContain("kinode.process(lib.main)");
    const older = {
      ...asked,
      witFolder: join(import.meta.dir, "../../../../wit/kinode-process-0.8.0"),
    };
    const thrown: unknown = await python.build(older).catch((error: unknown) => error);
    expect(String(thrown)).toContain("the library for Python speaks kinode:process@1.0.0");
    writeFileSync(join(asked.sourceFolder, "src/lib.py"), "class WitWorld:\n    pass\n");
    await python.build(older);
    expect(readFileSync(app, "utf8")).toBe("from lib import WitWorld\n");
    writeFileSync(join(asked.sourceFolder, "src/lib.py"), "");
  });

  test("marks what it built, at the end and in a custom section", async () => {
    const built = await python.build(request(fakePython({ version: "3.11.7" })));
    expect(built.subarray(0, COMPONENT.length)).toEqual(COMPONENT);
    const section = built.subarray(COMPONENT.length);
    expect(section[0]).toBe(0);
    expect(section[1]).toBe(section.length - 2);
    expect(new TextDecoder().decode(section.subarray(3))).toBe(
      `${BUILD_SECTION}componentize-py==0.25.1`,
    );
    expect(withBuildSection(COMPONENT, "x".repeat(300)).length).toBe(
      COMPONENT.length + 3 + 1 + 12 + 300,
    );
  });
});
