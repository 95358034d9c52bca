/**
 * `kinode new`: a folder with a package to start from.
 * Source: spec/packages-and-tools.md §22, §24; languages/README.md says what the templates do.
 * @module
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { PackageError } from "./errors.ts";
import type { LanguageId } from "./languages/contract.ts";
import { isCheckout, linkOwnPackages, linkProgram, ownFolder } from "./own-packages-bun.ts";
import {
  checkPackageName,
  checkPublisher,
  rewriteNames,
  TEMPLATE_PUBLISHER,
} from "./project-names.ts";
import { sourceFiles } from "./read-files-bun.ts";

/** A template, as lists show it. */
export interface Template {
  readonly language: LanguageId;
  /** As a person writes the language. */
  readonly label: string;
  /** What can be made instead of the package that shows everything, by `starter`. */
  readonly starters: readonly string[];
}

export interface NewProject {
  /** Folder to make. */
  readonly folder: string;
  /** Default: the folder's name. */
  readonly name?: string | undefined;
  readonly publisher?: string | undefined;
  readonly language?: LanguageId | undefined;
  readonly starter?: string | undefined;
  /** Absolute path of the program `kinode` that runs this, for the scripts of `package.json`. */
  readonly program?: string | undefined;
}

export interface NewProjectReport {
  /** Absolute. */
  readonly folder: string;
  /** Package id. */
  readonly id: string;
  readonly language: LanguageId;
  /** Relative, sorted. */
  readonly files: readonly string[];
}

/** Settings of tools, the same for all starters of a language. */
const SHARED = ["package.json", "tsconfig.json", "jsconfig.json"];
const ROOT = join(import.meta.dir, "../languages");
const LABELS: readonly (readonly [LanguageId, string])[] = [
  ["typescript", "TypeScript"],
  ["javascript", "JavaScript"],
  ["rust", "Rust"],
  ["go", "Go"],
  ["c", "C"],
  ["cpp", "C++"],
  ["python", "Python"],
];
/** Git's own file cannot be in an npm package, so every project gets this one. */
const GITIGNORE = `node_modules/
target/
pkg/*.js
pkg/*.js.map
pkg/*.wasm
pkg/*.wasm.map
pkg/api.zip
__pycache__/
`;

/** Types of the Bun that runs this, whose patch versions may lag behind. */
const BUN_TYPES = `^${Bun.version.split(".").slice(0, 2).join(".")}.0`;

const namesIn = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).sort() : [];

/** The templates that are part of this kit. */
export function listTemplates(): Template[] {
  return LABELS.filter(([language]) => existsSync(join(ROOT, language, "template"))).map(
    ([language, label]) => ({
      language,
      label,
      starters: namesIn(join(ROOT, language, "starters")),
    }),
  );
}

/** @throws {PackageError} `kit.no-template` */
function templateFolder(language: string, starter: string | undefined): string {
  const template = listTemplates().find((each) => each.language === language);
  if (template === undefined) {
    const known = listTemplates().map((each) => each.language);
    throw new PackageError(
      { code: "kit.no-template", template: language },
      `There is no template "${language}"`,
      { hint: `There are ${known.join(", ")}` },
    );
  }
  if (starter === undefined) return join(ROOT, language, "template");
  if (template.starters.includes(starter)) return join(ROOT, language, "starters", starter);
  const known = template.starters.join(", ");
  throw new PackageError(
    { code: "kit.no-template", template: starter },
    `${template.label} has no starter "${starter}"`,
    { hint: known === "" ? "Leave it out" : `There are ${known}` },
  );
}

function checkEmpty(folder: string): void {
  if (namesIn(folder).every((name) => name === ".git")) return;
  throw new PackageError({ code: "kit.not-empty", folder }, `The folder "${folder}" is not empty`, {
    hint: "Name a folder that does not exist yet",
  });
}

