import { expect, setDefaultTimeout, test } from "bun:test";
import { assemble, meterCore, runMetered, runPlain } from "./metered-core.ts";

// a busy machine may take many times as long as a quiet one
setDefaultTimeout(120_000);

/** Exports `run` around a body that has `$n`, its parameter, and locals `$i`, `$s`; leaves an i32. */
const run = (body: string, more = ""): string =>
  `(module ${more} (func $run (export "run") (param $n i32) (result i32) (local $i i32) (local $s i32) ${body}))`;

const STEP = "(local.set $i (i32.add (local.get $i) (i32.const 1)))";
const SUM = "(local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31)) (local.get $i)))";
const MORE = "(i32.lt_u (local.get $i) (local.get $n))";

/** Each does `$n` turns of some form, and answers something that depends on all of them. */
const FORMS: Readonly<Record<string, string>> = {
  "a loop": run(`(loop $l ${STEP} ${SUM} (br_if $l ${MORE})) (local.get $s)`),
  "a loop that is left from its middle": run(
    `(block $out (loop $l (br_if $out (i32.eqz ${MORE})) ${STEP} ${SUM} (br $l))) (local.get $s)`,
  ),
  "a loop that is left with a value": run(
    `(block $out (result i32) (loop $l (drop (br_if $out (local.get $s) (i32.eqz ${MORE}))) ${STEP} ${SUM} (br $l)) unreachable)`,
  ),
  "a loop that is left by return": run(
    `(loop $l ${STEP} ${SUM} (if (i32.eqz ${MORE}) (then (return (local.get $s)))) (br $l)) unreachable`,
  ),
  "a loop with a result": run(
    `(loop $l (result i32) ${STEP} ${SUM} (br_if $l ${MORE}) (local.get $s))`,
  ),
  "a loop that takes values (multi-value)": run(
    `(i32.const 7) (i32.const 3) (loop $l (param i32 i32) (result i32) i32.add (i32.const 5) ${STEP} (br_if $l ${MORE}) i32.add)`,
  ),
  "nested loops, the outer one continued from inside": run(
    `(local $j i32) (loop $a ${STEP} (local.set $j (i32.const 0))
      (loop $b (local.set $j (i32.add (local.get $j) (i32.const 1))) ${SUM}
        (br_if $b (i32.lt_u (local.get $j) (i32.const 3))) (br_if $a ${MORE})))
     (local.get $s)`,
  ),
  "nested loops, both left at once": run(
    `(block $out (loop $a (loop $b ${STEP} ${SUM} (br_if $out (i32.eqz ${MORE})) (br_if $b (i32.and (local.get $i) (i32.const 7)))) (br $a))) (local.get $s)`,
  ),
  "a loop turned by br_table": run(
    `(block $out (loop $l ${STEP} ${SUM} (br_table $out $l $out ${MORE}))) (local.get $s)`,
  ),
  "br_table across loops": run(
    `(block $out (loop $a (loop $b ${STEP} ${SUM}
       (br_if $out (i32.eqz ${MORE}))
       (br_table $a $b $a (i32.and (local.get $i) (i32.const 1)))))) (local.get $s)`,
  ),
  "a loop with calls": run(
    `(loop $l ${STEP} (local.set $s (call $f (local.get $s))) (br_if $l ${MORE})) (local.get $s)`,
    `(func $f (param i32) (result i32) (i32.xor (i32.mul (local.get 0) (i32.const 17)) (i32.const 99)))`,
  ),
  "a loop with indirect calls": run(
    `(loop $l ${STEP} (local.set $s (call_indirect (type $t) (local.get $s) (i32.const 0))) (br_if $l ${MORE})) (local.get $s)`,
    `(type $t (func (param i32) (result i32))) (table 1 funcref) (elem (i32.const 0) $f)
     (func $f (type $t) (i32.add (i32.mul (local.get 0) (i32.const 5)) (i32.const 1)))`,
  ),
  recursion: run(
    `(if (result i32) (local.get $n) (then (i32.add (i32.const 3) (call $run (i32.sub (local.get $n) (i32.const 1))))) (else (i32.const 1)))`,
  ),
  "tail calls": run(
    `(return_call $f (local.get $n) (i32.const 1))`,
    `(func $f (param $n i32) (param $s i32) (result i32)
       (if (i32.eqz (local.get $n)) (then (return (local.get $s))))
       (return_call $f (i32.sub (local.get $n) (i32.const 1)) (i32.add (i32.mul (local.get $s) (i32.const 3)) (local.get $n))))`,
  ),
  "indirect tail calls": run(
    `(return_call_indirect (type $t) (local.get $n) (i32.const 1) (i32.const 0))`,
    `(type $t (func (param i32 i32) (result i32))) (table 1 funcref) (elem (i32.const 0) $f)
     (func $f (type $t)
       (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
       (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.add (i32.mul (local.get 1) (i32.const 3)) (local.get 0)) (i32.const 0)))`,
  ),
  "a tail call out of a loop": run(
    `(loop $l ${STEP} ${SUM} (if (i32.gt_u (local.get $i) (i32.const 3)) (then (return_call $f (i32.sub (local.get $n) (i32.const 1)) (local.get $s)))) (br $l)) unreachable`,
    `(func $f (param $n i32) (param $s i32) (result i32)
       (if (i32.le_s (local.get $n) (i32.const 0)) (then (return (local.get $s))))
       (return (i32.add (local.get $s) (call $run (local.get $n)))))`,
  ),
  "a loop in a try (legacy exceptions)": run(
    `try (loop $l ${STEP} ${SUM} (br_if $l ${MORE})) (throw $e (local.get $s)) catch $e (local.set $s (i32.add (i32.const 1))) end (local.get $s)`,
    "(tag $e (param i32))",
  ),
  "a try in a loop (legacy exceptions)": run(
    `(loop $l ${STEP} try (call $f (local.get $i)) catch $e ${SUM} drop catch_all (local.set $s (i32.const 9)) end (br_if $l ${MORE})) (local.get $s)`,
    "(tag $e (param i32)) (func $f (param i32) (if (i32.and (local.get 0) (i32.const 1)) (then (throw $e (local.get 0)))))",
  ),
  "a loop that only turns by its handler (legacy exceptions)": run(
    `(block $out (loop $l try ${STEP} ${SUM} (br_if $out (i32.eqz ${MORE})) (throw $e) catch_all (br $l) end)) (local.get $s)`,
    "(tag $e)",
  ),
  "delegate and rethrow (legacy exceptions)": run(
    `(loop $l ${STEP}
       try try $in try (call $f) delegate $in catch_all rethrow $in end catch $e ${SUM} end
       (br_if $l ${MORE})) (local.get $s)`,
    "(tag $e) (func $f (throw $e))",
  ),
  "a throw out of a loop (legacy exceptions)": run(
    `(loop $l ${STEP} try (call $f (local.get $i)) catch $e (local.set $s (i32.add (local.get $s))) end (br_if $l ${MORE})) (local.get $s)`,
    `(tag $e (param i32))
     (func $f (param $n i32) (local $j i32) (loop $l (local.set $j (i32.add (local.get $j) (i32.const 2))) (if (i32.gt_u (local.get $j) (local.get $n)) (then (throw $e (local.get $j)))) (br $l)))`,
  ),
  "a loop in a try_table (exnref)": run(
    `(block $h (result i32) (try_table (catch $e $h) (loop $l ${STEP} ${SUM} (br_if $l ${MORE})) (throw $e (local.get $s))) unreachable)`,
    "(tag $e (param i32))",
  ),
  "a try_table in a loop (exnref)": run(
    `(local $r exnref)
     (loop $l ${STEP} (block $done (block $h (result exnref) (try_table (catch_all_ref $h) (call $f (local.get $i))) (br $done)) (local.set $r) ${SUM}
        (block $again (try_table (catch_all $again) (throw_ref (local.get $r)))))
      (br_if $l ${MORE})) (local.get $s)`,
    "(tag $e (param i32)) (func $f (param i32) (if (i32.and (local.get 0) (i32.const 1)) (then (throw $e (local.get 0)))))",
  ),
  "a loop that turns by try_table (exnref)": run(
    `(block $out (loop $l (try_table (catch_all $l) ${STEP} ${SUM} (br_if $out (i32.eqz ${MORE})) (throw $e)))) (local.get $s)`,
    "(tag $e)",
  ),
  "bulk memory": run(
    `(loop $l ${STEP} (memory.fill (i32.const 0) (local.get $i) (i32.const 300)) (memory.copy (i32.const 400) (i32.const 7) (i32.const 200))
       (memory.init $d (i32.const 410) (i32.const 0) (i32.const 4))
       (local.set $s (i32.add (local.get $s) (i32.load (i32.const 408)))) (br_if $l ${MORE})) (data.drop $d) (local.get $s)`,
    `(memory 1) (data $d "abcd")`,
  ),
  "growing memory": run(
    `(loop $l ${STEP} (local.set $s (i32.add (local.get $s) (memory.grow (i32.and (local.get $i) (i32.const 1))))) (br_if $l (i32.lt_u (local.get $i) (i32.const 6)))) (local.get $s)`,
    "(memory 1)",
  ),
  "reference types": run(
    `(loop $l ${STEP} (table.set (i32.const 1) (select (result funcref) (ref.func $f) (ref.null func) (i32.and (local.get $i) (i32.const 1))))
       (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 3)) (ref.is_null (table.get (i32.const 1))))) (br_if $l ${MORE}))
     (table.fill (i32.const 0) (ref.func $f) (i32.const 2)) (drop (table.grow (ref.null func) (i32.const 1))) (table.copy (i32.const 0) (i32.const 1) (i32.const 1)) (i32.add (local.get $s) (table.size))`,
    "(table 4 20 funcref) (elem declare func $f) (func $f)",
  ),
  "vectors (SIMD)": run(
    `(local $v v128) (loop $l ${STEP} (local.set $v (i32x4.add (i32x4.mul (local.get $v) (v128.const i32x4 3 5 7 11)) (i32x4.splat (local.get $i))))
       (v128.store (i32.const 16) (local.get $v)) (local.set $v (v128.xor (local.get $v) (i8x16.shuffle 0 1 2 3 4 5 6 7 15 14 13 12 11 10 9 8 (local.get $v) (v128.load32_lane 1 (i32.const 20) (local.get $v))))) (br_if $l ${MORE}))
     (i32x4.extract_lane 2 (local.get $v))`,
    "(memory 1)",
  ),
  "relaxed vectors": run(
    `(local $v v128) (loop $l ${STEP} (local.set $v (i32x4.add (local.get $v) (i32x4.relaxed_trunc_f32x4_s (f32x4.splat (f32.convert_i32_u (local.get $i)))))) (br_if $l ${MORE})) (i32x4.extract_lane 0 (local.get $v))`,
  ),
  "sign extension and saturating conversions": run(
    `(loop $l ${STEP} (local.set $s (i32.add (local.get $s) (i32.add (i32.extend8_s (local.get $i)) (i32.trunc_sat_f64_s (f64.mul (f64.convert_i32_u (local.get $i)) (f64.const 1e8)))))) (br_if $l ${MORE})) (local.get $s)`,
  ),
  "constants that are computed (extended const)": run(
    `(loop $l ${STEP} (local.set $s (i32.add (local.get $s) (global.get $g))) (br_if $l ${MORE})) (local.get $s)`,
    "(global $g i32 (i32.mul (i32.add (i32.const 3) (i32.const 4)) (i32.const 6)))",
  ),
  "blocks of several values (multi-value)": run(
    `(loop $l ${STEP} (block (result i32 i32) (local.get $i) (local.get $s)) i32.mul (call $two) i32.sub i32.add (local.set $s) (br_if $l ${MORE})) (local.get $s)`,
    "(func $two (result i32 i32) (i32.const 9) (i32.const 4))",
  ),
  "straight code longer than any way without a check": run(
    `(loop $l ${STEP} ${SUM.repeat(400)} (br_if $l ${MORE})) (local.get $s)`,
  ),
  "long code through branches": run(
    `(loop $l ${STEP} ${`(if (i32.and (local.get $i) (i32.const 1)) (then ${SUM}) (else ${STEP}))`.repeat(200)} (br_if $l ${MORE})) (local.get $s)`,
  ),
};

