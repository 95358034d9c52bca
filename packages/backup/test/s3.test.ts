import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { initRepository, openRepository, withPatience } from "../src/index.ts";
import { createS3Remote } from "../src/s3-remote-bun.ts";
import { remoteSuite } from "./remote-suite.ts";
import { S3_ACCESS, startS3Server } from "./s3-server.ts";
import { contents, memoryTarget, PASSWORD, testClock, testPowers, treeSource } from "./world.ts";

// Small machines are slow; what hangs still ends.
setDefaultTimeout(60_000);

const server = startS3Server();
afterAll(() => server[Symbol.dispose]());
const { endpoint } = server;
let count = 0;

remoteSuite("a bucket", () => createS3Remote({ ...S3_ACCESS, endpoint, prefix: `p${count++}` }));

test("a repository in a part of a bucket, in restic's layout", async () => {
  const remote = createS3Remote({ ...S3_ACCESS, endpoint, prefix: "/nodes/alice/" });
  expect(remote.label).toBe("s3:backups/nodes/alice");
  await using repository = await initRepository(remote, PASSWORD, testPowers());
  const tree = { a: "1", b: { c: "2" } };
  await repository.takeSnapshot(treeSource(tree));
  const keys = [...server.objects.keys()].filter((key) => key.startsWith("nodes/"));
  expect(keys).toContain("nodes/alice/config");
  expect(
    keys.filter((key) => /^nodes\/alice\/data\/([0-9a-f]{2})\/\1[0-9a-f]{62}$/.test(key)),
  ).toHaveLength(2);
  await using opened = await openRepository(remote, PASSWORD, testPowers());
  const target = memoryTarget();
  await opened.restore("latest", target);
  expect(contents(target.files)).toEqual(contents(tree));
  expect(await opened.verify({ readData: true })).toMatchObject({ problemCount: 0 });
});

test("what does not pass says so at once, what may pass is tried again", async () => {
  const clock = testClock();
  const patient = (remote: ReturnType<typeof createS3Remote>) =>
    withPatience(remote, { clock, pauseMs: 1, attemptCount: 3 });
  const wrong = createS3Remote({ ...S3_ACCESS, accessKeyId: "theirs", endpoint });
  await expect(patient(wrong).get("config", "config")).rejects.toMatchObject({
    fault: { code: "backup.remote-refused", why: "InvalidAccessKeyId" },
  });
  const gone = createS3Remote({ ...S3_ACCESS, bucket: "nowhere", endpoint });
  await expect(patient(gone).put("config", "config", new Uint8Array(1))).rejects.toMatchObject({
    code: "backup.remote-refused",
  });
  const remote = patient(createS3Remote({ ...S3_ACCESS, endpoint, prefix: "tries" }));
  server.fail("PUT", 507, "XMinioStorageFull");
  await expect(remote.put("config", "config", new Uint8Array(1))).rejects.toMatchObject({
    code: "backup.remote-full",
  });
  await remote.put("config", "config", new Uint8Array([1, 2]));
  server.fail("GET", 400, "RequestTimeout", 2);
  expect(await remote.get("config", "config")).toEqual(new Uint8Array([1, 2]));
  const unreachable = patient(createS3Remote({ ...S3_ACCESS, endpoint: "http://127.0.0.1:1" }));
  await expect(unreachable.get("config", "config")).rejects.toMatchObject({
    code: "backup.remote-unreachable",
  });
});
