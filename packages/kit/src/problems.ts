/**
 * Reads one JSON file of a package against a schema and says where it is wrong.
 * @module
 */
import * as v from "valibot";
import { badPackage, type Problem } from "./errors.ts";
import { JsonSyntaxError, parseJsonSource, type JsonPath, type JsonSource } from "./json-source.ts";

export interface ReadOptions {
  /**
   * Strict (default): any problem fails the whole file. Lax: an entry with a problem is skipped and told,
   * as the existing system does.
   */
  readonly mode?: "strict" | "lax";
  /** Name used in messages. */
  readonly file?: string;
}

/** Collects problems of one file. */
export class FileReader {
  readonly problems: Problem[] = [];
  readonly source: JsonSource;
  readonly #file: string;

  /** @throws {PackageError} the text is not JSON */
  constructor(file: string, text: string) {
    this.#file = file;
    try {
      this.source = parseJsonSource(text);
    } catch (thrown) {
      if (!(thrown instanceof JsonSyntaxError)) throw thrown;
      throw badPackage([
        { file, line: thrown.line, message: `this is not JSON: ${thrown.message}` },
      ]);
    }
  }

  report(path: JsonPath, message: string): void {
    this.problems.push({ file: this.#file, line: this.source.lineOf(path), message });
  }

  /** The value at `path` in its typed form, or `undefined` with its problems reported. */
  check<S extends v.GenericSchema>(
    schema: S,
    path: JsonPath,
    value: unknown,
  ): v.InferOutput<S> | undefined {
    const result = v.safeParse(schema, value);
    if (result.success) return result.output;
    for (const issue of result.issues) {
      const inner = (issue.path ?? []).map((step) => step.key as string | number);
      this.report([...path, ...inner], describe(issue, inner));
    }
    return undefined;
  }

  /** @throws {PackageError} in strict mode when there are problems */
  finish(options: ReadOptions): readonly Problem[] {
    if (this.problems.length > 0 && options.mode !== "lax") throw badPackage(this.problems);
    return this.problems;
  }
}

function describe(issue: v.BaseIssue<unknown>, path: JsonPath): string {
  const key = path.at(-1);
  const isMissing = issue.received === "undefined" && typeof key === "string";
  if (isMissing) return `the key "${key}" is missing`;
  return issue.message;
}
