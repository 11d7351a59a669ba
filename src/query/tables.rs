//! What a role's rows are: the tables that agents see, and the statements that copy them out of the engine's database. Each
//! statement knows the project as ?1, the run as ?2 and the most rows as ?3.

use crate::domain::Data;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// One table that agents see.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub name: &'static str,
    /// What a role must be allowed to read for it.
    pub data: Data,
    /// Its columns, as agents are told of them.
    pub columns: &'static str,
    copy: &'static str,
}

/// The bugs of which this holds.
macro_rules! bugs {
    ($which:literal) => {
        concat!(
            "SELECT b.id AS bug, ifnull(b.project = ?1, 0) OR EXISTS (SELECT 1 FROM source.findings f
                 JOIN source.runs r ON r.id = f.run WHERE r.project = ?1 AND f.exact IN
                 (SELECT exact FROM source.bugs WHERE id = b.id OR merged_into = b.id)) AS this_project,
                 b.source, substr(b.kind, 1, 200) AS kind, substr(b.message, 1, 1000) AS message, b.exact, b.class, b.seen,
                 b.first_run, b.last_run, b.first_seen, b.last_seen
             FROM source.bugs b WHERE ?2 > 0 AND b.merged_into IS NULL AND (",
            $which,
            ") ORDER BY b.id DESC LIMIT ?3"
        )
    };
}

/// The bugs of the project alone.
const OWN_BUGS: &str = bugs!(
    "b.project = ?1 OR EXISTS (SELECT 1 FROM source.findings f JOIN source.runs r ON r.id = f.run WHERE r.project = ?1
         AND f.exact IN (SELECT exact FROM source.bugs WHERE id = b.id OR merged_into = b.id))"
);

impl Table {
    /// The statement that copies it; without `across` nothing that only other projects saw.
    pub(super) fn copy(&self, across: bool) -> &'static str {
        if self.name == "bugs" && !across { OWN_BUGS } else { self.copy }
    }
}

