//! Texts as they are shown, good beside bad. What a parser makes of them is in the tests of the program.

use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(markdown(text), expected, "{text:?}");
}

#[test]
fn a_sentence_stays_a_sentence() {
    check("", "");
    check("nobody can connect, not even 12 admins.", "nobody can connect, not even 12 admins.");
    check("Büro isn't well-known (yet); why? \"so\"!", "Büro isn't well-known (yet); why? \"so\"!");
    check("  two  blanks ", "two blanks");
    check("    ", "");
    check("read -> write --> x", "read -> write `-->` x");
    check("-> x", "`->` x");
}

#[test]
fn names_in_backticks_stay_names() {
    check("`Sites.Manage.All` is needed", "`Sites.Manage.All` is needed");
    check("the list lacks `A`, `B` and (`C D`).", "the list lacks `A`, `B` and (`C D`).");
    check("use `scopeform plan --out PLAN` first", "use `scopeform plan --out PLAN` first");
    check("`a``b`", "```a``b```");
    check("`a`:: `b`:", "``a`:: `b``:");
    check("a:: b", "`a::` b");
    check("`", "`` ` ``");
    check("``", "``` `` ```");
}

#[test]
fn what_a_forge_would_act_on_is_code() {
    for word in [
        "@everyone",
        "@org/team",
        "ana@acme.example",
        "#12",
        "GH-12",
        "SEC-142",
        "org/repo#1",
        "!7",
        "deadbeef",
        "0123456",
        "https://evil.example",
        "www.evil.example",
        "evil.example",
        "<b>",
        "&amp;",
        "[x](y)",
        "![x](y)",
        "[^1]:",
        "[ ]",
        "$x$",
        "**x**",
        "_x_",
        "~~x~~",
        ":tada:",
        "|---|",
        "-->",
        "</details>",
        "/close",
        "create_list",
        "nobody->everyone",
        "-",
        "---",
        "--",
        "1.",
        "1)",
        "#",
        ">",
        "+",
        "\\",
        "%7",
        "＠everyone",
    ] {
        let shown = markdown(word);
        let ends = |c: char| AFTER.contains(&c);
        let bare = shown.trim_end_matches(ends);
        assert!(bare.starts_with('`') && bare.ends_with('`'), "{word} is shown as {shown}");
        let again = markdown(&format!("see {word} there"));
        assert!(
            again.starts_with("see `") && again.ends_with("` there") || !ends_plain(word),
            "{again}"
        );
    }
    check("ask @ana: now", "ask `@ana`: now");
    check("(see #12)", "(see `#12`)");
    check("a\nb", "`a\\nb`");
    check("nib\u{202e}txt", r"`nib\u{202e}txt`");
}

/// Whether a word does not end in what may stand behind a word.
fn ends_plain(word: &str) -> bool {
    !word.ends_with(AFTER)
}

#[track_caller]
fn check_code(text: &str, expected: &str) {
    assert_eq!(code(text), expected, "{text:?}");
}

#[test]
fn code_holds_any_text() {
    check_code("Mail.Send", "`Mail.Send`");
    check_code("", "`\"\"`");
    check_code(" ", "` `");
    check_code(" a", "`  a `");
    check_code("a`b", "``a`b``");
    check_code("`", "`` ` ``");
    check_code("```", "```` ``` ````");
    check_code("a\nb", r"`a\nb`");
    check_code("::error::x", r"`\u{3a}:error::x`");
}

#[test]
fn what_is_long_is_shown_as_its_beginning_and_a_number() {
    let long = "x".repeat(LONGEST);
    assert_eq!(code(&long), format!("`{long}`"));
    assert_eq!(code(&format!("{long}yz")), format!("`{long}`… (2 more characters)"));
    assert_eq!(code_whole(&format!("{long}yz")), format!("`{long}yz`"));
    // An escape is not cut.
    let shown = code(&"\u{202e}".repeat(100));
    assert_eq!(shown, format!("`{}`… (70 more characters)", r"\u{202e}".repeat(30)));
    let sentence = markdown(&"word ".repeat(1_000));
    assert!(sentence.ends_with("… (3800 more characters)"), "{sentence}");
}

#[test]
fn a_summary_is_text() {
    assert_eq!(summary_word("oauth_clients/Claude Connection"), "oauth_clients/Claude Connection");
    assert_eq!(summary_word("</summary>@a&"), "&#x3c;/summary&#x3e;&#x40;a&#x26;");
    assert_eq!(summary_word("Büro\n"), "Büro&#x5c;n");
}

#[test]
fn a_fence_is_longer_than_what_it_holds() {
    assert_eq!(fence(""), "```");
    assert_eq!(fence("a ` b `` c"), "```");
    assert_eq!(fence("+ ```\n- ````"), "`````");
}

#[test]
fn a_comment_is_not_ended_by_its_words() {
    assert_eq!(comment_word("acme-crm_2"), "acme-crm_2");
    assert_eq!(
        comment_word("https://odeus.example.com:8443/x"),
        "https://odeus.example.com:8443/x"
    );
    assert_eq!(comment_word("a-->b"), "a-%2D%3Eb");
    assert_eq!(comment_word("-a-"), "%2Da%2D");
    assert_eq!(comment_word("ü\n\""), "%C3%BC%0A%22");
}
