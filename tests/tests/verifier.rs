//! What the verifier makes of the programs.

use aya_obj::Object;
use aya_obj::generated::bpf_insn;
use firewall_ctl::dataplane::object::object;
use firewall_tests::judge::Kernel;
use std::collections::BTreeSet;
use std::ops::Range;

/// The kernel goes through a million instructions on all paths of a program before it gives up.
const LIMIT: u32 = 1_000_000;

/// Octets of stack that all frames alive at once may have together.
const STACK: usize = 512;
/// What Linux 6.1 rounds each of them up to; later kernels round up to 16.
const ROUNDED_TO: usize = 32;

#[test]
fn programs_pass_the_verifier_with_room_to_spare() {
    for size in Kernel::shared().programs() {
        println!("{:20} {:6} instructions, {:7} verified", size.name, size.instructions, size.verified);
        assert!(size.verified < LIMIT / 2, "{size:?}: kernels verify differently, so half of the limit is spared");
    }
}

#[test]
fn frames_fit_the_stack_of_older_kernels() {
    let mut object = Object::parse(object().expect("this build has the programs")).expect("an object file");
    let sections = object.functions.keys().map(|(section, _)| *section).collect();
    object.relocate_calls(&sections).expect("functions that there are");
    for (name, program) in &object.programs {
        let depth = deepest(&object.functions[&program.function_key()].instructions);
        println!("{name:20} {depth:3} octets of stack");
        assert!(depth <= STACK, "{name}: {depth} octets of stack are more than {STACK}");
    }
}

/// Octets of stack of a program on the way down that takes most.
fn deepest(code: &[bpf_insn]) -> usize {
    let calls = || code.iter().enumerate().filter_map(|(at, instruction)| called(at, instruction));
    let begins: BTreeSet<usize> = calls().chain([0]).collect();
    let ends = begins.iter().copied().skip(1).chain([code.len()]);
    let functions: Vec<Range<usize>> = begins.iter().copied().zip(ends).map(|(begin, end)| begin..end).collect();
    below(code, &functions, 0)
}

/// The same of a function and what it calls.
fn below(code: &[bpf_insn], functions: &[Range<usize>], begin: usize) -> usize {
    let function = functions.iter().find(|function| function.start == begin).expect("every call has its function");
    let calls: BTreeSet<usize> = function.clone().filter_map(|at| called(at, &code[at])).collect();
    let deepest = calls.into_iter().map(|callee| below(code, functions, callee)).max();
    frame(&code[function.clone()]).next_multiple_of(ROUNDED_TO) + deepest.unwrap_or(0)
}

/// Where the function begins that an instruction calls, if it calls one of the program's own.
fn called(at: usize, instruction: &bpf_insn) -> Option<usize> {
    const CALL: u8 = 0x85;
    const OWN: u8 = 1;
    (instruction.code == CALL && instruction.src_reg() == OWN)
        .then(|| (at + 1).checked_add_signed(instruction.imm as isize).expect("a function within the program"))
}

/// How far down a function reaches from the frame pointer: at least one octet, as the kernel has it.
fn frame(code: &[bpf_insn]) -> usize {
    const FRAME_POINTER: u8 = 10;
    const MOVE: u8 = 0xbf;
    const ADD: u8 = 0x07;
    /// Classes of instructions.
    const LOAD: u8 = 1;
    const STORES: Range<u8> = 2..4;
    // Copies of the frame pointer, from which addresses are made.
    let mut copies = BTreeSet::new();
    let mut depth = 1;
    for instruction in code {
        let (class, dst, src) = (instruction.code & 7, instruction.dst_reg(), instruction.src_reg());
        let below = match instruction.code {
            MOVE if src == FRAME_POINTER => {
                copies.insert(dst);
                0
            }
            ADD if copies.remove(&dst) => instruction.imm,
            _ if (class == LOAD && src == FRAME_POINTER) || (STORES.contains(&class) && dst == FRAME_POINTER) => {
                instruction.off.into()
            }
            _ => 0,
        };
        depth = depth.max(usize::try_from(-below).unwrap_or(0));
    }
    depth
}
