;; Fills 64 KiB of memory over and over: little fuel by instructions, much work.
(module
;;! prelude
  (func (export "init") (param i32 i32)
    (loop $l
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536))
      (br $l))))