for (const [form, text] of Object.entries(FORMS)) {
  test(`${form}: the same result with any fuel, and every turn is paid for`, async () => {
    const bytes = await assemble(text);
    for (const turns of [1, 2, 37]) {
      const expected = runPlain(bytes, turns);
      for (const fuel of [1, 2, 3, 7, 1_000_000]) {
        expect(runMetered(bytes, turns, fuel).result).toBe(expected);
      }
    }
    const few = runMetered(bytes, 5, 1).looks;
    expect(runMetered(bytes, 37, 1).looks).toBeGreaterThanOrEqual(few);
    expect(runMetered(bytes, 37, 1).looks).toBeGreaterThan(1);
  });
}

/** Never end, whatever they catch. */
const ENDLESS: Readonly<Record<string, string>> = {
  "a loop": run("(loop $l (br $l)) unreachable"),
  "a loop that takes a value": run(
    "(i32.const 1) (loop $l (param i32) (br $l (i32.const 2))) unreachable",
  ),
  "a loop turned by br_table": run("(loop $l (br_table $l $l (local.get $n))) unreachable"),
  "a loop in a loop": run("(loop $a (loop $b (br_if $b (local.get $n)) (br $a))) unreachable"),
  "two functions that call each other at their ends": run(
    "(return_call $a)",
    "(func $a (result i32) (return_call $b)) (func $b (result i32) (return_call $a))",
  ),
  "an indirect tail call of itself": run(
    "(return_call $f)",
    "(type $t (func (result i32))) (table 1 funcref) (elem (i32.const 0) $f) (func $f (type $t) (return_call_indirect (type $t) (i32.const 0)))",
  ),
  "a loop in a try that catches everything (legacy exceptions)": run(
    "(loop $a try (loop $l (br $l)) catch_all (br $a) end) unreachable",
  ),
  "a loop turned by a handler (legacy exceptions)": run(
    "(loop $a try (throw $e) catch_all (br $a) end) unreachable",
    "(tag $e)",
  ),
  "a loop in a try_table that catches everything (exnref)": run(
    "(loop $a (try_table (catch_all $a) (loop $l (br $l)))) unreachable",
  ),
  "a loop turned by throwing (exnref)": run(
    "(loop $a (try_table (catch_all $a) (call $f))) unreachable",
    "(tag $e) (func $f (throw $e))",
  ),
  "a handler around calls that end the process": run(
    "(loop $a try (drop (call $f)) catch_all end (br $a)) unreachable",
    "(func $f (result i32) (loop $l (br $l)) unreachable)",
  ),
};

