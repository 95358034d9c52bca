/**
 * What the scripts of this package ask the process.
 * @module
 */
import { parseJson, request } from "@kinode-ts/stdlib";
import { ScriptFailure } from "@kinode-ts/stdlib/scripting";

/** The answer's content under its own name. @throws {ScriptFailure} it says something else */
export async function askIndexer(question: unknown, expected: string): Promise<unknown> {
  const body = JSON.stringify(question);
  const response = await request("our@kns-indexer:kns-indexer:sys", body, { timeout: "10s" });
  const answer = parseJson(response.text());
  if (typeof answer === "object" && answer !== null && expected in answer) {
    return (answer as Readonly<Record<string, unknown>>)[expected];
  }
  throw new ScriptFailure(`the indexer answers: ${response.text().slice(0, 500)}`);
}
