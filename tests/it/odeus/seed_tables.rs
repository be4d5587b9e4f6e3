//! The seed's two tables *What changes in this mode*, one test per row, each named by the row's text.
//!
//! SharePoint's real catalogue: base `offline_access` and `User.Read`; native actions hold `Files.Read.All` and
//! `Sites.Read.All`.

/// The Odeus client.
mod managed_client {
    use crate::odeus::fixture::{Bench, MEMBER, delta, new_action, only, set, user};
    use scopeform::model::{Access, Effect};
    use scopeform::platform::odeus::operation::IntegrationOperation;

    #[test]
    fn enable_an_action() {
        let mut bench = Bench::of("sharepoint");
        let effect = bench.on("create_list");
        assert!(bench.is_on("create_list"));
        assert_eq!(effect.scopes, delta(&["Sites.Manage.All"], &[]));
        // A covered action moves no scope.
        assert_eq!(bench.on("get_file").scopes, delta(&[], &[]));
        assert!(bench.is_on("get_file"));
    }

    #[test]
    fn disable_an_action() {
        let mut bench = Bench::of("sharepoint");
        bench.on("create_page");
        bench.access("create_list_item", only(user(MEMBER)));
        // Another action needs it, shared with one person only.
        assert_eq!(bench.off("create_page").scopes, delta(&[], &[]));
        // Nobody needs it any more.
        let gone = delta(&[], &["Sites.ReadWrite.All"]);
        assert_eq!(bench.off("create_list_item").scopes, gone);
        assert!(!bench.is_on("create_list_item"));
    }

    #[test]
    fn odeus_adds_an_action_whose_required_scopes_are_covered() {
        for (setting, access) in [(true, Access::Everyone), (false, Access::Nobody)] {
            let mut bench = Bench::of("sharepoint");
            bench.settings.new_actions_enabled_by_default = setting;
            let before = bench.state.requested.clone();
            bench.vendor_adds(new_action("new", &["Files.Read.All"], false));
            assert_eq!(bench.state.actions["new"].access, access, "setting {setting}");
            assert_eq!(bench.state.requested, before);
        }
    }

    #[test]
    fn odeus_adds_an_action_with_missing_scopes() {
        let mut bench = Bench::of("sharepoint");
        bench.vendor_adds(new_action("new", &["Files.Read.All", "Mail.Send"], false));
        assert!(!bench.is_on("new"));
        assert_eq!(bench.missing("new"), set(&["Mail.Send"]));
        assert_eq!(bench.on("new").scopes, delta(&["Mail.Send"], &[]));
        assert!(bench.is_on("new"));
    }

    #[test]
    fn odeus_adds_a_scope_to_an_existing_action() {
        let mut bench = Bench::of("sharepoint");
        bench.on("get_file");
        let before = bench.state.clone();
        bench.vendor_adds_scope("get_file", "Mail.Send");
        bench.vendor_adds_scope("get_drive", "Mail.Read");
        // Both keep their state, nothing is requested by itself, and only the live action's scope waits.
        assert_eq!(bench.state, before);
        assert_eq!(bench.see().pending, set(&["Mail.Send"]));
        let confirm = IntegrationOperation::ConfirmPending { scopes: set(&["Mail.Send"]) };
        let effect = bench.write(&confirm);
        assert_eq!(effect.scopes, delta(&["Mail.Send"], &[]));
        assert_eq!(bench.who("get_file"), "ame");
        assert_ne!(effect, Effect::default());
    }
}

/// A client of one's own.
mod custom_client {
    use crate::odeus::fixture::{Bench, action_access, delta, new_action, set, uses};
    use scopeform::model::Access;
    use scopeform::platform::odeus::machine::Rejected;

    const LIST: [&str; 4] = ["offline_access", "User.Read", "Files.Read.All", "Sites.Read.All"];

    #[test]
    fn enable_an_action_with_configured_scopes() {
        for mut bench in [Bench::fixed(&LIST), Bench::sync()] {
            let effect = bench.on("get_file");
            assert!(bench.is_on("get_file"));
            assert_eq!(effect.scopes, delta(&[], &[]));
            assert_eq!(bench.who("get_file"), "ame");
        }
    }

    #[test]
    fn enable_an_action_with_missing_scopes_and_scope_sync_on() {
        let mut bench = Bench::sync();
        let effect = bench.on("create_list");
        assert!(bench.is_on("create_list"));
        assert_eq!(effect.scopes, delta(&["Sites.Manage.All"], &[]));
    }

    #[test]
    fn enable_an_action_with_missing_scopes_and_fixed_scopes() {
        let mut bench = Bench::fixed(&LIST);
        // Without confirmation: no.
        let missing = set(&["Sites.Manage.All"]);
        assert_eq!(
            bench.refused(&action_access("create_list", Access::Everyone, &[])),
            Rejected::MissingNotAccepted { action: "create_list".try_into().unwrap(), missing }
        );
        // With it: on, the badge stays, the list stays.
        let effect = bench.accept("create_list", &["Sites.Manage.All"]);
        assert_eq!((effect.scopes, effect.accepts), (delta(&[], &[]), set(&["Sites.Manage.All"])));
        assert_eq!(bench.missing("create_list"), set(&["Sites.Manage.All"]));
        assert_eq!(bench.state.requested, set(&LIST));
    }

