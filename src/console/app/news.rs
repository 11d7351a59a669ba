//! What the engine says.

use super::{App, Asked, Connection, List, Page};
use crate::console::diff::Diff;
use crate::console::link::News;
use crate::domain::QuestionState;
use crate::protocol::{Fault, Reply, Snapshot};
use crate::safe;

impl App {
    /// Takes news in.
    pub fn hear(&mut self, news: News) {
        // A fault of the log alone is no word of the engine.
        if !matches!(news, News::Down(_) | News::Slow | News::TailOver(_, Some(_)) | News::Exported(..)) {
            self.heard = Some(self.now);
        }
        if matches!(news, News::Up(_) | News::Down(_) | News::Heard) {
            self.slow = None;
        }
        match news {
            News::Heard => {}
            News::Slow => self.slow = Some(self.heard.unwrap_or(self.now)),
            News::Up(welcome) => {
                if self.instance.as_ref() != Some(&welcome.instance) {
                    self.begin_to_ring();
                    // Its runs and questions are others, whatever they are called.
                    self.kept = super::Kept::default();
                }
                self.instance = Some(welcome.instance.clone());
                self.connection = Connection::Up(welcome);
                self.refresh();
                self.log.retry();
                // What was shown of a log stays; it goes on from its end.
                self.tail();
            }
            News::Alarm(alarm) => self.alarm = Some(alarm),
            News::Down(reason) => {
                self.connection = Connection::Down(reason);
                self.log.cut_off("no engine just now");
            }
            News::Snapshot(snapshot) => {
                self.runs.clear();
                self.questions.clear();
                self.note_cut(List::Runs, snapshot.more);
                self.merge(snapshot);
            }
            News::Changed(snapshot) => self.merge(snapshot),
            News::Lines(lines) => {
                if self.log.take(&lines) {
                    self.ask_steps();
                }
            }
            News::Exported(purpose, done) => self.exported(purpose, done),
            News::TailOver(run, reason) => {
                if self.log.run == Some(run) {
                    self.log.open = false;
                    self.log.fault = reason;
                }
            }
            News::Reply(number, reply) => {
                let taken = reply.is_ok();
                if let Some(why) = self.asked.remove(&number) {
                    self.answered(why, reply);
                }
                self.settle_words(number, taken);
            }
        }
    }

    fn merge(&mut self, snapshot: Snapshot) {
        for view in snapshot.runs {
            self.follow_guidance(&view);
            self.runs.insert(view.run.id, view);
        }
        for question in snapshot.questions {
            if question.state == QuestionState::Open {
                self.questions.insert(question.id, question);
            } else {
                self.questions.remove(&question.id);
                self.hear_decided(question);
            }
        }
        self.stale = true;
        self.ring();
        self.keep_selection();
        self.follow_selected();
    }