/// All of them.
pub(super) const TABLES: [Table; 11] = [
    Table {
        name: "runs",
        data: Data::Bugs,
        columns: "run, state, iteration, agent, task, iterations_spent, tokens_spent, microusd_spent, created, updated",
        copy: "SELECT id AS run, state, iteration, substr(agent, 1, 100) AS agent, substr(task, 1, 1000) AS task,
                   spent_iterations AS iterations_spent, spent_tokens AS tokens_spent, spent_microusd AS microusd_spent,
                   created, updated
               FROM source.runs WHERE project = ?1 AND ?2 > 0 ORDER BY id DESC LIMIT ?3",
    },
    Table {
        name: "iterations",
        data: Data::Bugs,
        columns: "run, iteration, outcome, passed, failed, skipped, started, ended",
        copy: "SELECT i.run, i.number AS iteration, i.outcome, i.passed, i.failed, i.skipped, i.started, i.ended
               FROM source.iterations i JOIN source.runs r ON r.id = i.run
               WHERE r.project = ?1 AND ?2 > 0 ORDER BY i.run DESC, i.number DESC LIMIT ?3",
    },
    Table {
        name: "suites",
        data: Data::Bugs,
        columns: "run, iteration, suite, verdict, passed, failed, skipped",
        copy: "SELECT s.run, s.iteration, s.suite, s.verdict, s.passed, s.failed, s.skipped
               FROM source.suites s JOIN source.runs r ON r.id = s.run
               WHERE r.project = ?1 AND ?2 > 0 ORDER BY s.run DESC, s.iteration DESC LIMIT ?3",
    },
    Table {
        name: "bugs",
        data: Data::Bugs,
        columns: "bug, this_project, source, kind, message, exact, class, seen, first_run, last_run, first_seen, last_seen",
        copy: bugs!("b.project IS NULL OR b.project = ?1 OR b.first_run IS NOT NULL"),
    },
    Table {
        name: "findings",
        data: Data::Bugs,
        columns: "run, iteration, bug, source, kind, severity, message, test, place, exact, class, count",
        copy: "SELECT f.run, f.iteration, f.bug, f.source, substr(f.kind, 1, 200) AS kind, f.severity,
                   substr(f.message, 1, 1000) AS message, substr(f.test, 1, 500) AS test,
                   substr(f.location, 1, 500) AS place, f.exact, f.class, f.count
               FROM source.findings f JOIN source.runs r ON r.id = f.run
               WHERE r.project = ?1 AND ?2 > 0 ORDER BY f.id DESC LIMIT ?3",
    },
    Table {
        name: "notes",
        data: Data::Bugs,
        columns: "note, iteration, kind, bug, title, text, place, at (those of this run: an agent's word)",
        copy: "SELECT id AS note, iteration, kind, bug, title, substr(text, 1, 1000) AS text, place, at
               FROM source.notes WHERE run = ?2 AND ?1 > 0 ORDER BY id DESC LIMIT ?3",
    },
    Table {
        name: "features",
        data: Data::Features,
        columns: "feature, title, text, criteria, notes, closed, added",
        copy: "SELECT id AS feature, title, substr(text, 1, 4000) AS text, criteria, substr(notes, 1, 4000) AS notes,
                   closed IS NOT NULL AS closed, added
               FROM source.features WHERE project = ?1 AND ?2 > 0 ORDER BY id DESC LIMIT ?3",
    },
    Table {
        name: "datasets",
        data: Data::Datasets,
        columns: "name, text, for_all_projects, at",
        copy: "SELECT name, substr(text, 1, 4000) AS text, project IS NULL AS for_all_projects, at FROM source.entries
               WHERE kind = 'dataset' AND (project IS NULL OR project = ?1) AND ?2 > 0 ORDER BY id DESC LIMIT ?3",
    },
    Table {
        name: "assets",
        data: Data::Assets,
        columns: "name, reached_by, host, container, environment, critical, labels, note, version, changed",
        copy: "SELECT name, reach ->> 'by' AS reached_by, reach ->> 'host' AS host, reach ->> 'container' AS container,
                   environment, critical, labels, substr(note, 1, 4000) AS note, version, changed
               FROM source.assets WHERE removed IS NULL AND ?1 > 0 AND ?2 > 0 ORDER BY id DESC LIMIT ?3",
    },
    Table {
        name: "asset_states",
        data: Data::Assets,
        columns: "asset, at, state, why, uptime, load_hundredths, cpus, memory, disks, failed, containers (what it says of itself)",
        copy: "SELECT a.name AS asset, s.at, s.state ->> 'is' AS state, s.state ->> 'why' AS why,
                   s.state ->> '$.vitals.uptime' AS uptime, s.state ->> '$.vitals.load' AS load_hundredths,
                   s.state ->> '$.vitals.cpus' AS cpus, s.state -> '$.vitals.memory' AS memory,
                   s.state -> '$.vitals.disks' AS disks, s.state -> '$.vitals.failed' AS failed,
                   s.state -> '$.vitals.containers' AS containers
               FROM source.sightings s JOIN source.assets a ON a.id = s.asset
               WHERE a.removed IS NULL AND ?1 > 0 AND ?2 > 0 ORDER BY s.id DESC LIMIT ?3",
    },
    Table {
        name: "tasks",
        data: Data::Tasks,
        columns: "task, run, iteration, kind, what, state, outcome, says, asked, begun, ended",
        copy: "SELECT id AS task, run, iteration, kind, substr(what, 1, 1000) AS what, state,
                   json_extract(result, '$.outcome') AS outcome, substr(json_extract(result, '$.words'), 1, 600) AS says,
                   asked, begun, ended
               FROM source.tasks WHERE project = ?1 AND ?2 > 0 ORDER BY id DESC LIMIT ?3",
    },
];

/// Those that who may read this sees.
pub(super) fn of(data: &BTreeSet<Data>) -> impl Iterator<Item = &'static Table> {
    TABLES.iter().filter(|table| data.contains(&table.data))
}

/// The same in words for an agent.
pub(crate) fn told(data: &BTreeSet<Data>) -> String {
    let mut words = String::new();
    for (number, table) in of(data).enumerate() {
        let between = if number == 0 { "" } else { "; " };
        let _infallible = write!(words, "{between}{}({})", table.name, table.columns);
    }
    words
}
