//! Approvals: the allowed-signers file, the statement that somebody signs, and the signature under it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::OnceLock;

use jiff::civil::{Date, date};
use scopeform::plan::Plan;
use scopeform::plan::policy::{ApprovalRule, Approvals, Policy, Signer, When};
use scopeform::render::neutral::terminal;
use scopeform::seal::approval::{Approval, Fault, NAMESPACE, Statement, last_day, missing};
use scopeform::seal::signature::{SignatureFault, SignedBy, signed_by};
use scopeform::seal::signers::{is_principal, parse, public_key};
use scopeform::seal::{Digest, SealedPlan, document};
use scopeform::snapshot;
use ssh_key::private::Ed25519Keypair;
use ssh_key::{HashAlg, LineEnding, PrivateKey};

use super::{SEPARATOR, harmless};

const TODAY: Date = date(2026, 11, 22);

/// The plan that approvals are checked against: one that the program has written.
fn sealed() -> &'static SealedPlan {
    static SEALED: OnceLock<SealedPlan> = OnceLock::new();
    SEALED.get_or_init(|| {
        let file = include_bytes!("../../seeds/plan_file/acme-crm.json");
        let found: document::Document = serde_json::from_slice(file).unwrap();
        SealedPlan::seal(Plan { bound: found.bound, observed: found.observed })
    })
}

/// A key of our own, so that there is a signature under whatever comes in.
fn own_key() -> &'static PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| PrivateKey::from(Ed25519Keypair::from_seed(&[7; 32])))
}

/// Our own key's `TYPE BASE64`: the seed `own` lists it.
fn own_public_key() -> String {
    own_key().public_key().to_openssh().unwrap().trim().to_owned()
}

fn signed(namespace: &str, text: &[u8]) -> Vec<u8> {
    let signature = own_key().sign(namespace, HashAlg::Sha512, text).unwrap();
    signature.to_pem(LineEnding::LF).unwrap().into_bytes()
}

/// Reads up to three pieces as an allowed-signers file, a statement, and the signature under it. Then signs the statement
/// with a key of our own and changes a bit.
pub fn approvals(data: &[u8]) {
    let mut pieces = data.split(|byte| *byte == SEPARATOR);
    let mut next = || pieces.next().unwrap_or_default();
    let (signers, statement, signature) = (next(), next(), next());
    let keys = listed(&String::from_utf8_lossy(signers));
    let flip = Flip::by(data);
    for namespace in [NAMESPACE, snapshot::NAMESPACE] {
        if let Ok(by) = signed_by(namespace, statement, signature) {
            good(&by, namespace, statement, signature, flip);
        }
    }
    match Approval::check(statement, signature, sealed(), TODAY) {
        Ok(approval) => {
            assert!(signed_by(NAMESPACE, statement, signature).is_ok());
            assert_eq!(approval.statement().text().as_bytes(), statement, "not what was read");
        }
        Err(fault) => said(&fault),
    }
    match Statement::read(statement) {
        Ok(read) => {
            assert_eq!(read.text().as_bytes(), statement, "not what was read");
            ours(read, &keys, flip);
        }
        Err(fault) => said(&fault),
    }
}

/// Reads an allowed-signers file. What is wrong with it is said at its place; what is read is written the same.
fn listed(text: &str) -> Vec<Signer> {
    let (signers, mistakes) = parse(text);
    let mut places: Vec<&Range<usize>> =
        signers.iter().map(|(at, _)| at).chain(mistakes.iter().map(|(at, _)| at)).collect();
    places.sort_by_key(|place| place.start);
    assert!(places.len() <= text.matches('\n').count() + 1);
    for pair in places.windows(2) {
        assert!(pair[0].end <= pair[1].start, "{pair:?} of {text:?}");
    }
    let line = |place: &Range<usize>| -> &str {
        let line = text.get(place.clone());
        let line = line.unwrap_or_else(|| panic!("{place:?} is no place of {text:?}"));
        assert!(!line.is_empty() && !line.contains('\n'), "{line:?}");
        assert!(!line.starts_with([' ', '\t']) && !line.ends_with([' ', '\t', '\r']), "{line:?}");
        line
    };
    for (place, mistake) in &mistakes {
        let line = line(place);
        assert_eq!(parse(line).1, [(0..line.len(), mistake.clone())], "{line:?}");
        let said = mistake.to_string();
        assert!(said.len() <= line.len() + 200, "{said:?}");
        assert!(!mistake.help().is_empty());
        harmless(&terminal(&said).to_string());
    }
    for (place, signer) in &signers {
        let line = line(place);
        assert_eq!(parse(line).0, [(0..line.len(), signer.clone())], "{line:?}");
        assert!(!signer.principals.is_empty());
        for name in &signer.principals {
            assert!(is_principal(name) && line.contains(name.as_str()), "{name:?} of {line:?}");
        }
        assert_eq!(public_key(&signer.key).as_ref(), Ok(&signer.key));
        assert!(line.contains(&signer.key) || line.contains('\t') || line.contains("  "));
        let written = written(signer);
        let again = parse(&written).0;
        assert_eq!(again, [(0..written.len(), signer.clone())], "{line:?}");
    }
    signers.into_iter().map(|(_, signer)| signer).collect()
}

