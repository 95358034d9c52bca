/**
 * The runnable examples of a Markdown file.
 * @module
 */

export interface ReadmeBlock {
  /** Line of the opening fence, from 1. */
  readonly line: number;
  readonly code: string;
  /** What `console.log(…); // text` lines promise to print, in order; quotes around a text do not count. */
  readonly expected: readonly string[];
}

/** Finds the blocks fenced as exactly `ts`; other fences (`ts no-run`, `sh`) are for reading only. */
export function readmeBlocks(markdown: string): ReadmeBlock[] {
  const blocks: ReadmeBlock[] = [];
  const lines = markdown.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    if (!lines[at]!.startsWith("```")) continue;
    const end = lines.indexOf("```", at + 1);
    if (end < 0) throw new SyntaxError(`Unclosed fence in line ${at + 1}`);
    if (lines[at] === "```ts") {
      const body = lines.slice(at + 1, end);
      blocks.push({ line: at + 1, code: body.join("\n"), expected: expectedOutput(body) });
    }
    at = end;
  }
  return blocks;
}

function expectedOutput(code: readonly string[]): string[] {
  return code
    .map((line) => /console\.log\(.*\);\s*\/\/ (.+)$/.exec(line)?.[1])
    .filter((text) => text !== undefined)
    .map((text) => text.replace(/^(["'])(.*)\1$/, "$2"));
}
