;; Grows a table until that is refused, prints "refused", then returns.
(module
  (import "kinode:process/standard@1.0.0" "print-to-terminal" (func $print (param i32 i32 i32)))
;;! prelude
  (table $t 1 funcref)
  (data (i32.const 16) "refused")
  (func (export "init") (param i32 i32)
    (block $refused
      (loop $l
        (br_if $refused (i32.eq (i32.const -1) (table.grow $t (ref.null func) (i32.const 10000))))
        (br $l)))
    (call $print (i32.const 0) (i32.const 16) (i32.const 7))))
