;; Calls what preview 1 offers and what it does not, and prints one letter per answer as expected ("." yes, "x" no).
(module
  (import "kinode:process/standard@1.0.0" "print-to-terminal" (func $print (param i32 i32 i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_res_get" (func $resolution (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $stat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
;;! prelude
  (global $at (mut i32) (i32.const 64))
  (func $check (param $ok i32)
    (i32.store8 (global.get $at) (select (i32.const 0x2e) (i32.const 0x78) (local.get $ok)))
    (global.set $at (i32.add (global.get $at) (i32.const 1))))
  (func $is (param $answer i32) (param $expected i32)
    (call $check (i32.eq (local.get $answer) (local.get $expected))))
  (func (export "init") (param i32 i32)
    ;; no arguments, no environment: counts 0
    (i64.store (i32.const 512) (i64.const -1))
    (call $is (call $args (i32.const 512) (i32.const 516)) (i32.const 0))
    (call $check (i64.eqz (i64.load (i32.const 512))))
    (i64.store (i32.const 512) (i64.const -1))
    (call $is (call $environ (i32.const 512) (i32.const 516)) (i32.const 0))
    (call $check (i64.eqz (i64.load (i32.const 512))))
    ;; wall clock: the virtual clock's start, 2025-01-31T00:00:00Z
    (call $is (call $time (i32.const 0) (i64.const 0) (i32.const 512)) (i32.const 0))
    (call $check (i64.eq (i64.load (i32.const 512)) (i64.const 1738281600000000000)))
    (call $is (call $time (i32.const 1) (i64.const 0) (i32.const 512)) (i32.const 0))
    (call $is (call $time (i32.const 9) (i64.const 0) (i32.const 512)) (i32.const 28))
    (call $is (call $resolution (i32.const 1) (i32.const 512)) (i32.const 0))
    (call $check (i64.eq (i64.load (i32.const 512)) (i64.const 1000)))
    ;; random: something other than zeros
    (call $is (call $random (i32.const 512) (i32.const 70000)) (i32.const 0))
    (call $check (i64.ne (i64.load (i32.const 512)) (i64.const 0)))
    (call $check (i64.ne (i64.load (i32.const 70500)) (i64.const 0)))
    ;; output: stdout takes all, an unknown descriptor is refused
    (i32.store (i32.const 256) (i32.const 16)) (i32.store (i32.const 260) (i32.const 9))
    (call $is (call $write (i32.const 1) (i32.const 256) (i32.const 1) (i32.const 264)) (i32.const 0))
    (call $is (i32.load (i32.const 264)) (i32.const 9))
    (call $is (call $write (i32.const 5) (i32.const 256) (i32.const 1) (i32.const 264)) (i32.const 8))
    ;; input: end of file
    (call $is (call $read (i32.const 0) (i32.const 256) (i32.const 1) (i32.const 264)) (i32.const 0))
    (call $is (i32.load (i32.const 264)) (i32.const 0))
    ;; 0 to 2 are character devices
    (call $is (call $stat (i32.const 2) (i32.const 512)) (i32.const 0))
    (call $is (i32.load8_u (i32.const 512)) (i32.const 2))
    (call $is (call $stat (i32.const 3) (i32.const 512)) (i32.const 8))
    ;; no folders, no files
    (call $is (call $prestat (i32.const 3) (i32.const 512)) (i32.const 8))
    (call $is
      (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 512))
      (i32.const 8))
    (call $is (call $seek (i32.const 1) (i64.const 0) (i32.const 0) (i32.const 512)) (i32.const 70))
    (call $is (call $close (i32.const 1)) (i32.const 0))
    (call $is (call $close (i32.const 7)) (i32.const 8))
    (call $is (call $yield) (i32.const 0))
    ;; nothing to wait for
    (call $is (call $poll (i32.const 512) (i32.const 1024) (i32.const 0) (i32.const 2048)) (i32.const 28))
    (call $print (i32.const 0) (i32.const 64) (i32.sub (global.get $at) (i32.const 64)))))