interface Manifest {
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const PROGRAM = "kinode";

/** Links to the checkout this kit runs from: no registry has its packages. */
function linkVersions(value: Manifest, program: string | undefined): void {
  const link = (name: string): string => `link:${ownFolder(name)}`;
  setVersions(value, link);
  if (program === undefined) delete value.devDependencies?.[PROGRAM];
  else if (value.devDependencies !== undefined) {
    // The program is `<its folder>/src/main.ts`.
    value.devDependencies[PROGRAM] = `link:${dirname(dirname(program))}`;
  }
}

/** Packages of a registry, at the version of this kit; the program itself is not on one, the kit's own has what builds. */
function registryVersions(value: Manifest): void {
  if (value.devDependencies?.[PROGRAM] !== undefined) {
    delete value.devDependencies[PROGRAM];
    value.devDependencies["@kinode-ts/kit"] = "*";
  }
  setVersions(value, () => `^${manifest.version}`);
  for (const [name, command] of Object.entries(value.scripts ?? {})) {
    value.scripts![name] = command.replace(/^kinode build$/, "kinode-kit build");
  }
}

function setVersions(value: Manifest, own: (name: string) => string): void {
  for (const part of [value.dependencies, value.devDependencies]) {
    for (const name of Object.keys(part ?? {})) {
      if (part![name] !== "*" || name === PROGRAM) continue;
      part![name] = name.startsWith("@kinode-ts/") ? own(name) : BUN_TYPES;
    }
  }
}

/** Fills in the versions that a template leaves open. */
function withVersions(text: string, program: string | undefined): string {
  const value = JSON.parse(text) as Manifest;
  if (isCheckout()) linkVersions(value, program);
  else registryVersions(value);
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Files of a template by their path in it, and those that a starter shares with its language's template. */
function templateFiles(from: string): [string, string][] {
  const files = new Map(sourceFiles(from).map((path) => [path.slice(from.length + 1), path]));
  for (const name of SHARED) {
    const path = join(from, "../../template", name);
    if (!files.has(name) && existsSync(path)) files.set(name, path);
  }
  return [...files];
}

function copyTemplate(
  from: string,
  to: string,
  rewrite: (text: string) => string,
  program: string | undefined,
): string[] {
  const files = templateFiles(from).filter(
    ([path]) => !/^pkg\/(?:[^/]+\.(?:wasm|js|map)|api\.zip)$/.test(path),
  );
  const written: string[] = [];
  const write = (path: string, content: string | Uint8Array): void => {
    const target = join(to, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
    written.push(path);
  };
  for (const [path, source] of files) {
    const bytes = new Uint8Array(readFileSync(source));
    // What has a zero byte is an image or the like.
    const text = bytes.includes(0) ? undefined : rewrite(new TextDecoder().decode(bytes));
    const isManifest = path === "package.json" && text !== undefined;
    write(rewrite(path), isManifest ? withVersions(text, program) : (text ?? bytes));
  }
  write(".gitignore", GITIGNORE);
  return written.sort();
}

/**
 * Makes a package folder from a template.
 * @throws {PackageError} `kit.bad-name`, `kit.not-empty`, `kit.no-template`
 */
export function createProject(project: NewProject): NewProjectReport {
  const folder = resolve(project.folder);
  const name = project.name ?? basename(folder);
  const { language = "typescript", publisher = TEMPLATE_PUBLISHER, program } = project;
  checkPackageName(name);
  checkPublisher(publisher);
  const template = templateFolder(language, project.starter);
  checkEmpty(folder);
  const files = copyTemplate(
    template,
    folder,
    (text) => rewriteNames(text, name, publisher),
    program,
  );
  if (files.includes("package.json") && isCheckout()) {
    linkOwnPackages(folder, ["@kinode-ts/stdlib", "@types/bun"]);
    if (program !== undefined) linkProgram(folder, "kinode", program);
  }
  return { folder, id: `${name}:${publisher}`, language, files };
}
