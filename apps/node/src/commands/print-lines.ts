/**
 * Output of another program, line by line.
 * @module
 */

/** Settles when the stream ends. */
export async function printLines(
  stream: ReadableStream<Uint8Array>,
  print: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) print(line);
  }
  if (rest !== "") print(rest);
}
