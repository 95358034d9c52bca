;; Asks the host interface of the script engine for its script and prints it; prints "none" if there is none.
;;! world script engine
(module
  (import "kinode:process/standard@1.0.0" "print-to-terminal" (func $print (param i32 i32 i32)))
  (import "kinode:script/source@0.1.0" "get" (func $source (param i32)))
;;! prelude
  (data (i32.const 16) "none")
  (func (export "init") (param i32 i32)
    ;; option<string> at 512: some? 0, pointer 4, length 8
    (call $source (i32.const 512))
    (if (i32.load8_u (i32.const 512))
      (then (call $print (i32.const 0) (i32.load (i32.const 516)) (i32.load (i32.const 520))))
      (else (call $print (i32.const 0) (i32.const 16) (i32.const 4))))))
