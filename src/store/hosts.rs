//! Hosts that people were asked about. The answer is the question's.

use super::columns::json;
use super::{StoreError, Tx, View};
use crate::domain::{HostName, Millis, OpenHost, ProjectId, QuestionId, RunId};
use rusqlite::params;

impl View<'_> {
    /// The question whose answer opens a host for a run. What was said of this run alone goes before what was said of all runs
    /// of its project.
    pub fn host_allowed(&self, run: RunId, host: &HostName) -> Result<Option<QuestionId>, StoreError> {
        let sql = "SELECT h.question, a.approve FROM egress_questions h
                   JOIN answers a ON a.id = (SELECT max(id) FROM answers WHERE question = h.question)
                   WHERE h.run = ?1 AND h.host = ?2 AND (a.approve = 0 OR h.all_runs = 0)";
        let own = self.one(sql, params![run.0, host.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if let Some((question, approve)) = own {
            return Ok(Some(QuestionId(question)).filter(|_| approve));
        }
        let sql = "SELECT p.question FROM project_hosts p JOIN runs r ON r.project = p.project WHERE r.id = ?1 AND p.host = ?2";
        self.one(sql, params![run.0, host.as_str()], |row| row.get(0).map(QuestionId))
    }

    /// Which run asks for which host by a question.
    pub fn host_asked_for(&self, question: QuestionId) -> Result<Option<(RunId, HostName)>, StoreError> {
        let sql = "SELECT run, host FROM egress_questions WHERE question = ?1";
        self.one(sql, [question.0], |row| Ok((RunId(row.get(0)?), name(row.get(1)?)?)))
    }

    /// Open questions about a host by runs of a project.
    pub fn open_about_host(&self, project: ProjectId, host: &HostName) -> Result<Vec<QuestionId>, StoreError> {
        let sql = "SELECT h.question FROM egress_questions h JOIN runs r ON r.id = h.run
                   JOIN questions q ON q.id = h.question
                   WHERE r.project = ?1 AND h.host = ?2 AND q.state = 'open' ORDER BY h.question";
        self.many(sql, params![project.0, host.as_str()], |row| row.get(0).map(QuestionId))
    }

    /// Hosts that are open to every run of a project, by name.
    pub fn hosts_of(&self, project: ProjectId) -> Result<Vec<OpenHost>, StoreError> {
        let sql = "SELECT p.host, p.question, a.by, a.at, a.reason FROM project_hosts p
                   JOIN answers a ON a.id = (SELECT max(id) FROM answers WHERE question = p.question)
                   WHERE p.project = ?1 ORDER BY p.host";
        self.many(sql, [project.0], |row| {
            Ok(OpenHost {
                host: name(row.get(0)?)?,
                question: QuestionId(row.get(1)?),
                by: json(row, "by")?,
                since: Millis(row.get(3)?),
                reason: row.get(4)?,
            })
        })
    }

    /// Hosts of a run that people are asked about now, and that they were ever asked about.
    pub fn asked_of_hosts(&self, run: RunId) -> Result<(usize, usize), StoreError> {
        let sql = "SELECT count(*) FILTER (WHERE q.state = 'open'), count(*) FROM egress_questions h
                   JOIN questions q ON q.id = h.question WHERE h.run = ?1";
        Ok(self.one(sql, [run.0], |row| Ok((row.get(0)?, row.get(1)?)))?.unwrap_or_default())
    }

    /// Whether people were asked about a host already.
    pub fn is_asked_of_host(&self, run: RunId, host: &HostName) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM egress_questions WHERE run = ?1 AND host = ?2";
        Ok(self.one(sql, params![run.0, host.as_str()], |_| Ok(()))?.is_some())
    }
}

/// What is stored was a name when it was put there.
fn name(text: String) -> rusqlite::Result<HostName> {
    HostName::try_from(text)
        .map_err(|fault| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(fault)))
}

impl Tx<'_> {
    /// Opens a host to every run of a project, by a question; a later one takes the place of an earlier one.
    pub fn open_host(&self, project: ProjectId, host: &HostName, question: QuestionId) -> Result<(), StoreError> {
        let sql = "INSERT INTO project_hosts (project, host, question) VALUES (?1, ?2, ?3)
                   ON CONFLICT DO UPDATE SET question = excluded.question";
        self.change(sql, params![project.0, host.as_str(), question.0])?;
        self.change("UPDATE egress_questions SET all_runs = 1 WHERE question = ?1", [question.0])?;
        Ok(())
    }

    /// Closes a host to a project's runs again, and says whether it was open.
    pub fn close_host(&self, project: ProjectId, host: &HostName) -> Result<bool, StoreError> {
        let sql = "DELETE FROM project_hosts WHERE project = ?1 AND host = ?2";
        Ok(self.change(sql, params![project.0, host.as_str()])? > 0)
    }

    /// Says which host a question is about.
    pub fn link_host(&self, question: QuestionId, run: RunId, host: &HostName) -> Result<(), StoreError> {
        let sql = "INSERT INTO egress_questions (question, run, host) VALUES (?1, ?2, ?3)";
        self.insert(sql, params![question.0, run.0, host.as_str()])?;
        Ok(())
    }
}
