//! Whose names a snapshot gives away: nobody's. Whose names a plan from it shows: those that the files write.

use scopeform::snapshot::{Impostor, Known, Names, Pseudonym, Recipe, STRENGTH, Strength};

use super::{bytes, lab, live, planned, take};
use crate::cli::harness::Lab;

/// As cheap as the hash can be: what guessing costs is not what is tested here.
const CHEAP: Strength = Strength { memory_kib: 8, passes: 1 };

/// Everybody in the world of `acme-crm`, and what they named.
const PEOPLE: [&str; 6] = ["olga", "simon", "emil", "fay", "vera", "left"];

#[test]
fn no_name_of_anybody_is_in_the_file() {
    let lab = lab("acme-crm");
    // After an apply the platform knows new keys as well.
    lab.run("apply acme --auto-approve").exits(0);
    take(&lab);
    let file = lab.read("s.json").to_lowercase();
    for local in PEOPLE {
        assert!(!file.contains(local), "{local}");
    }
    for name in ["acme.example", "claude", "zapier", "personal", "nightly", "ticket sync"] {
        assert!(!file.contains(name), "{name}");
    }
    only_pseudonyms_have_an_at(&file);
    // The value of the key that was created, and of every token of the embedded control plane.
    let key = lab.read("acme/.scopeform/ticket-sync.key");
    assert!(key.trim().len() > 20 && !file.contains(&key.trim().to_lowercase()));
    // Two snapshots of one workspace cannot be told to be of the same people by their pseudonyms.
    let people = |text: &str| -> std::collections::BTreeSet<String> {
        text.split('"').filter(|word| word.starts_with("person-")).map(str::to_owned).collect()
    };
    let first = people(&file);
    take(&lab);
    assert!(first.len() >= PEOPLE.len() - 1);
    assert!(first.is_disjoint(&people(&lab.read("s.json"))));
}

#[test]
fn nobody_of_a_workspace_of_odeus_is_in_the_file() {
    let lab = lab("acme");
    lab.run("apply acme --auto-approve").env("EXCEL_CLIENT_SECRET", "s3").done();
    take(&lab);
    let (world, file) = (lab.read("acme/world.yaml"), lab.read("s.json").to_lowercase());
    let words = world.split(|c: char| c.is_whitespace() || "[],{}:".contains(c));
    let people: std::collections::BTreeSet<&str> =
        words.filter_map(|word| word.strip_suffix("@acme.example")).collect();
    assert_eq!(people.len(), 12);
    for word in file.split('"') {
        let part = word.split(|c: char| !c.is_alphanumeric()).find(|part| people.contains(part));
        assert_eq!(part, None, "{word}");
    }
    assert!(!file.contains("acme.example"));
    only_pseudonyms_have_an_at(&file);
}

/// What a mail address would be known by stands in pseudonyms only.
fn only_pseudonyms_have_an_at(file: &str) {
    let mut people = 0;
    for word in file.split('"').filter(|word| word.contains('@')) {
        assert!(Pseudonym::try_from(word.to_owned()).is_ok(), "{word}");
        people += 1;
    }
    assert!(people > 0);
}

