;; Grows its memory until that is refused, prints "refused", then waits.
(module
  (import "kinode:process/standard@1.0.0" "print-to-terminal" (func $print (param i32 i32 i32)))
  (import "kinode:process/standard@1.0.0" "receive" (func $receive (param i32)))
;;! prelude
  (data (i32.const 16) "refused")
  (func (export "init") (param i32 i32)
    (block $refused
      (loop $l
        (br_if $refused (i32.eq (i32.const -1) (memory.grow (i32.const 16))))
        (br $l)))
    (call $print (i32.const 0) (i32.const 16) (i32.const 7))
    (call $receive (i32.const 1024))))
