/**
 * One run of the builder over one folder: what has changed is built, the rest is left.
 * @module
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { API_ZIP, readApiFiles, writeApi } from "./build-api-bun.ts";
import type { BuildOptions } from "./build-options.ts";
import {
  buildProgram,
  type BuildSurroundings,
  type BuiltProgram,
  componentInputs,
  requestFor,
  SCRIPT_TOOLCHAIN,
  toolchainOf,
} from "./build-program-bun.ts";
import { BuildRecord } from "./build-record-bun.ts";
import { buildUi, hasUi } from "./build-ui-bun.ts";
import { missingToolsError } from "./errors.ts";
import type { Language, MissingTool } from "./languages/contract.ts";
import { isExporter, type PackageFolder } from "./package-folder-bun.ts";
import type { ProgramSource } from "./package-sources-bun.ts";
import { createToolRunner } from "./tool-runner-bun.ts";
import { prepareWit } from "./wit-folder-bun.ts";
import type { DependencyApi, PackageApi } from "./wit/package-api-bun.ts";

interface Job {
  readonly file: string;
  readonly source: ProgramSource;
  /** `undefined` when its tools are missing. */
  readonly toolchain: string | undefined;
}

/** One run of the builder over one folder. */
export class PackageBuild {
  readonly built: string[] = [];
  readonly unchanged: string[] = [];
  readonly #around: BuildSurroundings;
  readonly #record: BuildRecord;
  readonly #options: BuildOptions;
  readonly #missingTools = new Map<Language, Promise<readonly MissingTool[]>>();

