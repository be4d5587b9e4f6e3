//! The allowed-signers file: what is read, what is refused, and that ssh-keygen reads it no differently.

use std::collections::BTreeSet;

use scopeform::plan::policy::Signer;
use scopeform::seal::signers::{SignerError, allows, parse};

use super::{confirms, folder, new_key, sign};

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

fn read(line: &str) -> Signer {
    let (signers, mistakes) = parse(line);
    assert!(mistakes.is_empty(), "{line}: {mistakes:?}");
    assert_eq!(signers.len(), 1, "{line}");
    signers[0].1.clone()
}

fn mistake(line: &str) -> SignerError {
    let (signers, mistakes) = parse(line);
    assert!(signers.is_empty(), "{line}: {signers:?}");
    assert_eq!(mistakes.len(), 1, "{line}");
    mistakes[0].1.clone()
}

#[test]
fn lines_are_read_as_ssh_keygen_reads_them() {
    let plain = Signer {
        principals: BTreeSet::from(["ana@acme.example".to_owned()]),
        key: KEY.to_owned(),
        namespaces: Vec::new(),
        first_day: None,
        last_day: None,
    };
    for line in [
        format!("ana@acme.example {KEY}"),
        format!("  ana@acme.example \t {KEY} a comment, with \"quotes"),
        format!("\"ana@acme.example\" {KEY}\r\n"),
    ] {
        assert_eq!(read(&line), plain, "{line}");
    }
    let (signers, mistakes) = parse(&format!("# nobody\n\n   # {KEY}\nana@acme.example {KEY}"));
    assert_eq!((signers.len(), mistakes.len()), (1, 0));

    for (option, first, last, namespaces) in [
        ("valid-after=\"20260301Z\"", Some("2026-03-01"), None, vec![]),
        ("VALID-AFTER=\"20260301000000Z\"", Some("2026-03-01"), None, vec![]),
        ("valid-after=\"202603010930\"", Some("2026-03-02"), None, vec![]),
        ("valid-before=\"20260301Z\"", None, Some("2026-02-28"), vec![]),
        ("valid-before=\"20260301235959Z\"", None, Some("2026-02-28"), vec![]),
        (
            "namespaces=\"git,scopeform-*\",valid-before=\"20990101\"",
            None,
            Some("2098-12-31"),
            vec!["git", "scopeform-*"],
        ),
    ] {
        let signer = read(&format!("ana@acme.example {option} {KEY}"));
        let day = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        assert_eq!((signer.first_day, signer.last_day), (day(first), day(last)), "{option}");
        assert_eq!(signer.namespaces, namespaces, "{option}");
    }
}

#[test]
fn a_line_that_means_something_else_is_a_mistake_at_its_place() {
    for (line, wanted) in [
        ("ana@acme.example", SignerError::NoKey),
        ("ana@acme.example namespaces=\"git\"", SignerError::NoKey),
        ("ana@acme.example ssh-ed25519 AAAA", SignerError::Key),
        // It says to be 131,104 bytes long. ssh-keygen calls it no public key.
        (
            "ana ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAIAIOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs",
            SignerError::Key,
        ),
        ("*@acme.example KEY", SignerError::Pattern("*@acme.example".to_owned())),
        ("!eve,ana KEY", SignerError::Pattern("!eve".to_owned())),
        ("ana,,ben KEY", SignerError::Principal(String::new())),
        ("../ana KEY", SignerError::Principal("../ana".to_owned())),
        ("ana cert-authority KEY", SignerError::Authority),
        ("ana Cert-Authority,namespaces=\"git\" KEY", SignerError::Authority),
        ("ana namespaces=git KEY", SignerError::Value("namespaces")),
        ("ana namespaces=\"git KEY", SignerError::OpenQuote),
        ("ana valid-after=\"2026\" KEY", SignerError::Time("2026".to_owned())),
        ("ana valid-after=\"20260230Z\" KEY", SignerError::Time("20260230Z".to_owned())),
        ("ana valid-after=\"202601012500Z\" KEY", SignerError::Time("202601012500Z".to_owned())),
        ("ana valid-after=\"20260102Z\",valid-before=\"20260102Z\" KEY", SignerError::NeverValid),
        ("ana restrict KEY", SignerError::Option("restrict".to_owned())),
    ] {
        let line = line.replace("KEY", KEY);
        assert_eq!(mistake(&line), wanted, "{line}");
    }
    let (_, mistakes) = parse(&format!("ana {KEY}\n  ben\n"));
    assert_eq!(mistakes[0].0, format!("ana {KEY}\n  ").len()..format!("ana {KEY}\n  ben").len());
}

#[test]
fn a_key_of_another_algorithm_is_refused() {
    let (_dir, folder) = folder();
    let rsa = new_key(&folder, "rsa", &["rsa", "-b", "2048"]);
    assert_eq!(mistake(&format!("ana {rsa}")), SignerError::Algorithm("ssh-rsa".to_owned()));
}

