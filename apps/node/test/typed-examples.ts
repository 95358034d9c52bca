/** The examples of a guide: what a person types behind a prompt in its `console` blocks, and what comes then. */

export interface TypedExample {
  readonly line: string;
  readonly shown: string;
}

/** Those of a guide, in their order. @param prompt - at the beginning of each line that is typed */
export function typedExamples(guide: string, prompt: string): TypedExample[] {
  const typed = new RegExp(`^${RegExp.escape(prompt)}`, "m");
  const blocks = [...guide.matchAll(/^```console\n(.*?)^```$/gms)].map(([, text = ""]) => text);
  const examples = blocks.flatMap((block) =>
    block
      .split(typed)
      .slice(1)
      .map((part) => {
        const end = part.indexOf("\n");
        return { line: part.slice(0, end), shown: part.slice(end + 1).trimEnd() };
      }),
  );
  const count = guide.split(typed).length - 1;
  if (examples.length === 0 || examples.length !== count) {
    throw new Error(`${examples.length} of ${count} lines with "${prompt}" are in console blocks`);
  }
  return examples;
}

/** Matches what an example shows. @param anything - what of it stands for anything on its line */
export function shownPattern(shown: string, anything = /…/g): RegExp {
  const escaped = shown.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll(anything, ".*")}$`);
}