#[test]
fn the_domain_of_a_person_is_a_pseudonym_of_its_own() {
    let salt = *b"sixteen bytes!!!";
    let people = ["ana@acme.example", "ben@ACME.example", "gil@guest.example", "local", "odd@"];
    let long = format!("x@{}", "y".repeat(190));
    let people = people.iter().copied().chain([long.as_str()]);
    let names =
        Names { people: people.map(|name| name.try_into().unwrap()).collect(), ..Names::default() };
    let book = Recipe::new(salt, CHEAP).book(&names).unwrap();
    let of = |name: &str| book.person(&name.try_into().unwrap()).unwrap().to_string();
    let domain = |name: &str| of(name).split_once('@').map(|(_, domain)| domain.to_owned());
    assert_eq!(domain("ana@acme.example"), domain("ben@acme.example"));
    assert_ne!(domain("ana@acme.example"), domain("gil@guest.example"));
    for name in ["local", "odd@", long.as_str()] {
        assert_eq!(domain(name), None, "{name}");
    }
    // Whoever knows one domain reads it and no other one; and it fits, however long it is.
    let longest = format!("x@{}", "y".repeat(176));
    let mut names = names;
    names.people.insert(longest.as_str().try_into().unwrap());
    let book = Recipe::new(salt, CHEAP).book(&names).unwrap();
    let mut written = Names::default();
    written.read_text("@Acme.example");
    written.read_text(&format!("@{}", "y".repeat(176)));
    assert_eq!(written.domains.len(), 2);
    let known = Known::from(Recipe::new(salt, CHEAP).book(&written).unwrap());
    let guest = of("gil@guest.example");
    for (name, end) in [
        ("ana@acme.example", "@acme.example"),
        ("gil@guest.example", guest.split_at(23).1),
        ("local", ""),
        (longest.as_str(), longest.split_at(1).1),
    ] {
        let is = book.person(&name.try_into().unwrap()).unwrap();
        let shown = known.person(&is).unwrap().to_string();
        let head = is.as_str().split('@').next().unwrap();
        assert_eq!(shown, format!("{head}{end}"), "{name}");
    }
    // Neither what is shown nor the domain's own pseudonym is anybody's name.
    let ana = book.person(&"ana@acme.example".try_into().unwrap()).unwrap();
    let (head, hash) = ana.as_str().split_once('@').unwrap();
    for (text, why) in [
        (format!("is {hash} ours?"), hash.to_owned()),
        (format!("eve@{hash}"), hash.to_owned()),
        (ana.to_string(), ana.to_string()),
        (format!("{head}@acme.example"), format!("{head}@acme.example")),
    ] {
        let mut written = Names::default();
        written.read_text(&text);
        let known = Known::from(Recipe::new(salt, CHEAP).book(&written).unwrap());
        assert_eq!(known.person(&ana), Err(Impostor(why)), "{text}");
    }
}

#[test]
fn what_a_text_may_mean_is_found() {
    let found = |text: &str| {
        let mut names = Names::default();
        names.read_text(text);
        let people = names.people.iter().map(ToString::to_string);
        let domains = names.domains.iter().map(ToString::to_string);
        people.chain(domains).collect::<Vec<_>>().join(" ")
    };
    for (text, wanted) in [
        ("Acme.example", "acme.example"),
        ("@acme.example", "acme.example"),
        (".acme.example", "acme.example"),
        ("@localhost", "localhost"),
        ("Ana@Acme.example", "ana@acme.example acme.example"),
        (
            "ask ana@acme.example, or ben@labs.example.",
            "ana@acme.example ben@labs.example acme.example labs.example",
        ),
        ("<ana.b+c@acme.example>,", "<ana.b+c@acme.example>, ana.b+c@acme.example acme.example"),
        ("o'brien@acme.example", "o'brien@acme.example acme.example"),
        ("is 'ana@acme.example'", "'ana@acme.example ana@acme.example acme.example"),
        (
            r"^[^@]+@acme\.example$",
            r"+@acme.example [^@]+@acme.example ^[^@]+@acme\.example$ acme.example",
        ),
        (r"@(acme\.example|labs[.]example)$", "acme.example labs.example"),
        (r"^ana@acme\.example$", r"^ana@acme\.example$ ana@acme.example acme.example"),
        ("see mailto:ana@acme.example?subject=x", "ana@acme.example acme.example"),
        (r"is \bana@acme\.example\b he", "ana@acme.example acme.example"),
        (r"@acme\.example\z", "acme.example"),
        (r"\A\Qacme.example\E\Z|\Blabs\.example\s*", "acme.example labs.example"),
        ("max=x@acme.example", "max=x@acme.example x@acme.example acme.example"),
        (
            "^Max/{x|y}@acme[.]example$",
            "^max/{x|y}@acme[.]example$ max/{x|y}@acme.example acme.example",
        ),
        ("Thing1.ReadWrite.All, Mail.Read or User.Read.", ""),
        ("ACME.EXAMPLE", "acme.example"),
        ("BigCorp.example", "bigcorp.example"),
        ("@(Acme.Com|Labs.Com)", "acme.com labs.com"),
        ("domain-0123456789abcdef", "domain-0123456789abcdef"),
        ("write_with_approval", ""),
        ("domain", ""),
        ("%s would be shared with everyone", ""),
        ("...", ""),
        ("@", ""),
    ] {
        assert_eq!(found(text), wanted, "{text}");
    }
    // A word is a domain where it is all that data says, and not in the texts of rules, which are full of words.
    for (text, wanted) in [
        ("intranet", "intranet"),
        ("Intranet", "intranet"),
        ("SEC-1_x", "sec-1_x"),
        ("the intranet", ""),
        ("a/b", ""),
        ("Mail.Read", ""),
        ("", ""),
    ] {
        let mut names = Names::default();
        names.read_data(text);
        let domains: Vec<String> = names.domains.iter().map(ToString::to_string).collect();
        assert_eq!(domains.join(" "), wanted, "{text}");
        assert_eq!(names.lookups(), domains.len(), "{text}");
        assert_eq!(found(text), "", "{text}");
    }
    let mut names = Names::default();
    for text in [
        "oauth_clients/Simon Personal/resources/tasks",
        "api_keys/nightly export",
        "api_keys/*",
        "Zapier",
    ] {
        names.read_text(text);
    }
    assert_eq!(names.clients, ["Simon Personal".try_into().unwrap()].into());
    assert_eq!(names.keys, ["nightly export".try_into().unwrap()].into());
}

