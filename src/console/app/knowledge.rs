//! What is wanted, tested by a clock and taught: which are listed, and what is known of the selected one.

use super::{App, Asked, List, Loaded};
use crate::domain::{DatasetId, FeatureId, LessonId, ScheduleId};
use crate::protocol::{
    DatasetAsk, DatasetView, Fault, FeatureAsk, FeatureDetail, FeatureView, LessonAsk, LessonView, Reply, Request,
    ScheduleAsk, ScheduleDetail, ScheduleView,
};

/// Something that is listed, by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Item {
    Feature(FeatureId),
    Task(ScheduleId),
    Dataset(DatasetId),
    Lesson(LessonId),
}

/// The same, as lists have it.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Known<'a> {
    Feature(&'a FeatureView),
    Task(&'a ScheduleView),
    Dataset(&'a DatasetView),
    Lesson(&'a LessonView),
}

impl Known<'_> {
    /// Which it is.
    pub fn item(self) -> Item {
        match self {
            Self::Feature(view) => Item::Feature(view.feature.id),
            Self::Task(view) => Item::Task(view.schedule.id),
            Self::Dataset(view) => Item::Dataset(view.dataset.id),
            Self::Lesson(view) => Item::Lesson(view.lesson.id),
        }
    }
}

/// A part of it that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Features,
    Tasks,
    Datasets,
    Lessons,
    Feature(FeatureId),
    Task(ScheduleId),
}

/// What is held of it.
#[derive(Debug, Default)]
pub struct KnowledgePage {
    /// Features, closed ones as well.
    pub features: Loaded<(), Vec<FeatureView>>,
    /// Test runs by a clock.
    pub tasks: Loaded<(), Vec<ScheduleView>>,
    /// Data sets.
    pub datasets: Loaded<(), Vec<DatasetView>>,
    /// Lessons.
    pub lessons: Loaded<(), Vec<LessonView>>,
    /// The selected one.
    pub at: Option<Item>,
    /// All that is known of it, where it is a feature.
    pub feature: Loaded<FeatureId, Box<FeatureDetail>>,
    /// And where it is a test run by a clock.
    pub task: Loaded<ScheduleId, Box<ScheduleDetail>>,
}

impl KnowledgePage {
    /// All may have changed.
    pub fn outdate(&mut self) {
        self.features.outdate();
        self.tasks.outdate();
        self.datasets.outdate();
        self.lessons.outdate();
        self.feature.outdate();
        self.task.outdate();
    }

    /// Why a part of it is not there, if so.
    pub fn fault(&self) -> Option<&str> {
        let faults = [
            self.features.get(&()).and_then(Result::err),
            self.tasks.get(&()).and_then(Result::err),
            self.datasets.get(&()).and_then(Result::err),
            self.lessons.get(&()).and_then(Result::err),
        ];
        faults.into_iter().flatten().next()
    }

    /// Whether all lists are there.
    pub fn is_there(&self) -> bool {
        let people = self.features.ok().is_some() && self.tasks.ok().is_some();
        people && self.datasets.ok().is_some() && self.lessons.ok().is_some()
    }

    /// Whether something came of each list that was asked for.
    fn is_answered(&self) -> bool {
        let people = self.features.get(&()).is_some() && self.tasks.get(&()).is_some();
        people && self.datasets.get(&()).is_some() && self.lessons.get(&()).is_some()
    }

    fn all(&self) -> Vec<Known<'_>> {
        let features = self.features.ok().into_iter().flatten().map(Known::Feature);
        let tasks = self.tasks.ok().into_iter().flatten().map(Known::Task);
        let datasets = self.datasets.ok().into_iter().flatten().map(Known::Dataset);
        let lessons = self.lessons.ok().into_iter().flatten().map(Known::Lesson);
        features.chain(tasks).chain(datasets).chain(lessons).collect()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.all().len()
    }
}

