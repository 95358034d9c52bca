/** `send <node> <message>`: sends a message and says whether it arrived. */
import { defineScript, request } from "@kinode-ts/stdlib";

const CHAT = "chat:my-package:template.os";

export default defineScript(async ({ args }) => {
  const [, target, message] = /^\s*(\S+)\s+(.+)$/s.exec(args) ?? [];
  if (target === undefined || message === undefined) return "usage: send <node> <message>";
  const answer = await request(CHAT, { Send: { target, message } }, { timeout: "10s" });
  return answer.text() === '"Send"' ? `sent to ${target}` : answer.text();
});