/// What other programs make of the recipe: these were made with the reference implementation of Argon2, by Python's
/// `argon2-cffi` 25.1 (`hash_secret_raw(b"person\0ana@acme.example", salt, 2, 19456, 1, 8, Type.ID)`, then `b"domain\0acme.example"`).
#[test]
fn pseudonyms_are_what_the_documentation_says() {
    let salt: [u8; 16] = std::array::from_fn(|n| u8::try_from(n).unwrap());
    let names = Names {
        people: ["Ana@ACME.example".try_into().unwrap()].into(),
        clients: ["Claude Connection".try_into().unwrap()].into(),
        keys: ["ana@acme.example".try_into().unwrap()].into(),
        ..Names::default()
    };
    let book = Recipe::new(salt, STRENGTH).book(&names).unwrap();
    let person = book.person(names.people.first().unwrap()).unwrap();
    let client = book.client(names.clients.first().unwrap()).unwrap();
    let key = book.key(names.keys.first().unwrap()).unwrap();
    let all = [person, client, key].map(|pseudonym| pseudonym.to_string());
    assert_eq!(
        all,
        [
            "person-3a6b81a66392a53d@domain-8cc06bd252612abf",
            "client-1035d747ae0df169",
            "key-382eb5196053fdc7"
        ]
    );
}

#[test]
fn a_snapshot_is_what_its_schema_says() {
    for example in ["acme", "acme-crm"] {
        let lab = lab(example);
        take(&lab);
        let schema = lab.run("schema snapshot").exits(0).json();
        let valid = jsonschema::validator_for(&schema).unwrap();
        let mut file: serde_json::Value = serde_json::from_str(&lab.read("s.json")).unwrap();
        let wrong: Vec<String> = valid.iter_errors(&file).map(|error| error.to_string()).collect();
        assert_eq!(wrong, Vec::<String>::new(), "{example}");
        // The schema does say something: a name in the place of a pseudonym is none.
        let content = file["snapshot"]["content"].as_object_mut().unwrap();
        let of_platform = content.values_mut().next().unwrap();
        of_platform["users"]["ana@acme.example"] = "admin".into();
        of_platform["groups"]["sales"] = serde_json::json!(["ana@acme.example"]);
        assert!(!valid.is_valid(&file), "{example}");
    }
}