    fn answered(&mut self, why: Asked, reply: Result<Box<Reply>, Fault>) {
        match (why, reply.map(|reply| *reply)) {
            (Asked::Status, Ok(Reply::Status { status })) => self.status = Some(status),
            (Asked::Bugs, Ok(Reply::Bugs { bugs, more })) => {
                self.bugs = bugs;
                self.note_cut(List::Bugs, more);
                self.keep_bug();
            }
            (Asked::Lines, Ok(Reply::Lines { lines })) => self.log.take_page(&lines),
            (Asked::Lines, Err(fault)) => self.log.fault = Some(fault.message),
            (Asked::Steps, Ok(Reply::Logs { logs })) => self.log.steps = logs,
            (Asked::Hits(serial), reply) => self.sifted(serial, reply),
            (Asked::Find(serial), reply) => self.found(serial, reply),
            (Asked::Run(run), reply) => self.one.detail.take(
                &run,
                expected(reply, |reply| match reply {
                    Reply::Detail { detail } => Some(detail),
                    _ => None,
                }),
            ),
            (Asked::Round(run, number), reply) => self.one.round.take(
                &(run, number),
                expected(reply, |reply| match reply {
                    Reply::Iteration { detail } => Some(detail),
                    _ => None,
                }),
            ),
            (Asked::Diff(run, number, commit), reply) => self.one.diff.take(
                &(run, number, commit),
                expected(reply, |reply| match reply {
                    Reply::Patch { bytes } => bytes.decode().map(Diff::new),
                    _ => None,
                }),
            ),
            (Asked::Bug(bug), reply) => self.known.take(
                &bug,
                expected(reply, |reply| match reply {
                    Reply::Bug { detail } => Some(detail),
                    _ => None,
                }),
            ),
            (Asked::Assets, reply) => self.hear_assets(reply),
            (Asked::Asset(id), reply) => self.fleet.known.take(
                &id,
                expected(reply, |reply| match reply {
                    Reply::Assets { mut assets } => assets.pop().map(Box::new),
                    _ => None,
                }),
            ),
            (Asked::Known(part), reply) => self.hear_known(part, reply),
            (Asked::Metrics(days), reply) => self.metrics.all.take(
                &days,
                expected(reply, |reply| match reply {
                    Reply::Metrics { metrics } => Some(metrics),
                    _ => None,
                }),
            ),
            (Asked::Events(generation, part), reply) => {
                let page = expected(reply, |reply| match reply {
                    Reply::Audit { page } => Some(page),
                    _ => None,
                });
                self.take_events(generation, part, page);
            }
            (Asked::Proposals, Ok(Reply::Proposals { proposals, more })) => {
                self.proposals = proposals;
                self.note_cut(List::Questions, more);
                self.keep_selection();
            }
            (Asked::Proposal(id), reply) => {
                let detail = expected(reply, |reply| match reply {
                    Reply::Proposal { detail } => Some(detail),
                    _ => None,
                });
                self.hear_proposal(id, detail);
            }
            (Asked::Output(id, offset), reply) => {
                let bytes = expected(reply, |reply| match reply {
                    Reply::Output { bytes, end, .. } => Some((bytes, end)),
                    _ => None,
                });
                self.hear_output(id, offset, bytes);
            }
            (Asked::Decide(words), reply) => self.decided_on(&words, reply),
            (Asked::Together(words), reply) => self.agreed_to_all(&words, reply),
            (Asked::Guide(run, sent), reply) => self.guided(run, &sent, reply),
            (Asked::Best(run), Ok(Reply::Detail { detail })) => self.best = Some((run, detail.best)),
            (Asked::Told(run), Ok(Reply::Detail { detail })) => self.hear_told(run, detail.guidance),
            (Asked::Act(words), Ok(_)) => {
                // It may have been about the engine itself.
                self.stale = true;
                self.say(safe!("{}: done", words));
            }
            (Asked::Act(words), Err(fault)) => self.complain(safe!("{}: {}", words, fault.message)),
            (Asked::Status | Asked::Bugs, Err(fault)) if self.page == Page::Health => {
                self.complain(safe!("{}", fault.message));
            }
            _ => {}
        }
    }

    /// Notes whether the engine left out the older items of a list.
    pub(super) fn note_cut(&mut self, list: List, more: bool) {
        if more {
            self.cut.insert(list);
        } else {
            self.cut.remove(&list);
        }
    }

    fn hear_assets(&mut self, reply: Result<Reply, Fault>) {
        let all = expected(reply, |reply| match reply {
            Reply::Assets { assets } => Some(assets),
            _ => None,
        });
        self.fleet.all.take(&(), all);
        self.keep_asset();
    }
}

/// What was asked for, or why it did not come.
fn expected<T>(reply: Result<Reply, Fault>, of: impl FnOnce(Reply) -> Option<T>) -> Result<T, String> {
    let reply = reply.map_err(|fault| fault.message)?;
    of(reply).ok_or_else(|| "the engine answered something else: use the same dogwatch on both sides".to_owned())
}
