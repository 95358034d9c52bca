/** `number <n> [<trials>]`: asks the process. */
import { defineScript, request } from "@kinode-ts/stdlib";

const FIBONACCI = "fibonacci:my-package:template.os";

export default defineScript(async ({ args }) => {
  const [n, trials] = args.trim().split(/\s+/).filter(Boolean).map(Number);
  if (n === undefined) return "usage: number <n> [<trials>]";
  const question = trials === undefined ? { Number: n } : { Numbers: [n, trials] };
  return (await request(FIBONACCI, question, { timeout: "30s" })).text();
});
