use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

use super::*;

/// What the finder says of a text that holds a canary somewhere in the middle.
fn forms_of(text: impl AsRef<[u8]>) -> BTreeSet<Form> {
    let mut canaries = Canaries::new(1_000);
    canaries.look("a place", &[b"before it. ", text.as_ref(), b" and after"].concat());
    canaries.forms()
}

fn address() -> [u8; 6] {
    Canaries::new(1_000).address(77)
}

fn digits(bytes: &[u8], separator: &str) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(separator)
}

#[test]
fn every_form_of_an_address_is_found_in_either_order() {
    let forward = address();
    let mut backward = forward;
    backward.reverse();
    for bytes in [forward, backward] {
        assert!(forms_of(bytes).contains(&Form::Raw));
        for separator in ["", ":", "-", "_", ".", " "] {
            let text = digits(&bytes, separator);
            assert!(forms_of(&text).contains(&Form::Hex), "{text}");
            assert!(forms_of(text.to_uppercase()).contains(&Form::Hex), "{text}");
        }
        assert!(forms_of(fold(&bytes).to_string()).contains(&Form::Decimal));
        assert!(forms_of(format!("{bytes:?}")).contains(&Form::List));
        assert!(forms_of(bytes.map(|byte| byte.to_string()).join(",")).contains(&Form::List));
        assert!(forms_of(bytes.escape_ascii().to_string()).contains(&Form::Escaped));
        for lead in 0..3 {
            let around = [&b"xyz"[..lead], &bytes, b"tail"].concat();
            assert!(forms_of(BASE64_STANDARD.encode(&around)).contains(&Form::Base64), "{lead} bytes before it");
            assert!(forms_of(BASE64_URL_SAFE_NO_PAD.encode(&around)).contains(&Form::Base64), "{lead} bytes before it");
        }
    }
    assert!(forms_of(NAME).contains(&Form::Name));
}

#[test]
fn one_at_the_very_end_is_found_too() {
    let mut canaries = Canaries::new(1_000);
    canaries.look("decimal", format!("n={}", fold(&address())).as_bytes());
    canaries.look("list", address().map(|byte| byte.to_string()).join(", ").as_bytes());
    canaries.look("raw", &address());
    assert_eq!(canaries.forms(), BTreeSet::from([Form::Raw, Form::Decimal, Form::List]));
}

#[test]
fn what_is_no_canary_is_not_found() {
    let all: BTreeSet<[u8; 6]> = (0..1_000).map(|number| Canaries::new(1_000).address(number)).collect();
    assert_eq!(all.len(), 1_000);
    let stranger = (0..).map(|n: u32| [PREFIX[0], PREFIX[1], PREFIX[2], 0, (n >> 8) as u8, n as u8]);
    let stranger = stranger.into_iter().find(|address| !all.contains(address)).expect("there are 16 million");
    assert!(forms_of(digits(&stranger, ":")).is_empty());
    assert!(forms_of(stranger).is_empty());
    assert!(forms_of(digits(&address()[..5], ":")).is_empty(), "five bytes of six");
    assert!(forms_of("c3:5a:d7 is a maker's prefix, 195, 90 and 215 are numbers").is_empty());
}

#[test]
fn files_of_a_folder_are_looked_through_and_told_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("spool");
    std::fs::create_dir(&inner).expect("a folder");
    std::fs::write(folder.path().join("log"), "nothing here").expect("a file");
    std::fs::write(inner.join("1.spool"), [&[7; 1_000][..], &address(), &[9; 1_000]].concat()).expect("a file");
    let mut canaries = Canaries::new(1_000);
    canaries.look_into(folder.path(), "box").expect("readable");
    assert_eq!(canaries.looked["box/log"], 12);
    assert_eq!(canaries.hits, 1);
    assert_eq!((canaries.found[0].place.as_str(), canaries.found[0].offset), ("box/spool/1.spool", 1_005));
}
