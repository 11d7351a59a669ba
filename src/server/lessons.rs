//! Lessons: what people teach, and what solved bugs taught.

use super::Server;
use super::answer::not_found;
use crate::audit::AuditEvent;
use crate::domain::{Actor, LONGEST_LESSON, Lesson, LessonId, LessonOrigin, ProjectId};
use crate::engine::prompt;
use crate::protocol::{Fault, FaultCode, LessonAsk, LessonView, Reply};
use crate::sandbox::Sandbox;
use crate::store::{StoreError, View};
use serde_json::json;
use std::collections::HashSet;

/// Most lessons of a project that people write.
const MOST: usize = 100;

impl<S: Sandbox> Server<S> {
    pub(super) async fn about_lessons(&self, ask: LessonAsk, you: Actor) -> Result<Reply, Fault> {
        match ask {
            LessonAsk::List { project } => {
                let project = match project {
                    Some(project) => Some(self.find_project(&project).await?.id),
                    None => None,
                };
                let lessons = self.engine.store.read(move |view| listed(view, project)).await?;
                Ok(Reply::Lessons { lessons })
            }
            LessonAsk::Add { project, text } => {
                fit(&text)?;
                let project = self.find_project(&project).await?.id;
                let added = self.engine.store.write(move |tx| {
                    let people = |lesson: &Lesson| matches!(lesson.origin, LessonOrigin::Operator { .. });
                    if tx.lessons(Some(project), u32::MAX)?.iter().filter(|lesson| people(lesson)).count() >= MOST {
                        return Ok(Err(refused(format!(
                            "the project has {MOST} lessons, which is the most: remove some"
                        ))));
                    }
                    let id = tx.insert_lesson(project, &text, &LessonOrigin::Operator { by: you.clone() })?;
                    let detail = json!({ "lesson": id, "text": text });
                    tx.record(AuditEvent::new(you, "lesson.added").project(project).detail(detail))?;
                    Ok(Ok(id))
                });
                let id = added.await??;
                self.lesson(id).await
            }
            LessonAsk::Edit { lesson, text } => {
                fit(&text)?;
                let changed = self.engine.store.write(move |tx| {
                    let Some(old) = tx.lesson(lesson)? else { return Ok(false) };
                    tx.change_lesson(lesson, &text, &you)?;
                    let detail = json!({ "lesson": lesson, "text": text, "was": old.text });
                    tx.record(AuditEvent::new(you, "lesson.changed").project(old.project).detail(detail))?;
                    Ok(true)
                });
                if !changed.await? {
                    return Err(not_found("lesson", lesson));
                }
                self.lesson(lesson).await
            }
            LessonAsk::Remove { lesson } => {
                let reply = self.lesson(lesson).await?;
                let removed = self.engine.store.write(move |tx| {
                    let Some(old) = tx.lesson(lesson)? else { return Ok(false) };
                    tx.remove_lesson(lesson)?;
                    let detail = json!({ "lesson": lesson, "was": old.text });
                    tx.record(AuditEvent::new(you, "lesson.removed").project(old.project).detail(detail))?;
                    Ok(true)
                });
                if removed.await? { Ok(reply) } else { Err(not_found("lesson", lesson)) }
            }
        }
    }

    async fn lesson(&self, id: LessonId) -> Result<Reply, Fault> {
        let found = self.engine.store.read(move |view| {
            let Some(lesson) = view.lesson(id)? else { return Ok(None) };
            Ok(listed(view, Some(lesson.project))?.into_iter().find(|one| one.lesson.id == id))
        });
        let found = found.await?.ok_or_else(|| not_found("lesson", id))?;
        Ok(Reply::Lessons { lessons: vec![found] })
    }
}

/// Those of a project, or of any, and which of them are quoted.
fn listed(view: &View<'_>, project: Option<ProjectId>) -> Result<Vec<LessonView>, StoreError> {
    let mut all = Vec::new();
    for one in view.projects()?.into_iter().filter(|one| project.is_none_or(|project| project == one.id)) {
        let lessons = view.lessons(Some(one.id), u32::MAX)?;
        let quoted: HashSet<LessonId> = prompt::chosen(&lessons).iter().map(|lesson| lesson.id).collect();
        all.extend(lessons.into_iter().map(|lesson| {
            let quoted = quoted.contains(&lesson.id);
            LessonView { lesson, project: one.name.clone(), quoted }
        }));
    }
    all.sort_by_key(|view| std::cmp::Reverse(view.lesson.id));
    Ok(all)
}

fn refused(message: String) -> Fault {
    Fault { code: FaultCode::Refused, message }
}

fn fit(text: &str) -> Result<(), Fault> {
    if text.trim().is_empty() || text.len() > LONGEST_LESSON || text.chars().any(char::is_control) {
        return Err(refused(format!("a lesson is one line of 1 to {LONGEST_LESSON} bytes: prompts have room for few")));
    }
    Ok(())
}
