//! Who may use whom (ARCHITECTURE.md, "Who may use whom"), and under which licences.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// For each of our packages: which of ours it may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("wire", &["model"]),
    ("locate", &["model"]),
    ("learn", &["model"]),
    ("measure", &[]),
    ("decide", &["model", "learn"]),
    ("engine", &["model", "locate", "decide", "learn", "measure"]),
    ("evaluate", &["model", "wire", "locate", "engine"]),
    ("runtime", &["model", "wire"]),
    ("gateway", &["model", "wire", "locate", "runtime"]),
    ("server", &["model", "wire", "locate", "decide", "engine", "evaluate", "runtime", "learn", "measure"]),
    ("firmware-sim", &["model", "wire", "runtime"]),
    (
        "tests",
        &[
            "model",
            "wire",
            "locate",
            "decide",
            "learn",
            "measure",
            "engine",
            "runtime",
            "gateway",
            "server",
            "firmware-sim",
        ],
    ),
];

/// What the pure crates may never bring in: anything that talks to the outside.
const IMPURE: &[&str] = &[
    "tokio",
    "async-std",
    "smol",
    "reqwest",
    "hyper",
    "axum",
    "sqlx",
    "zbus",
    "rumqttc",
    "rmqtt",
    "mio",
    "socket2",
    "tracing-subscriber",
    "uuid",
    "chrono",
];

/// Licences that may be linked into an Apache-2.0 product.
const LICENCES: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unlicense",
    "CC0-1.0",
    "Unicode-3.0",
    "MPL-2.0",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "OpenSSL",
];

/// The tree as it is built on this machine; other systems' crates may not even be downloaded here.
fn metadata() -> Metadata {
    let said = Command::new("rustc").arg("-vV").output().expect("rustc answers");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    let options = ["--locked", "--offline", "--filter-platform", host].map(str::to_owned).to_vec();
    MetadataCommand::new().manifest_path("../Cargo.toml").other_options(options).exec().expect("cargo metadata answers")
}

#[test]
fn every_crate_uses_only_what_it_may() {
    let metadata = metadata();
    let ours: BTreeSet<String> = metadata.workspace_packages().iter().map(|p| p.name.to_string()).collect();
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        ALLOWED.iter().map(|(name, uses)| (*name, uses.iter().copied().collect())).collect();
    assert_eq!(
        ours,
        allowed.keys().map(|k| (*k).to_owned()).collect(),
        "a crate came or went: write its line in this table"
    );
    for package in metadata.workspace_packages() {
        for dependency in package.dependencies.iter().filter(|d| ours.contains(&d.name)) {
            assert!(
                allowed[package.name.as_str()].contains(dependency.name.as_str()),
                "{} may not use {} ({:?})",
                package.name,
                dependency.name,
                dependency.kind
            );
        }
    }
}

#[test]
fn the_core_brings_in_nothing_that_talks_to_the_outside() {
    let metadata = metadata();
    for package in metadata
        .workspace_packages()
        .iter()
        .filter(|p| ["model", "wire", "locate", "decide", "engine", "evaluate"].contains(&p.name.as_str()))
    {
        for dependency in package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal) {
            assert!(!IMPURE.contains(&dependency.name.as_str()), "{} uses {}", package.name, dependency.name);
        }
    }
}

#[test]
fn dependencies_are_declared_once_in_the_root() {
    for package in metadata().workspace_packages() {
        let manifest = std::fs::read_to_string(&package.manifest_path).expect("a manifest");
        let table: toml::Table = manifest.parse().expect("a manifest is TOML");
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, value) in table.get(section).and_then(|s| s.as_table()).into_iter().flatten() {
                let inherited = value.get("workspace").and_then(toml::Value::as_bool).unwrap_or(false);
                assert!(inherited, "{}: {name} must say workspace = true", package.name);
            }
        }
    }
}

#[test]
fn every_licence_is_compatible_and_no_openssl_is_linked() {
    for package in metadata().packages {
        let name = package.name.as_str();
        assert!(!["openssl", "openssl-sys", "native-tls"].contains(&name), "{name} is in the tree");
        let Some(licence) = package.license.as_deref() else {
            assert!(package.license_file.is_some(), "{name} has no licence");
            continue;
        };
        assert!(is_allowed(licence), "{name}: the licence {licence:?} is not in the list");
    }
}

/// One of the alternatives is allowed in all its parts.
fn is_allowed(expression: &str) -> bool {
    let flat = expression.replace(['(', ')'], "").replace('/', " OR ");
    flat.split(" OR ").any(|alternative| alternative.split(" AND ").all(|part| LICENCES.contains(&part.trim())))
}
