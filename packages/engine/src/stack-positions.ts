/**
 * Stack traces of a script in the words of its author: positions of the bundle become positions of the sources, if the map
 * of the bundle lies beside it (`<name>.js.map`). The map is read when the first stack trace is shown, and once.
 * @module
 */
import { parseSourceMap, type SourceMap } from "./source-map.ts";

/** Reads a file beside a program; `undefined`: there is none. */
export type ReadFile = (path: string) => Promise<Uint8Array | undefined>;

/** A larger map is not read. */
const MAX_MAP_BYTES = 32 * 1024 * 1024;
/** A line of a stack trace, with the name the engine gives every script. */
const FRAME = /^(\s*at (?:.*\()?)script\.js:(\d+):(\d+)(?=\)?$)/gm;

export class StackPositions {
  readonly #handle: string;
  readonly #script: string;
  readonly #readFile: ReadFile | undefined;
  #map: SourceMap | undefined;
  #loading: Promise<void> | undefined;
  #isLoaded = false;

  /**
   * @param handle - path of the bundle
   * @param script - its text
   */
  constructor(handle: string, script: string, readFile: ReadFile | undefined) {
    this.#handle = handle;
    this.#script = script;
    this.#readFile = readFile;
    this.#isLoaded = readFile === undefined;
  }

  /** Whether a text has positions of the bundle in it. */
  concerns(text: string): boolean {
    FRAME.lastIndex = 0;
    return text.includes("script.js:") && FRAME.test(text);
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Never rejects: without a map the positions stay those of the bundle. */
  load(): Promise<void> {
    return (this.#loading ??= this.#load());
  }

  async #load(): Promise<void> {
    const bytes = await this.#readFile?.(`${this.#handle}.map`).catch(() => undefined);
    if (bytes !== undefined && bytes.length <= MAX_MAP_BYTES) this.#map = parseSourceMap(bytes);
    this.#isLoaded = true;
  }

  /** The text with every position replaced; the map must be loaded. */
  translate(text: string): string {
    const bundle = this.#handle.slice(this.#handle.lastIndexOf("/") + 1);
    return text.replaceAll(FRAME, (_found, before: string, line: string, column: string) => {
      const at = this.#map === undefined ? 0 : this.#columnOf(Number(line), Number(column));
      const found = this.#map?.find(Number(line), at);
      if (found === undefined) return `${before}${bundle}:${line}:${column}`;
      return `${before}${found.source}:${found.line}:${found.column}`;
    });
  }

  /** The engine counts bytes of UTF-8, maps count UTF-16. */
  #columnOf(line: number, byteColumn: number): number {
    const text = this.#script.split("\n", line)[line - 1] ?? "";
    const bytes = new TextEncoder().encode(text);
    if (bytes.length === text.length) return byteColumn;
    return new TextDecoder().decode(bytes.subarray(0, byteColumn - 1)).length + 1;
  }
}