#[test]
fn no_secret_is_in_the_file() {
    let lab = Lab::with(
        "version: 1\nplatform: odeus\nworkspace: acme\nendpoint: embedded\nintegrations:\n  excel:\n    oauth:\n      \
         mode: sync\n      client: {id: 6f1c2b1e, tenant: acme.example, secret: {env: EXCEL_SECRET}}\n",
    );
    super::keys(&lab);
    let secret = "Sg5h-Uo1-Ke6-Wd3-Pn0";
    lab.run("apply --auto-approve").env("EXCEL_SECRET", secret).exits(0);
    lab.run("snapshot --out s.json --key keys/robot").env("EXCEL_SECRET", secret).exits(0);
    let file = lab.read("s.json");
    assert!(file.contains("env:EXCEL_SECRET") && file.contains("6f1c2b1e"), "the label is there");
    assert!(!file.contains("Sg5h"), "the secret is not");
}

#[test]
fn only_whom_the_files_write_is_shown() {
    let lab = lab("acme-crm");
    take(&lab);
    let from = planned(&lab, "--json").exits(0);
    for (name, shown) in [("simon", true), ("left", false), ("fay", false), ("vera", false)] {
        let name = format!("{name}@acme.example");
        assert_eq!(from.out.contains(&name), shown, "{name}");
    }
    assert!(from.out.contains("Claude Connection"), "a client that the files declare");
    assert!(!from.out.contains("Simon Personal"), "one that they do not");
    // The live plan, with the same people unnamed: the same bytes, the digest included.
    let of = live(&lab, "--json --pseudonyms s.json").exits(0);
    let (from, of) = (from.json(), of.json());
    assert_eq!(bytes(&from), bytes(&of));
    for (part, value) in of.as_object().unwrap() {
        let other = part == "applyable" || part == "api_cost";
        assert!(other || from[part] == *value, "{part}");
    }
    assert_eq!(from["api_cost"]["plan_reads"], 0);
    assert_eq!(from["api_cost"]["apply_reads"], of["api_cost"]["apply_reads"]);
    // And with their names: the same lines, of which only those that name them differ.
    let named = live(&lab, "--json").exits(0).json();
    let lines = |plan: &serde_json::Value| -> Vec<String> {
        let all = bytes(plan);
        all.split("},{").filter(|line| !line.contains("acme.example")).map(str::to_owned).collect()
    };
    let hidden: Vec<String> = lines(&named);
    let shown = lines(&from);
    assert!(hidden.iter().all(|line| shown.contains(line)), "{hidden:#?}\n{shown:#?}");
}

#[test]
fn a_misspelt_name_is_refused_as_it_is_live() {
    let lab = lab("acme-crm");
    take(&lab);
    let yaml = lab.read("acme/acme-crm.yaml").replace("simon@", "simone@");
    lab.write("acme/acme-crm.yaml", &yaml);
    let (of, from) =
        (live(&lab, "--json").exits(1).json(), planned(&lab, "--json").exits(1).json());
    let said = |plan: &serde_json::Value, part: &str| plan["diagnostics"][0][part].clone();
    for part in ["code", "summary", "range"] {
        assert_eq!(said(&from, part), said(&of, part), "{part}");
    }
    assert_eq!(said(&from, "summary"), "there is no user `simone@acme.example` in this workspace");
    // Live, somebody with access is told who was meant; here nobody is.
    assert!(!from.to_string().contains("simon@"), "{from}");
    // Somebody whom no file named so far is found by their name.
    lab.write("acme/acme-crm.yaml", &yaml.replace("simone@", "vera@"));
    planned(&lab, "").exits(0).prints(&["vera@acme.example"]);
}

#[test]
fn a_pseudonym_is_nobodys_name() {
    let lab = lab("acme-crm");
    take(&lab);
    let file = lab.read("s.json");
    let one = file.split('"').find(|word| word.starts_with("person-")).unwrap();
    let yaml = lab.read("acme/acme-crm.yaml").replace("simon@acme.example", one);
    lab.write("acme/acme-crm.yaml", &yaml);
    planned(&lab, "").exits(1).says(&[one, "is a pseudonym of the snapshot and nobody's name"]);
}