for (const [form, text] of Object.entries(ENDLESS)) {
  test(`${form} without end is ended at its next look`, async () => {
    const bytes = await assemble(text);
    for (const fuel of [1, 10_000]) {
      expect(() => runMetered(bytes, 1, fuel, 20)).toThrow(WebAssembly.RuntimeError);
    }
  });
}

const UNSUPPORTED: Readonly<Record<string, readonly [text: string, feature: string]>> = {
  memory64: ["(module (memory i64 1))", "64-bit memories"],
  table64: ["(module (table i64 1 funcref))", "64-bit tables"],
  "shared memory": ["(module (memory 1 1 shared))", "threads (shared memory)"],
  atomics: [
    "(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))",
    "threads (atomics)",
  ],
  "two memories": ["(module (memory 1) (memory 1))", "multiple memories"],
  structures: ["(module (type (struct (field i32))))", "garbage collection"],
  "small numbers as references": [
    "(module (func (drop (ref.i31 (i32.const 3)))))",
    "garbage collection",
  ],
  call_ref: [
    "(module (type $t (func)) (elem declare func $g) (func $g) (func (call_ref $t (ref.func $g))))",
    "typed references",
  ],
  "tables with initial values": [
    "(module (table 1 funcref (ref.func $g)) (func $g))",
    "typed references",
  ],
  continuations: ["(module (type $f (func)) (type $c (cont $f)))", "stack switching"],
  "wide arithmetic": [
    "(module (func (i64.add128 (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1)) drop drop))",
    "wide arithmetic",
  ],
  "custom page sizes": ["(module (memory 1 (pagesize 1)))", "custom page sizes"],
};

for (const [name, [text, feature]] of Object.entries(UNSUPPORTED)) {
  test(`${name}: refused by name`, async () => {
    const bytes = await assemble(text);
    expect(() => meterCore(bytes)).toThrow(`it needs WebAssembly ${feature}`);
  });
}

test("a body that names a local that metering adds is refused", async () => {
  const bytes = await assemble(run("(loop $l (br_if $l (local.get $n))) (local.get $s)"));
  // the last local.get of the body names local 2, `$s`; the local that counts would be 3
  const at = bytes.lastIndexOf(0x20);
  expect([...bytes.slice(at, at + 3)]).toEqual([0x20, 2, 0x0b]);
  bytes[at + 1] = 3;
  expect(() => meterCore(bytes)).toThrow("local 3 does not exist");
});
