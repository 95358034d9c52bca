/**
 * Reads the counts out of a JUnit report.
 * @module
 */

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Counts the test cases of one report. A suite that could not be loaded reports none of its cases: the
 * caller must look at the exit code as well.
 */
export function countCases(report: string): TestCounts {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for (const match of report.matchAll(/<testcase\b[^>]*?(\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const body = match[2] ?? "";
    if (/<(failure|error)\b/.test(body)) failed += 1;
    else if (/<skipped\b/.test(body)) skipped += 1;
    else passed += 1;
  }
  return { passed, failed, skipped };
}
