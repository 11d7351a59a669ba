//! The tests' own Docker engine, as `tests/run` names it in the environment.

use bollard::Docker;
use bollard::query_parameters::{ListContainersOptionsBuilder, RemoveContainerOptionsBuilder};
use std::collections::HashMap;
use std::env::var;
use std::path::Path;

/// The label that every container of a dogwatch carries.
const LABEL: &str = "dogwatch.instance";

/// Where the engine is and what it holds.
#[derive(Debug, Clone)]
pub struct DockerEnv {
    /// Its address, `unix:///...`, for `DOCKER_HOST`.
    pub host: String,
    /// An image with a shell, Python with pytest, Node.js and Cargo.
    pub image: String,
    /// An image with one file and nothing that could run.
    pub tiny_image: Option<String>,
    /// `127.0.0.1:PORT` of a registry that serves `dogwatch-test-small:1`.
    pub registry: Option<String>,
}

/// The engine to test with; `None`, with the reason printed, where there is none.
///
/// Fails the test instead when `DOGWATCH_REQUIRE_DOCKER` is 1, as it is under `tests/run`: there nothing is left out.
pub fn docker() -> Option<DockerEnv> {
    let set = |name: &str| var(name).ok().filter(|value| !value.is_empty());
    if let (Some(host), Some(image)) = (set("DOGWATCH_TEST_DOCKER"), set("DOGWATCH_TEST_IMAGE")) {
        let (tiny_image, registry) = (set("DOGWATCH_TEST_TINY_IMAGE"), set("DOGWATCH_TEST_REGISTRY"));
        return Some(DockerEnv { host, image, tiny_image, registry });
    }
    assert!(
        set("DOGWATCH_REQUIRE_DOCKER").as_deref() != Some("1"),
        "a Docker engine is required: this test must lie in a module named needs_docker, and the variables \
         DOGWATCH_TEST_DOCKER and DOGWATCH_TEST_IMAGE must be set, as tests/run does"
    );
    eprintln!("skipped: DOGWATCH_TEST_DOCKER and DOGWATCH_TEST_IMAGE are not set; tests/run sets them");
    None
}

impl DockerEnv {
    /// A client of this engine. Must be called inside a tokio runtime.
    pub fn client(&self) -> Docker {
        Docker::connect_with_unix(&self.host, 60, bollard::API_DEFAULT_VERSION).expect("a client of the tests' engine")
    }

    /// Runs `work` to its end with a client, in a runtime of its own.
    pub fn with<T>(&self, work: impl AsyncFnOnce(Docker) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async { work(self.client()).await })
    }

    /// The ids of all containers, running or not, that a dogwatch with this state directory made.
    ///
    /// Told by the directories that they mount, which needs no word of the dogwatch that is being tested.
    pub fn containers_of(&self, state: &Path) -> Vec<String> {
        self.with(async |client| {
            let filters = HashMap::from([("label", vec![LABEL])]);
            let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
            let listed = client.list_containers(Some(options)).await.expect("a list of containers");
            let mounts_state = |container: &bollard::models::ContainerSummary| {
                let mut mounts = container.mounts.iter().flatten().filter_map(|mount| mount.source.as_deref());
                mounts.any(|source| Path::new(source).starts_with(state))
            };
            listed.into_iter().filter(mounts_state).filter_map(|container| container.id).collect()
        })
    }

    /// Removes these containers, running or not; one that is gone already is no failure.
    pub fn remove(&self, ids: &[String]) {
        self.with(async |client| {
            for id in ids {
                let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
                if let Err(error) = client.remove_container(id, Some(options)).await {
                    let gone = matches!(
                        error,
                        bollard::errors::Error::DockerResponseServerError { status_code: 404 | 409, .. }
                    );
                    assert!(gone, "container {id} could not be removed: {error}");
                }
            }
        });
    }
}
