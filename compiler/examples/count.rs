#![allow(clippy::all, clippy::unwrap_used, clippy::panic, clippy::expect_used)]
#[path = "../benches/growing.rs"]
mod growing;
use data_bridge_compiler::compile;
use data_bridge_compiler::passes::flags::Flags;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let all: Vec<_> = growing::STAGES.iter().chain(growing::TERMS).collect();
    if args.len() == 1 {
        for (i, (n, _)) in all.iter().enumerate() {
            println!("{i} {n}")
        }
        return;
    }
    let (_, make) = all[args[1].parse::<usize>().unwrap()];
    let plan = make(args[2].parse().unwrap());
    let times: usize = args[3].parse().unwrap();
    let flags = if args.len() > 4 { Flags::none() } else { Flags::all() };
    for _ in 0..times {
        match compile(plan.clone(), &flags, false) {
            Ok(c) => {
                std::hint::black_box(c);
            }
            Err(e) => panic!("{e:?}"),
        }
    }
}