impl App {
    /// What is listed: features, then test runs by a clock, data sets, and lessons.
    pub fn listed_known(&self) -> Vec<Known<'_>> {
        self.knowledge.all().into_iter().filter(|known| self.lists_known(*known)).collect()
    }

    /// The selected one.
    pub fn selected_known(&self) -> Option<Known<'_>> {
        self.listed_known().into_iter().find(|known| Some(known.item()) == self.knowledge.at)
    }

    /// Keeps one selected that is listed.
    pub(super) fn keep_known(&mut self) {
        // The lists come one after the other, and the first item of all is meant.
        if !self.knowledge.is_answered() {
            return;
        }
        let items: Vec<Item> = self.listed_known().into_iter().map(Known::item).collect();
        if !self.knowledge.at.is_some_and(|at| items.contains(&at)) {
            self.knowledge.at = items.first().copied();
        }
    }

    /// Asks for the lists and for the selected one where they are not there.
    pub(super) fn want_known(&mut self) {
        if self.knowledge.features.want(&()) {
            let about = FeatureAsk::List { project: None, all: true };
            self.ask(Asked::Known(Part::Features), Request::Feature { about });
        }
        if self.knowledge.tasks.want(&()) {
            let about = ScheduleAsk::List { project: None };
            self.ask(Asked::Known(Part::Tasks), Request::Schedule { about });
        }
        if self.knowledge.datasets.want(&()) {
            self.ask(Asked::Known(Part::Datasets), Request::Dataset { about: DatasetAsk::List });
        }
        if self.knowledge.lessons.want(&()) {
            self.ask(Asked::Known(Part::Lessons), Request::Lesson { about: LessonAsk::List { project: None } });
        }
        match self.selected_known().map(Known::item) {
            Some(Item::Feature(feature)) if self.knowledge.feature.want(&feature) => {
                let about = FeatureAsk::One { feature };
                self.ask(Asked::Known(Part::Feature(feature)), Request::Feature { about });
            }
            Some(Item::Task(schedule)) if self.knowledge.task.want(&schedule) => {
                let about = ScheduleAsk::One { schedule };
                self.ask(Asked::Known(Part::Task(schedule)), Request::Schedule { about });
            }
            _ => {}
        }
    }

    /// Takes what was asked for.
    pub(super) fn hear_known(&mut self, part: Part, reply: Result<Reply, Fault>) {
        if let (Part::Features, Ok(Reply::Features { more, .. })) = (part, &reply) {
            self.note_cut(List::Known, *more);
        }
        let page = &mut self.knowledge;
        let reply = reply.map_err(|fault| fault.message);
        match (part, reply) {
            (Part::Features, Ok(Reply::Features { features, .. })) => page.features.take(&(), Ok(features)),
            (Part::Tasks, Ok(Reply::Schedules { schedules })) => page.tasks.take(&(), Ok(schedules)),
            (Part::Datasets, Ok(Reply::Datasets { datasets })) => page.datasets.take(&(), Ok(datasets)),
            (Part::Lessons, Ok(Reply::Lessons { lessons })) => page.lessons.take(&(), Ok(lessons)),
            (Part::Feature(id), Ok(Reply::Feature { detail })) => page.feature.take(&id, Ok(detail)),
            (Part::Task(id), Ok(Reply::Schedule { detail })) => page.task.take(&id, Ok(detail)),
            (part, reply) => {
                let other = "the engine answered something else: use the same dogwatch on both sides";
                let fault = reply.err().unwrap_or_else(|| other.to_owned());
                match part {
                    Part::Features => page.features.take(&(), Err(fault)),
                    Part::Tasks => page.tasks.take(&(), Err(fault)),
                    Part::Datasets => page.datasets.take(&(), Err(fault)),
                    Part::Lessons => page.lessons.take(&(), Err(fault)),
                    Part::Feature(id) => page.feature.take(&id, Err(fault)),
                    Part::Task(id) => page.task.take(&id, Err(fault)),
                }
            }
        }
        self.keep_known();
    }

    /// The newest run that the selected one is about.
    pub(super) fn run_of_known(&self) -> Option<crate::domain::RunId> {
        match self.knowledge.at? {
            Item::Feature(id) => self.knowledge.feature.get(&id)?.ok()?.runs.first().map(|run| run.run),
            Item::Task(id) => self.knowledge.task.get(&id)?.ok()?.firings.iter().find_map(|one| one.firing.run),
            Item::Dataset(_) | Item::Lesson(_) => None,
        }
    }

    fn lists_known(&self, known: Known<'_>) -> bool {
        let texts: Vec<String> = match known {
            Known::Feature(view) => {
                let feature = &view.feature;
                let state = view.state.words().to_owned();
                vec!["feature".to_owned(), feature.id.to_string(), view.project.clone(), state, feature.title.clone()]
            }
            Known::Task(view) => {
                let (id, suites) = (view.schedule.id.to_string(), view.schedule.suites.join(" "));
                vec!["tests".to_owned(), id, view.project.clone(), suites]
            }
            Known::Dataset(view) => {
                let (dataset, state) = (&view.dataset, view.dataset.state.words().to_owned());
                let project = view.project.clone().unwrap_or_default();
                vec![
                    "data".to_owned(),
                    dataset.id.to_string(),
                    dataset.name.clone(),
                    project,
                    state,
                    dataset.path.clone(),
                ]
            }
            Known::Lesson(view) => {
                let lesson = &view.lesson;
                vec!["lesson".to_owned(), lesson.id.to_string(), view.project.clone(), lesson.text.clone()]
            }
        };
        self.filters.passes(List::Known, &texts.iter().map(String::as_str).collect::<Vec<_>>())
    }
}
