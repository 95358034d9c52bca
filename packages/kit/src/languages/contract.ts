/**
 * What `kinode build` and `kinode new` know of a guest language. One object per language, listed in `languages.ts`.
 * @module
 */

export type LanguageId = "typescript" | "javascript" | "rust" | "go" | "c" | "cpp" | "python";

/** Something a build needs that is not there, and what to do about it. */
export interface MissingTool {
  /** What is needed, e.g. "Rust's target wasm32-wasip1". */
  readonly what: string;
  /** One command or sentence that gets it. */
  readonly howTo: string;
}

/** Runs a program of the toolchain; kit's own implementation starts a child process. */
export interface ToolRunner {
  /**
   * Output of the program, both streams together, in order.
   * @throws {PackageError} `kit.build-failed` with the program's output when it ends with another code than 0
   */
  run(
    command: readonly string[],
    options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
  ): Promise<string>;
  /** Absolute path of a program, if the PATH has it. */
  find(program: string): string | undefined;
}

export interface BuildRequest {
  /** Folder of one process's source, e.g. `<package>/counter`. */
  readonly sourceFolder: string;
  /** Root of the package. */
  readonly packageFolder: string;
  /** Name of the program without extension, in kebab case: the result becomes `pkg/<name>.wasm`. */
  readonly name: string;
  /** Folder for what the toolchain keeps between builds; private to this language and package. */
  readonly workFolder: string;
  /** Folder with the WIT of the process interface and of the package's own and used APIs. */
  readonly witFolder: string;
  /** World to build for, e.g. `process-v1`. */
  readonly world: string;
  /** Features asked for: for programs that have them. */
  readonly features?: readonly string[] | undefined;
  readonly tools: ToolRunner;
}

/** A language whose programs become components. TypeScript and JavaScript become scripts instead (`bundle-entry-bun.ts`). */
export interface Language {
  readonly id: LanguageId;
  /** As a person writes it, e.g. `Go`. */
  readonly label: string;
  /** Whether this folder holds a process in this language, by its files alone (e.g. a Cargo.toml). */
  owns(sourceFolder: string): boolean;
  /** Everything missing at once, so that a person installs once. */
  missingTools(tools: ToolRunner): Promise<readonly MissingTool[]>;
  /** What the toolchain calls itself; programs are built again when it changes. Asked only when nothing is missing. */
  toolchainVersion?(tools: ToolRunner): Promise<string>;
  /** Files that go into the result besides those in the source folder (shared libraries of the package), absolute. */
  extraInputs(request: BuildRequest): readonly string[];
  /** Builds one component. The same sources and toolchain give the same bytes. */
  build(request: BuildRequest): Promise<Uint8Array>;
}