    #[test]
    fn add_a_scope_to_the_oauth_client() {
        let mut bench = Bench::fixed(&LIST);
        assert_eq!(bench.missing("create_list"), set(&["Sites.Manage.All"]));
        let mut longer = LIST.to_vec();
        longer.push("Sites.Manage.All");
        assert_eq!(bench.list(&longer).scopes, delta(&["Sites.Manage.All"], &[]));
        assert!(!bench.is_on("create_list"), "an added scope enables nothing by itself");
        bench.on("create_list");
        assert_eq!(bench.who("create_list"), "ame");
    }

    #[test]
    fn remove_a_scope_from_the_oauth_client() {
        let mut bench = Bench::fixed(&LIST);
        bench.on("get_file");
        let effect = bench.list(&["offline_access", "User.Read", "Sites.Read.All"]);
        assert!(bench.is_on("get_file"), "it remains enabled");
        assert_eq!(bench.missing("get_file"), set(&["Files.Read.All"]));
        assert_eq!(bench.who("get_file"), "", "and fails to run");
        assert!(uses(&effect).contains(&("get_file", "everyone", "does not run")));
        // Until you add it back,
        let mut added = bench.clone();
        added.list(&LIST);
        assert_eq!(added.who("get_file"), "ame");
        // or confirm that your custom scopes provide the required access.
        bench.accept("get_file", &["Files.Read.All"]);
        assert_eq!(bench.who("get_file"), "ame");
        assert_eq!(bench.missing("get_file"), set(&["Files.Read.All"]));
    }

    #[test]
    fn odeus_adds_an_action_with_configured_scopes_and_scope_sync_on() {
        for setting in [true, false] {
            let mut bench = Bench::sync();
            bench.settings.new_actions_enabled_by_default = setting;
            bench.vendor_adds(new_action("new", &["Files.Read.All"], false));
            assert_eq!(bench.is_on("new"), setting);
        }
    }

    #[test]
    fn odeus_adds_an_action_with_configured_scopes_and_fixed_scopes() {
        for setting in [true, false] {
            let mut bench = Bench::fixed(&LIST);
            bench.settings.new_actions_enabled_by_default = setting;
            bench.vendor_adds(new_action("new", &["Files.Read.All"], false));
            assert!(!bench.is_on("new"), "setting {setting}");
            bench.on("new");
            assert_eq!(bench.who("new"), "ame");
        }
    }

    #[test]
    fn odeus_adds_an_action_with_missing_scopes() {
        for mut bench in [Bench::fixed(&LIST), Bench::sync()] {
            let before = bench.state.requested.clone();
            bench.vendor_adds(new_action("new", &["Mail.Send"], false));
            assert!(!bench.is_on("new"), "{:?}", bench.mode());
            assert_eq!(bench.state.requested, before);
        }
        // Fixed: add the scope and enable it, or enable it after confirming.
        let mut bench = Bench::fixed(&LIST);
        bench.vendor_adds(new_action("new", &["Mail.Send"], false));
        let mut confirmed = bench.clone();
        confirmed.accept("new", &["Mail.Send"]);
        assert_eq!(confirmed.who("new"), "ame");
        let mut longer = LIST.to_vec();
        longer.push("Mail.Send");
        bench.list(&longer);
        bench.on("new");
        assert_eq!(bench.who("new"), "ame");
    }
}

/// *New actions enabled by default*: every combination, as decided in facts.md 1.5.
mod new_actions {
    use crate::odeus::fixture::{Bench, new_action};

    #[test]
    fn decision_table() {
        let fixed = || Bench::fixed(&["offline_access", "Files.Read.All"]);
        let (covered, missing) = ("Files.Read.All", "Mail.Send");
        for (mode, bench) in [("managed", Bench::of("sharepoint")), ("sync", Bench::sync())] {
            for (setting, scope, on) in [
                (true, covered, true),
                (true, missing, false),
                (false, covered, false),
                (false, missing, false),
            ] {
                check(bench.clone(), (mode, setting, scope, false), on);
            }
        }
        for (setting, scope) in
            [(true, covered), (true, missing), (false, covered), (false, missing)]
        {
            check(fixed(), ("fixed", setting, scope, false), false);
            check(fixed(), ("fixed", setting, scope, true), true);
            check(Bench::sync(), ("sync", setting, scope, true), true);
            check(Bench::of("fabric"), ("no client", setting, scope, false), false);
        }
    }

    #[track_caller]
    fn check(mut bench: Bench, row: (&str, bool, &str, bool), expected: bool) {
        let (_, setting, scope, native) = row;
        bench.settings.new_actions_enabled_by_default = setting;
        let before = bench.state.requested.clone();
        bench.vendor_adds(new_action("new", &[scope], native));
        assert_eq!(bench.is_on("new"), expected, "{row:?}");
        assert_eq!(bench.state.requested, before, "{row:?}");
    }
}