  constructor(
    pkg: PackageFolder,
    options: BuildOptions,
    api: PackageApi,
    dependencies: readonly DependencyApi[],
  ) {
    const wit = new Map([...dependencies.flatMap((each) => [...each.wit]), ...api.madeWit]);
    this.#around = {
      pkg,
      tools: options.tools ?? createToolRunner(),
      witFolder: prepareWit(pkg.folder, pkg.metadata, wit),
      world: options.world,
      features: options.features,
      api,
      exporters: writeExporters(pkg.folder, dependencies),
    };
    this.#record = new BuildRecord(pkg.folder);
    this.#options = options;
  }

  async run(): Promise<void> {
    try {
      if (this.#options.ui !== "only") await this.#buildPrograms();
      await this.#buildUi();
      if (this.#options.ui !== "only") this.#buildApi();
    } finally {
      // Also after a failure: what was built before it stays built.
      this.#record.save();
    }
  }

  async #buildPrograms(): Promise<void> {
    const jobs = await this.#listJobs();
    await this.#checkTools(jobs.filter((job) => !this.#isCurrent(job)));
    // Programs may be linked with the components that this package exports: those come first.
    for (const job of jobs.filter(({ file }) => isExporter(file))) await this.#buildJob(job);
    for (const job of jobs.filter(({ file }) => !isExporter(file))) await this.#buildJob(job);
  }

  async #buildJob(job: Job): Promise<void> {
    if (this.#isCurrent(job)) {
      this.unchanged.push(job.file);
      return;
    }
    const exporters = this.#exportersFor(job.file);
    this.#write(job, await buildProgram(job.file, job.source, { ...this.#around, exporters }));
    this.built.push(job.file);
  }

  /** Components that a program may be linked with: of the packages it uses, and the package's own. */
  #exportersFor(file: string): readonly string[] {
    const { exporters, pkg } = this.#around;
    if (isExporter(file)) return exporters;
    const own = [...pkg.sources.keys()].filter(isExporter);
    return [...exporters, ...own.map((name) => join(pkg.folder, "target/api", name))].filter(
      (path) => existsSync(path),
    );
  }

  async #listJobs(): Promise<Job[]> {
    const jobs: Job[] = [];
    for (const [file, source] of this.#around.pkg.sources) {
      if (!this.#isWanted(file, source)) continue;
      if (this.#isPrebuilt(file)) this.unchanged.push(file);
      else jobs.push({ file, source, toolchain: await this.#toolchain(source) });
    }
    return jobs;
  }

  async #toolchain(source: ProgramSource): Promise<string | undefined> {
    if (source.kind !== "component") {
      // With its entry: a file that takes the place of another one is not among the inputs known so far.
      return `${SCRIPT_TOOLCHAIN}, ${relative(this.#around.pkg.folder, source.entry)}`;
    }
    if ((await this.#missing(source.language)).length > 0) return undefined;
    return await toolchainOf(source.language, this.#around);
  }

  #missing(language: Language): Promise<readonly MissingTool[]> {
    const known = this.#missingTools.get(language) ?? language.missingTools(this.#around.tools);
    this.#missingTools.set(language, known);
    return known;
  }

  /** @throws {PackageError} with everything that is missing for all programs at once */
  async #checkTools(pending: readonly Job[]): Promise<void> {
    const missing = new Map<string, MissingTool>();
    for (const { source } of pending) {
      if (source.kind !== "component") continue;
      for (const tool of await this.#missing(source.language)) missing.set(tool.what, tool);
    }
    if (missing.size > 0) throw missingToolsError([...missing.values()]);
  }

  #isCurrent({ file, source, toolchain }: Job): boolean {
    if (this.#options.force === true) return false;
    const inputs =
      source.kind === "component"
        ? [
            ...componentInputs(source, requestFor(file, source, this.#around)),
            ...this.#exportersFor(file),
          ]
        : undefined;
    return this.#record.isCurrent(file, toolchain, inputs);
  }

  #isPrebuilt(file: string): boolean {
    const { folder, settings } = this.#around.pkg;
    const name = file.replace(/\.[a-z]+$/, "");
    const isNamed = settings.prebuilt.some((each) => each === file || each === name);
    return isNamed && this.#options.force !== true && existsSync(join(folder, "pkg", file));
  }

  #isWanted(file: string, source: ProgramSource): boolean {
    const { include, exclude } = this.#options;
    const place = source.kind === "component" ? source.folder : source.entry;
    const isAmong = (list: readonly string[]): boolean =>
      list.some((each) => isCalled(each, file, place, this.#around.pkg.folder));
    return !isAmong(exclude ?? []) && (include === undefined || isAmong(include));
  }

  #write({ file, source, toolchain = "" }: Job, { files, inputs }: BuiltProgram): void {
    const folder = programFolder(this.#around.pkg.folder, file);
    mkdirSync(folder, { recursive: true });
    const outputs: string[] = [];
    for (const [name, bytes] of files) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
      outputs.push(path);
    }
    const settings = source.kind === "component" ? [] : this.#scriptSettings();
    this.#record.set(file, toolchain, [...inputs, ...settings], outputs);
  }

  /** Files that change how a script is bundled and that the bundler does not count among its inputs. */
  #scriptSettings(): string[] {
    return ["tsconfig.json", "package.json"].map((name) => join(this.#around.pkg.folder, name));
  }

  async #buildUi(): Promise<void> {
    const { folder } = this.#around.pkg;
    const { ui, include, exclude, force } = this.#options;
    const isWanted =
      ui === "only" || (exclude?.includes("ui") !== true && include?.includes("ui") !== false);
    if (ui === "none" || !isWanted || !hasUi(folder)) return;
    const isBuilt = await buildUi(folder, this.#around.tools, this.#record, force === true);
    (isBuilt ? this.built : this.unchanged).push("ui");
  }

  #buildApi(): void {
    const { pkg } = this.#around;
    const made = new Map(this.#around.api.files);
    for (const file of [...pkg.sources.keys()].filter(isExporter)) {
      const path = join(programFolder(pkg.folder, file), file);
      if (existsSync(path)) made.set(file, new Uint8Array(readFileSync(path)));
    }
    const added = [...pkg.metadata.apiIncludes, ...(this.#options.addToApi ?? [])];
    const files = readApiFiles(pkg.folder, made, added);
    if (files.size === 0) return;
    const isBuilt = writeApi(pkg.folder, files);
    (isBuilt ? this.built : this.unchanged).push(API_ZIP);
  }
}

/**
 * Puts the components that other packages export where programs are linked with them.
 * @returns their paths
 */
function writeExporters(folder: string, dependencies: readonly DependencyApi[]): string[] {
  return dependencies.flatMap(({ id, exporters }) =>
    [...exporters].map(([name, bytes]) => {
      const path = join(folder, "target/build/linked", id.replace(":", "."), name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
      return path;
    }),
  );
}

/** What other packages link is part of the API, not of the programs. */
function programFolder(folder: string, file: string): string {
  return join(folder, isExporter(file) ? "target/api" : "pkg");
}

/** Where a built file stands, relative to the package: what `BuildReport` names. */
export function builtPath(file: string): string {
  return isExporter(file) ? `target/api/${file}` : `pkg/${file}`;
}

/** Whether a word of the command line means a program: its name, its file, or a path to its source or folder. */
function isCalled(word: string, file: string, place: string, folder: string): boolean {
  const name = file.replace(/\.[a-z]+$/, "");
  if (word === file || word === name) return true;
  const path = word.replace(/\/+$/, "");
  return [resolve(folder, path), resolve(path)].some(
    (full) => full === place || place.startsWith(`${full}/`),
  );
}
