/**
 * What has to be done before a process ends by itself: its body has settled, and messages still get through.
 * @module
 */

type EndTask = () => Promise<void>;

const tasks = new Set<EndTask>();

/** Has it run once more at the end; the same function is kept once. */
export function atEnd(task: EndTask): void {
  tasks.add(task);
}

/** Runs all, whatever some of them throw: the process ends in any case. */
export async function runEndTasks(): Promise<void> {
  const all = [...tasks];
  tasks.clear();
  await Promise.allSettled(all.map((task) => task()));
}
