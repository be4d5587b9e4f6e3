use super::*;

fn path(dir: &tempfile::TempDir) -> std::path::PathBuf {
    dir.path().join("plane.sqlite")
}

#[test]
fn opening_twice_finds_the_same_tables() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let store = Store::open(&path(&dir)).unwrap();
        let mode: String =
            store.read(|db| Ok(db.query_row("PRAGMA journal_mode", [], |r| r.get(0))?)).unwrap();
        assert_eq!(mode, "wal");
        let synchronous: i64 =
            store.read(|db| Ok(db.query_row("PRAGMA synchronous", [], |r| r.get(0))?)).unwrap();
        assert_eq!(synchronous, 2, "FULL");
    }
}

#[test]
fn many_processes_may_open_a_new_file_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = path(&dir);
    std::thread::scope(|scope| {
        let opened: Vec<_> = (0..4).map(|_| scope.spawn(|| Store::open(&file).map(drop))).collect();
        for one in opened {
            one.join().unwrap().unwrap();
        }
    });
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test writes a file of somebody else")]
fn files_of_others_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    Connection::open(path(&dir)).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert!(matches!(Store::open(&path(&dir)), Err(StoreError::Foreign)));

    let text = dir.path().join("notes.txt");
    std::fs::write(&text, "not a database, but somebody's notes, long enough to have a header")
        .unwrap();
    assert!(matches!(Store::open(&text), Err(StoreError::Sqlite(_))));

    let newer = dir.path().join("newer.sqlite");
    drop(Store::open(&newer).unwrap());
    Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Store::open(&newer), Err(StoreError::Newer { found: 99, .. })));
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&path(&dir)).unwrap();
    let failed: Result<(), ApiError> = store.write(|db| {
        column::set_meta(db, "key", "value")?;
        Err(ApiError::internal("after the write"))
    });
    assert!(failed.is_err());
    assert_eq!(store.read(|db| Ok(column::meta(db, "key")?)).unwrap(), None);
}

#[test]
fn a_write_whose_work_panics_leaves_nothing_behind_and_the_next_one_succeeds() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&path(&dir)).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _: Result<(), ApiError> = store.write(|db| {
            column::set_meta(db, "key", "lost")?;
            panic!("in the middle of a write");
        });
    }));
    assert!(panicked.is_err());
    let kept: Result<(), ApiError> = store.write(|db| Ok(column::set_meta(db, "other", "kept")?));
    kept.unwrap();
    assert_eq!(store.read(|db| Ok(column::meta(db, "key")?)).unwrap(), None);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_a_new_database() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&path(&dir)).unwrap();
    let modes = ["plane.sqlite", "plane.sqlite-wal"]
        .map(|name| std::fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777);
    assert_eq!(modes, [0o600, 0o600]);
    drop(store);
    let nowhere = dir.path().join("no/such/folder/plane.sqlite");
    assert!(matches!(Store::open(&nowhere), Err(StoreError::File(_))));
}
