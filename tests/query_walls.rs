//! SQL of agents against the walls around it, through the executable as the engine starts it: what is hostile is stopped with
//! words that help, what is not is answered, and the engine's store never notices.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use dogwatch::audit::AuditEvent;
use dogwatch::domain::{
    Actor, Data, Feature, FeatureId, Finding, Fingerprint, Millis, Note, NoteKind, ProjectId, Role, RunId, Severity,
    Source,
};
use dogwatch::query::{Asked, Queries, Rows, Told};
use dogwatch::store::Store;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use support::bare::Bare;
use support::filled::{over, store};
use support::wait_until;

const SECRET: &str = "canary-of-another-project";

/// What no agent may ask.
const DENIED: &[&str] = &[
    // Other databases, and what is kept of this one.
    "ATTACH DATABASE '/etc/passwd' AS x",
    "ATTACH ':memory:' AS x",
    "DETACH main",
    "VACUUM INTO '/tmp/x.db'",
    "PRAGMA table_info(runs)",
    "PRAGMA hard_heap_limit = 0",
    "PRAGMA query_only = OFF",
    "PRAGMA writable_schema = ON",
    "SELECT * FROM pragma_table_info('runs')",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM sqlite_schema",
    "SELECT sql FROM main.sqlite_master",
    "SELECT * FROM sqlite_temp_master",
    "SELECT count(*) FROM sqlite_master",
    "SELECT 1 FROM Sqlite_Schema",
    "SELECT count(*) FROM pragma_table_info('runs')",
    "SELECT 1 FROM JSON_EACH('[1]')",
    "SELECT count(*) FROM assets",
    "SELECT * FROM dbstat",
    "SELECT * FROM sqlite_stat1",
    "SELECT * FROM bytecode('SELECT 1')",
    "SELECT * FROM json_each('[1]')",
    "SELECT * FROM json_tree('[1]')",
    "SELECT * FROM fts5vocab",
    "SELECT * FROM generate_series(1, 10)",
    // The engine's own tables, and the views of other roles.
    "SELECT * FROM source.runs",
    "SELECT * FROM audit",
    "SELECT * FROM questions",
    "SELECT * FROM settings",
    "SELECT * FROM assets",
    "SELECT * FROM main.assets",
    "SELECT * FROM \"assets\"",
    "SELECT * FROM [assets]",
    "SELECT * FROM `assets`",
    "SELECT * FROM a\u{455}sets",
    "SELECT * FROM ass/**/ets",
    "SELECT (SELECT note FROM assets)",
    "SELECT * FROM bugs WHERE EXISTS (SELECT 1 FROM assets)",
    "SELECT * FROM bugs UNION SELECT * FROM entries",
    "WITH bugs AS (SELECT * FROM audit) SELECT * FROM bugs",
    "WITH findings AS (SELECT * FROM source.findings) SELECT * FROM findings",
    "WITH bugs AS (SELECT * FROM sqlite_master) SELECT * FROM bugs",
    "SELECT * FROM (SELECT * FROM projects) AS runs",
    "SELECT * FROM bug_words WHERE bug_words MATCH 'x'",
    // Writing.
    "INSERT INTO bugs DEFAULT VALUES",
    "UPDATE bugs SET seen = 0",
    "DELETE FROM bugs",
    "REPLACE INTO bugs (bug) VALUES (1)",
    "DROP TABLE bugs",
    "CREATE TABLE x (y)",
    "CREATE TEMP TABLE x AS SELECT 1",
    "CREATE VIEW v AS SELECT 1",
    "CREATE TRIGGER t AFTER INSERT ON bugs BEGIN SELECT 1; END",
    "CREATE VIRTUAL TABLE f USING fts5(x)",
    "ALTER TABLE bugs RENAME TO x",
    "REINDEX",
    "ANALYZE",
    "BEGIN",
    "COMMIT",
    "SAVEPOINT x",
    "WITH x AS (SELECT 1) DELETE FROM bugs",
    "WITH x AS (SELECT 1) INSERT INTO bugs (bug) SELECT * FROM x RETURNING bug",
    // Functions that do more than compute.
    "SELECT load_extension('/tmp/x.so')",
    "SELECT LOAD_EXTENSION('/tmp/x.so')",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('/tmp/x', 'y')",
    "SELECT edit('x')",
    "SELECT fts3_tokenizer('x')",
    "SELECT randomblob(1000000000)",
    "SELECT random()",
    "SELECT zeroblob(1000000000)",
    "SELECT hex(zeroblob(1000000))",
    "SELECT sqlite_compileoption_get(1)",
    "SELECT sqlite_version()",
    "SELECT last_insert_rowid()",
    "SELECT changes()",
    "SELECT sqlite_offset(bug) FROM bugs",
    "SELECT likelihood(1, 0.5)",
    "SELECT json_group_array(message) FROM bugs",
    "SELECT unistr('x')",
    // Many statements, none, and others.
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE bugs",
    "SELECT 1;; SELECT 2",
    "SELECT 1; garbage",
    "SELECT 1 -- \n; DELETE FROM bugs",
    "SELECT 1; /* */ ATTACH 'x' AS y",
    "",
    ";",
    "-- nothing",
    "/* nothing */",
    "EXPLAIN SELECT 1",
    "EXPLAIN QUERY PLAN SELECT 1",
    "SELECT",
    "SELEC 1",
    "\u{ff33}ELECT 1",
    "SELECT 1\u{0}; DROP TABLE bugs",
    "SELECT ?1",
    "SELECT @x",
    "SELECT no_such FROM bugs",
    "SELECT \"no_such\" FROM bugs",
];