/// A signer as a line of the file.
fn written(signer: &Signer) -> String {
    let names: Vec<&str> = signer.principals.iter().map(String::as_str).collect();
    let mut options = Vec::new();
    if !signer.namespaces.is_empty() {
        options.push(format!("namespaces=\"{}\"", signer.namespaces.join(",")));
    }
    if let Some(first) = signer.first_day {
        options.push(format!("valid-after=\"{}Z\"", first.strftime("%Y%m%d")));
    }
    if let Some(last) = signer.last_day {
        let end = last.tomorrow().unwrap();
        options.push(format!("valid-before=\"{}Z\"", end.strftime("%Y%m%d")));
    }
    let options = options.join(",");
    let blank = if options.is_empty() { "" } else { " " };
    format!("{}{blank}{options} {}", names.join(","), signer.key)
}

/// One bit of a text, which the input chooses.
#[derive(Debug, Clone, Copy)]
struct Flip {
    place: u64,
    bit: u32,
}

impl Flip {
    fn by(data: &[u8]) -> Self {
        let digest = Digest::of_bytes(data);
        let number = |digits: Option<&str>| u64::from_str_radix(digits.unwrap(), 16).unwrap();
        let place = number(digest.as_str().get(..12));
        let bit = u32::try_from(number(digest.as_str().get(12..13)) % 8).unwrap();
        Self { place, bit }
    }

    fn of(self, text: &[u8]) -> Vec<u8> {
        let mut text = text.to_vec();
        let length = u64::try_from(text.len()).unwrap();
        let at = usize::try_from(self.place % length).unwrap();
        text[at] ^= 1 << self.bit;
        text
    }
}

/// What has to hold for a good signature: it is good for nothing else.
fn good(by: &SignedBy, namespace: &str, statement: &[u8], signature: &[u8], flip: Flip) {
    assert_eq!(public_key(&by.key).as_ref(), Ok(&by.key));
    assert!(by.fingerprint.starts_with("SHA256:"), "{by:?}");
    let other = signed_by("git", statement, signature);
    assert_eq!(other, Err(SignatureFault::Namespace(namespace.to_owned())));
    let more = [statement, b"\n"].concat();
    assert_eq!(signed_by(namespace, &more, signature), Err(SignatureFault::BadSignature));
    if !statement.is_empty() {
        let changed = signed_by(namespace, &flip.of(statement), signature);
        assert_eq!(changed, Err(SignatureFault::BadSignature));
    }
    let changed = flip.of(signature);
    if signed_by(namespace, statement, &changed).is_ok() {
        assert_eq!(words(&changed), words(signature), "a changed signature is good");
    }
}

/// A signature file without its blanks, which alone may differ.
fn words(signature: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(signature).replace('\r', "");
    text.split_whitespace().map(str::to_owned).collect()
}

/// What is said of an approval that does not count: short, and harmless on a terminal.
#[track_caller]
fn said(fault: &Fault) {
    let said = fault.to_string();
    assert!(said.len() <= 1_024, "{said:?}");
    harmless(&terminal(&said).to_string());
}

/// Makes the statement one about the plan at hand, signs it, and looks who it counts for.
fn ours(read: Statement, keys: &[Signer], flip: Flip) {
    let sealed = sealed();
    let bound = &sealed.plan().bound;
    let statement = Statement {
        digest: sealed.digest().as_str().to_owned(),
        workspace: bound.workspace.to_string(),
        platform: bound.platform.to_string(),
        ..read
    };
    let text = statement.text();
    let signature = signed(NAMESPACE, text.as_bytes());
    let check = |text: &[u8], signature: &[u8]| Approval::check(text, signature, sealed, TODAY);
    assert!(check(&flip.of(text.as_bytes()), &signature).is_err(), "a changed text is approved");
    let foreign = signed(snapshot::NAMESPACE, text.as_bytes());
    let refused = check(text.as_bytes(), &foreign);
    assert_eq!(refused, Err(Fault::Namespace(snapshot::NAMESPACE.to_owned())));
    let changed = flip.of(&signature);
    if words(&changed) != words(&signature) {
        assert!(check(text.as_bytes(), &changed).is_err(), "a changed signature is good");
    }
    let approval = match check(text.as_bytes(), &signature) {
        Ok(approval) => approval,
        Err(fault) => {
            said(&fault);
            let timely = statement.day() <= TODAY && TODAY <= statement.until;
            assert!(!timely && matches!(fault, Fault::FromTheFuture(_) | Fault::Expired(_)));
            return;
        }
    };
    let own = own_public_key();
    let of: BTreeSet<String> = keys.iter().flat_map(|key| &key.principals).cloned().collect();
    for (max_age, need) in [(0, 1), (7, 1), (3_650, 2)] {
        let rule = ApprovalRule {
            when: When::Any,
            named: of.iter().cloned().collect(),
            of: of.clone(),
            need,
        };
        let rules = Approvals {
            max_age,
            signers_file: "allowed_signers".to_owned(),
            rules: vec![rule],
            signers: keys.to_vec(),
        };
        let counts = approval.counts(&rules);
        match &counts {
            Ok(()) => {
                let lists = |key: &Signer| key.key == own && key.principals.contains(approval.by());
                assert!(
                    keys.iter().any(lists),
                    "counts for nobody: {:?} {keys:?} {own:?}",
                    approval.by()
                );
                assert!(last_day(statement.day(), max_age) >= TODAY);
            }
            Err(fault) => said(fault),
        }
        let policy = Policy { approvals: Some(rules), ..Policy::default() };
        let under = sealed.clone().under(policy);
        // Twice the same person is one person.
        let open = missing(&under, &[approval.clone(), approval.clone()]);
        assert_eq!(open.is_empty(), counts.is_ok() && need == 1, "{open:?}");
        for open in open {
            assert!(open.have.is_subset(&of) && open.have.is_disjoint(&open.could));
            assert!(open.have.len() <= usize::from(counts.is_ok()));
        }
    }
}
