/**
 * my-package: calculates Fibonacci numbers. With `Numbers` it does so several times and prints how long it took.
 *
 * From the terminal of the node: `number:my-package:template.os 10`
 */
import { type Answer, defineProcess, type IncomingRequest, print, serve } from "@kinode-ts/stdlib";

type Question = { readonly Number: number } | { readonly Numbers: readonly [number, number] };

/** Slow on purpose. */
function fibonacci(n: number): number {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

function measure(n: number, trials: number): void {
  const times = Array.from({ length: trials }, () => {
    const startMs = performance.now();
    fibonacci(n);
    return performance.now() - startMs;
  });
  const mean = times.reduce((sum, ms) => sum + ms, 0) / trials;
  const variance = times.reduce((sum, ms) => sum + (ms - mean) ** 2, 0) / trials;
  print(
    `fibonacci(${n}): ${mean.toFixed(3)} ms ± ${Math.sqrt(variance).toFixed(3)} in ${trials} trials`,
  );
}

function readCount(value: unknown, highest: number): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= highest) {
    return value as number;
  }
  throw new RangeError(`${JSON.stringify(value)} is not a whole number from 0 to ${highest}`);
}

function answer(request: IncomingRequest): Answer {
  const question = request.json() as Question;
  if ("Number" in question) return { Number: fibonacci(readCount(question.Number, 32)) };
  const n = readCount(question.Numbers[0], 32);
  const trials = readCount(question.Numbers[1], 1_000);
  if (trials > 0) measure(n, trials);
  return { Numbers: [fibonacci(n), trials] };
}

export default defineProcess(() =>
  serve((request) => {
    try {
      return answer(request);
    } catch (thrown) {
      return { Error: (thrown as Error).message };
    }
  }),
);