/// A store that an engine holds open, with two projects.
struct Bench {
    _bare: Bare,
    store: Store,
    queries: Queries,
    runtime: tokio::runtime::Runtime,
}

fn finding(number: usize, message: &str) -> Finding {
    Finding {
        source: Source::Test,
        kind: "AssertionError".to_owned(),
        severity: Severity::Error,
        message: format!("{message} {number}"),
        test: Some(format!("test_{number}")),
        location: None,
        stack: Vec::new(),
        exact: Fingerprint(format!("{message}-{number}")),
        class: Fingerprint("c".repeat(32)),
        count: 1,
    }
}

impl Bench {
    fn new(findings: usize) -> Self {
        let bare = Bare::new();
        let store = store(&bare);
        let written = store.write_sync(move |tx| {
            let (one, two) = (tx.insert_project("shop", "/shop")?, tx.insert_project("farm", "/farm")?);
            let by = Actor::operator(1, "ada");
            for (project, task) in [(&one, "sell"), (&two, SECRET)] {
                let run = tx.insert_run(&over(project.id, task.to_owned()))?;
                for number in 0..findings {
                    let found = finding(number, project.name.as_str());
                    let bug = tx.join_bug(run.id, &found)?;
                    tx.insert_finding(run.id, 0, Some(bug), &found)?;
                }
                let (title, text) = (task.to_owned(), task.to_owned());
                let note = Note {
                    id: 0,
                    run: run.id,
                    iteration: 0,
                    kind: NoteKind::Finding,
                    bug: None,
                    title,
                    text,
                    place: None,
                    at: Millis(0),
                };
                tx.insert_note(&note)?;
                tx.insert_feature(&Feature {
                    id: FeatureId(0),
                    project: project.id,
                    title: "wanted".to_owned(),
                    text: task.to_owned(),
                    criteria: Vec::new(),
                    notes: String::new(),
                    by: by.clone(),
                    added: Millis(0),
                    changed: Millis(0),
                    version: 0,
                    closed: None,
                })?;
                let spec = serde_json::json!({"name": format!("db-{}", project.id), "reach": {"by": "nowhere"}, "note": "a database"});
                tx.insert_asset(&serde_json::from_value(spec).unwrap(), &by)?;
                tx.record(AuditEvent::new(Actor::Engine, "test").run(run.id))?;
            }
            Ok(())
        });
        written.unwrap();
        let program = PathBuf::from(env!("CARGO_BIN_EXE_dogwatch"));
        let queries = Queries::by(bare.file("dogwatch.db"), program);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { _bare: bare, store, queries, runtime }
    }

    fn ask(&self, role: Role, sql: &str, most: u32) -> Told {
        let data = role.rules().data;
        self.told(data, sql, most)
    }

    fn told(&self, data: BTreeSet<Data>, sql: &str, most: u32) -> Told {
        let database = self.queries.database().to_owned();
        let asked =
            Asked { database, project: ProjectId(1), across: true, run: RunId(1), data, sql: sql.to_owned(), most };
        self.runtime.block_on(self.queries.answer(&asked))
    }

    #[track_caller]
    fn rows(&self, sql: &str) -> Rows {
        match self.ask(Role::Reviewer, sql, 1_000) {
            Told::Rows(rows) => rows,
            other => panic!("{sql}: {other:?}"),
        }
    }

    #[track_caller]
    fn refused(&self, sql: &str) -> String {
        let begun = Instant::now();
        let words = match self.ask(Role::Reviewer, sql, 1_000) {
            Told::Refused(words) => words,
            other => panic!("{}: {other:?}", sql.chars().take(200).collect::<String>()),
        };
        assert!(begun.elapsed() < Duration::from_secs(20), "{sql}: {:?}", begun.elapsed());
        assert!(!words.is_empty() && !words.contains(SECRET), "{words}");
        words
    }
}

#[test]
fn what_a_role_may_read_is_answered() {
    let bench = Bench::new(20);
    let rows = bench.rows("SELECT count(*) AS many, max(message) FROM findings WHERE kind LIKE 'assert%'");
    assert_eq!(
        (rows.columns, rows.rows),
        (vec!["many".to_owned(), "max(message)".to_owned()], vec![vec![20.into(), "shop 9".into()]])
    );
    let here = bench.rows("SELECT this_project, count(*) FROM bugs GROUP BY 1 ORDER BY 1").rows;
    assert_eq!(here, [[0, 20], [1, 20]]);
    let sql = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 5) SELECT group_concat(x, '-') FROM n";
    assert_eq!(bench.rows(sql).rows, [["1-2-3-4-5"]]);
    let sql =
        "SELECT run, row_number() OVER (ORDER BY bug DESC) AS place FROM findings ORDER BY place LIMIT 1; -- done";
    assert_eq!(bench.rows(sql).rows.len(), 1);
    assert_eq!(bench.rows("WITH x AS (SELECT 1 UNION ALL SELECT 2) SELECT count(*) FROM x, bugs").rows, [[80]]);
    assert_eq!(bench.rows("SELECT title, text FROM features").rows, [["wanted", "sell"]]);
    assert_eq!(bench.rows("SELECT text FROM notes").rows, [["sell"]]);
    assert_eq!(
        bench.rows("SELECT json_extract('{\"a\":[7]}', '$.a[0]'), '{\"a\":7}' ->> 'a', 1e999, NULL").rows.len(),
        1
    );
    let Told::Rows(few) = bench.ask(Role::Reviewer, "SELECT * FROM bugs", 3) else { panic!() };
    assert!(few.more && few.rows.len() == 3);
}

#[test]
fn what_is_hostile_is_stopped_with_words() {
    let bench = Bench::new(200);
    for sql in DENIED {
        bench.refused(sql);
    }
}

#[test]
fn what_takes_too_long_or_too_much_is_stopped_with_words() {
    let bench = Bench::new(200);
    for sql in [
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n",
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT max(x) FROM n",
        "SELECT count(*) FROM findings a, findings b, findings c, findings d, findings e",
        "SELECT a.message FROM findings a, findings b, findings c, findings d WHERE a.message || b.message || c.message || d.message = 'none'",
    ] {
        let words = bench.refused(sql);
        assert!(words.contains("took longer than 2 s"), "{sql}: {words}");
    }
    // What takes too much room, in a value, in memory, in the answer.
    let double = |times: usize| {
        (0..times).fold("'0123456789'".to_owned(), |text, _| format!("replace({text}, '0', '0000000000000000')"))
    };
    for (sql, words) in [
        ("SELECT printf('%1000000000d', 1)".to_owned(), "larger than 1 MiB"),
        ("SELECT format('%*d', 2000000000, 1)".to_owned(), "larger than 1 MiB"),
        (format!("SELECT {}", double(8)), "larger than 1 MiB"),
        ("WITH RECURSIVE n(x) AS (SELECT 'xxxxxxxxxxxxxxxx' UNION ALL SELECT x || x FROM n) SELECT max(length(x)) FROM n".to_owned(), "larger than 1 MiB"),
        ("WITH RECURSIVE n(x, y) AS (SELECT 1, printf('%1000000d', 1) UNION ALL SELECT x + 1, y FROM n WHERE x < 1000) SELECT x, y FROM n".to_owned(), "answer would be larger than 1 MiB"),
        ("WITH RECURSIVE n(x, y) AS (SELECT 1, printf('%1000000d', 1) UNION ALL SELECT x + 1, printf('%1000000d', x) FROM n WHERE x < 100000) SELECT y FROM n ORDER BY y DESC".to_owned(), "memory"),
        ("SELECT group_concat(a.message || b.message) FROM findings a, findings b, findings c".to_owned(), "larger than 1 MiB"),
        ("SELECT a.message, b.message, c.message FROM findings a, findings b, findings c GROUP BY 1, 2, 3 ORDER BY 3, 2, 1".to_owned(), ""),
    ] {
        // A busy machine may not come so far in time: then it is asked again, and it is this limit that has to be met.
        let told = (0..5).map(|_| bench.refused(&sql)).find(|told| told.contains(words));
        assert!(told.is_some(), "{sql}: never {words}");
    }
    // What is too long or too deep to be read at all.
    for sql in [
        format!("SELECT '{}'", "x".repeat(1 << 20)),
        format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000)),
        format!("SELECT {}1", "1 + ".repeat(3_000)),
        format!("SELECT 1 {}", "UNION SELECT 1 ".repeat(1_000)),
        format!("SELECT {}", vec!["1"; 5_000].join(",")),
        format!("SELECT count(*) FROM {}", vec!["bugs"; 70].join(",")),
    ] {
        bench.refused(&sql);
    }
    // A pattern that is slow by itself is stopped in the middle of it.
    let slow = format!("SELECT printf('%100000d', 1) || 'a' LIKE '{}b'", "%_".repeat(60));
    let begun = Instant::now();
    let told = bench.ask(Role::Reviewer, &slow, 10);
    assert!(begun.elapsed() < Duration::from_secs(20), "{told:?}");
    // Nobody was harmed.
    assert_eq!(bench.rows("SELECT count(*) FROM findings").rows, [[200]]);
    let left = bench.store.read_sync(|view| Ok((view.notes(RunId(1), 10)?.len(), view.audit_head()?))).unwrap();
    assert_eq!(left.0, 1);
}

#[test]
fn nothing_of_another_project_or_role_is_in_any_table() {
    let bench = Bench::new(5);
    let all: BTreeSet<Data> = [Data::Bugs, Data::Features, Data::Datasets].into();
    for table in ["runs", "iterations", "suites", "findings", "notes", "features", "datasets"] {
        let Told::Rows(rows) = bench.told(all.clone(), &format!("SELECT * FROM {table}"), 1_000) else {
            panic!("{table}")
        };
        let text = serde_json::to_string(&rows).unwrap();
        assert!(!text.contains(SECRET) && !text.contains("farm"), "{table}: {text}");
    }
    assert!(
        matches!(bench.told(BTreeSet::new(), "SELECT * FROM bugs", 9), Told::Refused(words) if words.contains("no such table"))
    );
    let told = bench.ask(Role::Remedy, "SELECT name FROM assets", 9);
    assert!(matches!(told, Told::Rows(rows) if rows.rows.len() == 2));
}

#[test]
fn a_child_that_cannot_read_says_so_and_leaves_nothing() {
    let bench = Bench::new(1);
    let queries = Queries::by(PathBuf::from("/nonexistent/db"), PathBuf::from(env!("CARGO_BIN_EXE_dogwatch")));
    let asked = Asked {
        database: queries.database().to_owned(),
        project: ProjectId(1),
        across: true,
        run: RunId(1),
        data: BTreeSet::new(),
        sql: "SELECT 1".to_owned(),
        most: 1,
    };
    let told = bench.runtime.block_on(queries.answer(&asked));
    assert!(matches!(&told, Told::Failed(words) if words.contains("cannot be copied")), "{told:?}");
    let queries = Queries::by(PathBuf::from("/nonexistent/db"), PathBuf::from("/bin/false"));
    let told = bench.runtime.block_on(queries.answer(&asked));
    assert!(!matches!(told, Told::Rows(_)), "{told:?}");
}

/// The running child of this process that answers SQL.
fn child() -> Option<PathBuf> {
    let own = format!("PPid:\t{}\n", std::process::id());
    std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path()).find(|place| {
        let status = std::fs::read_to_string(place.join("status")).unwrap_or_default();
        let words = std::fs::read(place.join("cmdline")).unwrap_or_default();
        status.contains(&own) && words.ends_with(b"answer-sql\0")
    })
}

#[test]
fn a_child_that_reads_what_an_agent_wrote_has_no_way_out() {
    let bench = Bench::new(1);
    std::thread::scope(|scope| {
        let queries = &bench.queries;
        let asking = scope.spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let sql = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
            let (database, data) = (queries.database().to_owned(), Role::Reviewer.rules().data);
            let asked = Asked {
                database,
                project: ProjectId(1),
                across: true,
                run: RunId(1),
                data,
                sql: sql.to_owned(),
                most: 1,
            };
            runtime.block_on(queries.answer(&asked))
        });
        let mut seen = None;
        wait_until("a child at work behind its walls", Duration::from_secs(20), || {
            let Some(place) = child() else { return false };
            let status = std::fs::read_to_string(place.join("status")).unwrap_or_default();
            if !status.contains("Seccomp:\t2") {
                return false;
            }
            let open = std::fs::read_dir(place.join("fd")).into_iter().flatten().flatten();
            let open: Vec<PathBuf> = open.filter_map(|entry| std::fs::read_link(entry.path()).ok()).collect();
            let limits = std::fs::read_to_string(place.join("limits")).unwrap_or_default();
            seen = Some((status, open, limits));
            true
        });
        let (status, open, limits) = seen.unwrap();
        assert!(status.contains("NoNewPrivs:\t1"), "{status}");
        let files: Vec<_> = open.iter().filter(|file| file.is_absolute() && !file.starts_with("/dev/null")).collect();
        assert_eq!(files, Vec::<&PathBuf>::new(), "the engine's database is closed, and no other file is open");
        assert!(
            limits.lines().any(|line| line.starts_with("Max address space") && line.contains("536870912")),
            "{limits}"
        );
        assert!(matches!(asking.join().unwrap(), Told::Refused(_)));
    });
}

#[test]
#[ignore = "a measurement: cargo test --release --test query_walls -- --ignored --nocapture"]
fn hostile_questions_beside_the_engines_own_writes() {
    let bench = Bench::new(10_000);
    let write = |bench: &Bench| {
        let begun = Instant::now();
        bench.store.write_sync(|tx| tx.record(AuditEvent::new(Actor::Engine, "test")).map(drop)).unwrap();
        begun.elapsed()
    };
    let p = |all: &mut Vec<Duration>, share: usize| {
        all.sort();
        all[(all.len() - 1) * share / 100]
    };
    let mut quiet: Vec<Duration> = (0..500).map(|_| write(&bench)).collect();
    let begun = Instant::now();
    let rows = bench.rows("SELECT count(*) FROM findings");
    println!("one harmless question over {} findings: {:?}", rows.rows[0][0], begun.elapsed());
    let bombs = [
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n",
        "SELECT a.message, b.message FROM findings a, findings b GROUP BY 1, 2 ORDER BY 2, 1",
    ];
    let mut busy = Vec::new();
    std::thread::scope(|scope| {
        let (queries, store) = (&bench.queries, &bench.store);
        let asking = scope.spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            let ask = |sql: &str| {
                let database = queries.database().to_owned();
                let data = Role::Reviewer.rules().data;
                Asked {
                    database,
                    project: ProjectId(1),
                    across: true,
                    run: RunId(1),
                    data,
                    sql: sql.to_owned(),
                    most: 10,
                }
            };
            let asked: Vec<Asked> = bombs.iter().cycle().take(8).map(|sql| ask(sql)).collect();
            runtime.block_on(async {
                let mut all = Vec::new();
                for one in &asked {
                    all.push(queries.answer(one));
                }
                futures_util::future::join_all(all).await
            })
        });
        while !asking.is_finished() {
            let begun = Instant::now();
            store.write_sync(|tx| tx.record(AuditEvent::new(Actor::Engine, "test")).map(drop)).unwrap();
            busy.push(begun.elapsed());
        }
        let told = asking.join().unwrap();
        assert!(told.iter().all(|told| matches!(told, Told::Refused(_))), "{told:?}");
    });
    println!("a write of the engine alone: p50 {:?}, p99 {:?}", p(&mut quiet, 50), p(&mut quiet, 99));
    println!(
        "beside bombs, two at once ({} writes): p50 {:?}, p99 {:?}",
        busy.len(),
        p(&mut busy, 50),
        p(&mut busy, 99)
    );
}
