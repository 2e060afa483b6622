//! Compiles `proto/usher/v1/*.proto` to Rust, without protoc. Writes the generated code (`usher.v1.rs`) and the
//! descriptors for server reflection (`usher.v1.bin`) to `OUT_DIR`; `src/proto.rs` includes both. What nodes say to each
//! other, `proto/usher/peer/v1/`, becomes code alone: nobody else is shown it. Also sets `USHER_COMMIT`, the commit that
//! is built.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const ROOT: &str = "proto";
const PACKAGE: &str = "proto/usher/v1";
const PEERS: &str = "proto/usher/peer/v1";

fn main() -> Result<(), Box<dyn Error>> {
    // A macro embeds the migrations, so cargo does not see the dependency.
    println!("cargo::rerun-if-changed=src/store/migrations");
    compile(PEERS)?;
    let mut compiler = compile(PACKAGE)?;

    // `compile_fds` ignores `file_descriptor_set_path`, so the bytes are written here.
    compiler.include_source_info(false);
    #[allow(clippy::disallowed_methods)] // Cargo passes the output folder to a build script in a variable.
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    fs::write(out_dir.join("usher.v1.bin"), compiler.encode_file_descriptor_set())?;
    println!("cargo::rustc-env=USHER_COMMIT={}", commit());
    Ok(())
}

/// Writes the code of a package to `OUT_DIR`.
fn compile(package: &str) -> Result<protox::Compiler, Box<dyn Error>> {
    let protos = proto_files(Path::new(package))?;
    // The folder too, so that cargo notices a new file.
    println!("cargo::rerun-if-changed={package}");
    for proto in &protos {
        println!("cargo::rerun-if-changed={}", proto.display());
    }

    let mut compiler = protox::Compiler::new([ROOT])?;
    // With the well-known types, so that a client of reflection finds every type that a message refers to.
    compiler.include_imports(true).open_files(&protos)?;

    // The generated Rust contains the comments of the contract; the descriptors, which are sent to clients, do not.
    compiler.include_source_info(true);
    let mut config = tonic_prost_build::Config::new();
    // Each message type has its name as a constant, by which its descriptor is found.
    config.enable_type_names();
    tonic_prost_build::configure()
        // A sorted map, so that equal messages always encode to equal bytes.
        .btree_map(".usher.v1")
        .codec_path("crate::proto::codec::SmallBuffers")
        .compile_fds_with_config(compiler.file_descriptor_set(), config)?;
    Ok(compiler)
}

/// The commit in `usher::VERSION`: the value of `USHER_COMMIT`, for builds without a repository; else the commit of the
/// repository; else `unknown`. Builds of developers have none, because each commit would compile everything again.
#[allow(clippy::disallowed_methods)] // Cargo passes the profile to a build script in a variable.
fn commit() -> String {
    println!("cargo::rerun-if-env-changed=USHER_COMMIT");
    if let Some(given) = env::var("USHER_COMMIT").ok().filter(|given| !given.is_empty()) {
        return given;
    }
    if env::var("PROFILE").is_ok_and(|profile| profile != "release") {
        return "development".into();
    }
    // Files that change with a commit or a checkout. Only existing ones: a missing file makes cargo run this script
    // every time.
    for file in ["HEAD", "logs/HEAD", "packed-refs"] {
        if let Some(path) = git(&["rev-parse", "--git-path", file]).filter(|path| Path::new(path).exists()) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown".into())
}

/// Output of a git command; `None`: git or the repository is missing.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

/// Returns the `.proto` files of a folder, sorted, so that the output does not depend on the file system.
fn proto_files(folder: &Path) -> Result<Vec<PathBuf>, std::io::Error> {
    let mut files =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "proto"));
    files.sort();
    Ok(files)
}
