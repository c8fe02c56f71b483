#!/bin/sh
# Takes the place of rustc for the packages of this workspace (RUSTC_WORKSPACE_WRAPPER), and has LLVM count which branches
# are taken: what cargo-fuzz hands to rustc, less what needs a nightly. What the packages lean on is not counted, and so
# is the same as in every other build. Cargo does not see changes of this file: `cargo clean` after one.
case " $* " in
*" build_script_build "*) exec "$@" ;;
esac
exec "$@" --cfg=fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares
