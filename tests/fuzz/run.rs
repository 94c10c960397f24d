//! One libFuzzer program for each target: the name of the program chooses it.

#![no_main]

#[path = "targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let name = env!("CARGO_BIN_NAME");
    let target = targets::TARGETS.iter().find(|target| target.name == name);
    (target.expect("Cargo.toml declares only known targets").run)(input);
});
