import { expect, test } from "bun:test";
import { AppAnswers } from "./app-answer.ts";

const bytes = (status: number) => new TextEncoder().encode(`{"status":${status},"headers":{}}`);

test("answers that differ in one byte are told apart, in whatever order they come", () => {
  const answers = new AppAnswers("kinode-auth_alice.os");
  const statuses = [200, 200, 201, 200, 201, 201, 404, 200];
  expect(statuses.map((status) => answers.read(bytes(status))?.status)).toEqual(statuses);
  expect(answers.read(bytes(199))).toBeUndefined();
  expect(answers.read(bytes(200).subarray(0, -1))).toBeUndefined();
  expect(answers.read(bytes(200))?.status).toBe(200);
});

test("a remembered answer does not change with the memory its bytes came from", () => {
  const answers = new AppAnswers("kinode-auth_alice.os");
  const body = bytes(200);
  expect(answers.read(body)?.status).toBe(200);
  body.set(bytes(404));
  expect(answers.read(body)?.status).toBe(404);
  expect(answers.read(bytes(404))?.status).toBe(404);
  expect(answers.read(bytes(200))?.status).toBe(200);
});

test("an answer of very many headers, or very long, is none: reading it would hold up everybody", () => {
  const answers = new AppAnswers("kinode-auth_alice.os");
  const answerOf = (headers: string) =>
    answers.read(new TextEncoder().encode(`{"status":200,"headers":{${headers}}}`));
  const many = Array.from({ length: 30_000 }, (_, index) => `"x-${index}":"a"`).join();
  expect(answerOf(many)).toBeUndefined();
  expect(answerOf(`"x":"${"a".repeat(2_000_000)}"`)).toBeUndefined();
  expect(answerOf(`"x":"${"a".repeat(100_000)}"`)?.status).toBe(200);
});
