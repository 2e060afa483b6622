//! The image, without a container engine: its Dockerfile is linted, and its last stage is laid out in a folder. The
//! real program runs there as in the image: not as root, and with a read-only root file system.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{path, read, run};
use crate::clients::{repository, tools};
use crate::support::program::Program;

/// User id of the image.
const NOBODY: u32 = 65532;

/// Libraries that the base image provides and the program may link with.
const LIBRARIES: [&str; 6] =
    ["ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libc.so.6", "libgcc_s.so.1", "libm.so.6", "linux-vdso.so.1"];

/// Script that prepares the container's root in a mount namespace of its own, and executes the program there.
/// Arguments: $1 the root, $2 the data, $3 user and group; then the program and its arguments.
const ENTER: &str = r#"
    root=$1 data=$2 user=$3
    shift 3
    mount --make-rprivate / && mount --bind "$root" "$root" && mount -o remount,bind,ro "$root" &&
    mount --bind "$data" "$root/var/lib/usher" &&
    exec chroot --userspec="$user" "$root" env -C /var/lib/usher "$@"
"#;

#[test]
fn the_recipe_is_clean() {
    run(Command::new(tools().join("hadolint")).arg(path("Dockerfile")));
    let recipe = read("Dockerfile");
    let (build, last) = recipe.split_once("\nFROM gcr.io/distroless/cc-debian12:nonroot\n").expect("the last stage");
    let manifest = fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let rust = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert!(build.contains(&format!("FROM rust:{rust}-bookworm AS build")), "the compiler of Cargo.toml: {rust}");
    for line in [
        &format!("USER {NOBODY}:{NOBODY}"),
        "WORKDIR /var/lib/usher",
        "VOLUME /var/lib/usher",
        "ENTRYPOINT [\"/usr/bin/usher\"]",
        "CMD [\"serve\"]",
    ] {
        assert!(last.lines().any(|shown| shown == line), "no {line}");
    }
    assert!(last.contains("CMD [\"/usr/bin/usher\", \"healthcheck\"]"));
    assert!(last.contains(concat!("image.version=\"", env!("CARGO_PKG_VERSION"), "\"")));
}

/// Shows that `.dockerignore` admits everything that the build needs, and nothing else.
#[test]
fn what_the_image_is_built_from_is_enough_and_holds_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let ignore = fs::read_to_string(repository().join(".dockerignore")).unwrap();
    let rules: Vec<_> = ignore.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert_eq!(rules[0], "*", "everything is kept out, but for");
    for rule in &rules[1..] {
        let what = rule.strip_prefix('!').expect("what is let in");
        let into = folder.path().join(what);
        fs::create_dir_all(into.parent().unwrap()).unwrap();
        run(Command::new("cp").arg("-r").arg(repository().join(what)).arg(into));
    }
    run(Command::new("cargo").args(["metadata", "--offline", "--no-deps", "--format-version=1"]).current_dir(&folder));
    for needed in
        ["build.rs", "proto/usher/v1", "src/main.rs", "src/store/migrations", "docs/METRICS.md", "scripts/no-trace.sh"]
    {
        assert!(folder.path().join(needed).exists(), "{needed}");
    }
    for kept_out in [".git", "data", "deploy", "target"] {
        assert!(!folder.path().join(kept_out).exists(), "{kept_out}");
    }
}

/// Copies the program and the libraries that it is linked with.
fn lay_out(root: &Path) {
    let program = Path::new(env!("CARGO_BIN_EXE_usher"));
    for folder in ["usr/bin", "var/lib/usher"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::copy(program, root.join("usr/bin/usher")).unwrap();
    // `env` only changes the folder and then executes the program; the image does not contain it.
    for program in [program, Path::new("/usr/bin/env")] {
        for library in libraries(program) {
            let into = root.join(library.strip_prefix("/").unwrap());
            fs::create_dir_all(into.parent().unwrap()).unwrap();
            fs::copy(&library, into).unwrap();
        }
    }
    fs::copy("/usr/bin/env", root.join("usr/bin/env")).unwrap();
}

/// Returns the paths of a program's libraries.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let linked = run(Command::new("ldd").arg(program));
    linked.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}

#[test]
fn the_base_has_every_library() {
    let linked = run(Command::new("ldd").arg(env!("CARGO_BIN_EXE_usher")));
    let names = linked.lines().filter_map(|line| line.split_whitespace().next()?.rsplit('/').next());
    let missing: BTreeSet<_> = names.filter(|name| !LIBRARIES.contains(name)).collect();
    assert!(missing.is_empty(), "the image's base does not have {missing:?}");
}

#[test]
fn it_runs_as_nobody_and_writes_nothing_but_its_data() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not tried: only root can make a root of its own");
        return;
    }
    let (root, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    lay_out(root.path());
    chown(data.path(), Some(NOBODY), Some(NOBODY)).unwrap();

    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", ENTER, "sh"]).arg(root.path()).arg(data.path());
    command
        .arg(format!("{NOBODY}:{NOBODY}"))
        .args(["/usr/bin/usher", "serve"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin:/usr/sbin");
    command.envs([("USHER_LISTEN", "127.0.0.1:0"), ("USHER_OPS_LISTEN", "127.0.0.1:0")]);
    let program = Program::spawn(&mut command).unwrap_or_else(|ended| panic!("it did not start: {ended:?}"));

    let process = PathBuf::from(format!("/proc/{}", program.id()));
    let status = fs::read_to_string(process.join("status")).unwrap();
    assert!(status.contains(&format!("Uid:\t{NOBODY}\t{NOBODY}\t{NOBODY}\t{NOBODY}\n")), "{status}");
    assert!(status.contains("CapEff:\t0000000000000000\n"), "{status}");
    let mounts = fs::read_to_string(process.join("mountinfo")).unwrap();
    let seen: Vec<_> = mounts.lines().filter(|line| line.split(' ').nth(4).is_some_and(|at| at == "/")).collect();
    assert!(seen.last().is_some_and(|root| root.split(' ').nth(5).unwrap().starts_with("ro")), "{mounts}");

    // Runs the image's health check in the same root.
    let healthy = |api: SocketAddr| {
        let mut check = Command::new("nsenter");
        check.args(["--mount", "--root", "--target"]).arg(program.id().to_string());
        check.args(["/usr/bin/usher", "healthcheck", "--address"]).arg(api.to_string());
        run(&mut check)
    };
    assert!(healthy(program.api).ends_with(": serving\n"));

    let store = fs::metadata(data.path().join("data")).expect("the store is in the folder of the image");
    assert_eq!(store.uid(), NOBODY);
    program.terminate();
    let ended = program.ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.errors);
}
