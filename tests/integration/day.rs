//! The session in `docs/DAY.md` runs as it is written, against a real node.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;

/// A command of the session with what it is to say.
#[derive(Default)]
struct Step {
    command: String,
    says: Vec<String>,
    is_refused: bool,
}

/// The commands in the blocks of a text; one that ends with a backslash goes on in the next line.
fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let (mut is_inside, mut goes_on) = (false, false);
    for line in text.lines() {
        if line.starts_with("```") {
            is_inside = line == "```sh";
        } else if !is_inside || line.is_empty() {
        } else if let Some(said) = line.strip_prefix("#>").or_else(|| line.strip_prefix("#!")) {
            let step = steps.last_mut().expect("a command comes first");
            step.is_refused |= line.starts_with("#!");
            step.says.push(said.trim().to_owned());
        } else if goes_on {
            let step = steps.last_mut().expect("it goes on");
            step.command.push('\n');
            step.command.push_str(line);
        } else {
            steps.push(Step { command: line.to_owned(), ..Step::default() });
        }
        goes_on = is_inside && line.ends_with('\\');
    }
    steps
}

/// The same commands, each checked.
fn script(steps: &[Step]) -> String {
    let mut script = String::from(
        "set -u; NODE=; trap '[ -z \"$NODE\" ] || kill $NODE 2>/dev/null' EXIT\n\
         fail() { echo \"FAILED: $1\"; cat $OUT; exit 1; }\n",
    );
    for (number, step) in steps.iter().enumerate() {
        let _ = writeln!(script, "{{ {}\n}} > $OUT 2>&1; code=$?", step.command);
        let _ = writeln!(script, "echo \"step {number}\"; cat $OUT");
        let wanted = if step.is_refused { "-ne" } else { "-eq" };
        let _ = writeln!(script, "[ $code {wanted} 0 ] || fail 'step {number} ended with '$code");
        for said in step.says.iter().filter(|said| !said.is_empty()) {
            let quoted = said.replace('\'', "'\\''");
            let _ = writeln!(
                script,
                "grep -qF -- '{quoted}' $OUT || fail 'step {number} does not say: {quoted}'"
            );
        }
    }
    script
}

#[test]
fn a_day_in_the_life_of_a_case_goes_as_it_is_told() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(top.join("docs/DAY.md")).unwrap();
    let steps = steps(&text);
    assert!(steps.len() > 50, "{} steps", steps.len());
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let program = Path::new(env!("CARGO_BIN_EXE_sealane")).parent().unwrap();
    #[expect(clippy::disallowed_methods, reason = "tests have no Config")]
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("bash")
        .arg("-c")
        .arg(script(&steps))
        .current_dir(top)
        .env("PATH", format!("{}:{path}", program.display()))
        .env("DIR", folder.path().join("node"))
        .env("OUT", folder.path().join("out"))
        .env("PORT", port.to_string())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{errors}");
}
