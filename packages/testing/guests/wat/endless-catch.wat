;; Computes and calls the node forever, and catches whatever can be caught.
(module
  (import "kinode:process/standard@1.0.0" "receive" (func $receive (param i32)))
;;! prelude
  (func $once
    (block $caught
      (try_table (catch_all $caught)
        (call $receive (i32.const 1024)))))
  (func (export "init") (param i32 i32)
    (loop $l (call $once) (br $l))))