/// Whatever a `namespaces` says, ssh-keygen and we agree on whether the key may sign approvals.
#[test]
fn namespaces_mean_what_they_mean_to_ssh_keygen() {
    let (_dir, folder) = folder();
    let key = new_key(&folder, "ana", &["ed25519"]);
    let signature = folder.join("text.sig");
    std::fs::write(&signature, sign(&folder, "ana", "scopeform-plan", b"text")).unwrap();
    let mut both = BTreeSet::new();
    for list in [
        "scopeform-plan",
        "git",
        "git,scopeform-plan",
        "scopeform-*",
        "*",
        "s*n",
        "s*x*n",
        "scopeform?plan",
        "scopeform-plan?",
        "*,!scopeform-plan",
        "!git,*",
        "!git",
        "Scopeform-Plan",
    ] {
        let line = format!("ana@acme.example namespaces=\"{list}\" {key}\n");
        std::fs::write(folder.join("allowed_signers"), &line).unwrap();
        let theirs = confirms(&folder, "ana@acme.example", b"text", &signature);
        let ours = allows(&read(&line).namespaces, "scopeform-plan");
        assert_eq!(ours, theirs, "{list}");
        both.insert(ours);
    }
    assert_eq!(both.len(), 2);
}

/// ssh-keygen lets a line pass that is damaged in such a way, or takes it for another one; we say so.
#[test]
fn no_key_is_taken_from_a_line_that_ssh_keygen_does_not_take_it_from() {
    let (_dir, folder) = folder();
    let key = new_key(&folder, "ana", &["ed25519"]);
    let (kind, data) = key.split_once(' ').unwrap();
    let signature = folder.join("text.sig");
    std::fs::write(&signature, sign(&folder, "ana", "scopeform-plan", b"text")).unwrap();
    let (long, longer) = ("x".repeat(1022), "x".repeat(1023));
    let mut both = BTreeSet::new();
    for line in [
        format!("ana@acme.example {kind}  \t {data} a comment"),
        format!("\"ana@acme.example\" {key}"),
        format!("\"\"ana@acme.example\"\" {key}"),
        format!("\rana@acme.example {key}"),
        format!("ana@acme.example {kind}\u{a0}{data}"),
        format!("ana@acme.example {kind}\u{b}{data}"),
        format!("ana@acme.example {kind}\r{data}"),
        format!("ana@acme.example {data}"),
        format!("ana@acme.example {key}\u{a0}"),
        format!("ana@acme.example {key}\u{a0}a comment"),
        format!("ana@acme.example {key}\u{b}a comment"),
        format!("ana@acme.example namespaces=\"git\",namespaces=\"scopeform-plan\" {key}"),
        format!("ana@acme.example namespaces=\"*\",NAMESPACES=\"scopeform-plan\" {key}"),
        format!("ana@acme.example valid-after=\"20250101Z\",valid-after=\"20260101Z\" {key}"),
        format!("ana@acme.example valid-before=\"20900101Z\",valid-before=\"20910101Z\" {key}"),
        format!("ana@acme.example valid-after=\"00000101Z\" {key}"),
        format!("ana@acme.example valid-after=\"19600101Z\" {key}"),
        format!("ana@acme.example valid-after=\"19700101Z\" {key}"),
        format!("ana@acme.example valid-after=\"19710101Z\" {key}"),
        format!("ana@acme.example namespaces=\"scopeform-plan,\0\" {key}"),
        format!("ana@acme.example namespaces=\"scopeform-plan,{long}\" {key}"),
        format!("ana@acme.example namespaces=\"scopeform-plan,{longer}\" {key}"),
    ] {
        std::fs::write(folder.join("allowed_signers"), format!("{line}\n")).unwrap();
        let theirs = confirms(&folder, "ana@acme.example", b"text", &signature);
        let (signers, mistakes) = parse(&line);
        let ours = signers.iter().any(|(_, signer)| {
            signer.principals.contains("ana@acme.example")
                && signer.key == key
                && allows(&signer.namespaces, "scopeform-plan")
        });
        assert_eq!(ours, theirs, "{line:?}: {mistakes:?}");
        assert!(signers.len() + mistakes.len() == 1, "{line:?}");
        both.insert(ours);
    }
    assert_eq!(both.len(), 2);
}

#[test]
fn a_mistake_stands_where_the_line_is() {
    // A line that begins with a carriage return, and then with what takes two bytes.
    let (_, mistakes) = parse("\r\u{e9} \r\n\r\n \t\r\n");
    let places: Vec<_> = mistakes.into_iter().map(|(place, _)| (place.start, place.end)).collect();
    assert_eq!(places, [(0, 3)]);
}
