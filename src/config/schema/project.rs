//! The keys of `dogwatch.toml`.

use super::{ARGUMENTS, COMMAND, DURATION, ENV, GLOBS, MODEL, NAME, SILENCE, SIZE, Table, key};

/// The top of `dogwatch.toml`.
pub const PROJECT_TOP: Table = Table {
    header: "",
    about: "`dogwatch.toml` lies at the top of a repository. It counts only as of the commit that a run starts from, so an agent cannot change the rules of its own run.",
    keys: &[
        key("version", "the number 1", "1", "The version of this format."),
        key("image", "a table", "required", "What containers are made from."),
        key("sandbox", "a table", "none", "What containers run in."),
        key(
            "datasets",
            "a list of names such as [\"orders\"]",
            "none",
            "The data sets that the agent and the suites see, read-only at `/datasets/NAME`: directories of this machine that were registered with `dogwatch dataset add`. One whose content is not what was registered keeps a step from beginning.",
        ),
        key("setup", "a table", "none", "What has to be installed once."),
        key(
            "services",
            "tables written as [services.NAME]",
            "none",
            "What runs beside suites that ask for it, by name.",
        ),
        key("suite", "tables written as [[suite]]", "none", "The test suites that decide whether a run is done."),
        key("browser", "a table", "none", "Pages of the running application that a browser looks at."),
        key("agent", "a table", "none", "Who does the work."),
        key("limits", "a table", "see there", "What each container may use."),
        key("budget", "a table", "see there", "What a run may spend."),
        key("gates", "a table", "see there", "When a person must look before a run may succeed."),
        key("deliver", "a table", "see there", "What happens with the result."),
    ],
};

/// `[image]`.
pub const IMAGE: Table = Table {
    header: "[image]",
    about: "Either `reference` or `dockerfile`. Any Linux image will do, as long as it holds the tools that the commands below need. A `VOLUME` of the image is an empty directory in memory in every step: what the image or `[setup]` puts there is not there later.",
    keys: &[
        key(
            "reference",
            "an image such as \"docker.io/library/python:3.13-slim\"",
            "none",
            "An image to pull; it is pinned to the digest that came. For an engine with a process sandbox: `host`, or the name of a root from `config.toml`.",
        ),
        key(
            "dockerfile",
            "a path inside the repository",
            "none",
            "A Dockerfile to build the image from, without network. Each of its steps has 2 GiB of memory.",
        ),
        key(
            "context",
            "a path inside the repository",
            "\".\"",
            "The directory that the Dockerfile sees; only with `dockerfile`.",
        ),
    ],
};

/// `[sandbox]`.
pub const PROJECT_SANDBOX: Table = Table {
    header: "[sandbox]",
    about: "What the containers of this project run in. For engines with Docker only.",
    keys: &[key(
        "runtime",
        "a name such as \"runsc\"",
        "the engine's",
        "A runtime of Docker by its name, among those that the engine's operator lets repositories ask for (`projects-may-ask` under `[sandbox]` of `config.toml`).",
    )],
};

/// `[setup]`.
pub const SETUP: Table = Table {
    header: "[setup]",
    about: "Runs once for an image and a base commit, as user 0 with a writable root; its result is kept as an image and used by every later step.",
    keys: &[
        key("command", COMMAND, "required", "What to run, at the top of the repository."),
        key(
            "keep",
            "a list of paths inside the repository such as [\"node_modules\"]",
            "[]",
            "What the command makes inside the repository that every step shall see.",
        ),
        key("timeout", DURATION, "\"15m\"", "The longest it may take, at most 24h."),
        key(
            "egress",
            super::egress::HOSTS,
            "[]",
            "What the command reaches, and no later step does: presets of package registries, and what else the operator lets repositories ask for (`[egress]` of `config.toml`). Programs find the way by `HTTP_PROXY`, `HTTPS_PROXY` and the same in small letters.",
        ),
    ],
};

/// `[[suite]]`.
pub const SUITE: Table = Table {
    header: "[[suite]]",
    about: "One test suite; write the header again for each further one. The engine runs every suite on a clean checkout in a fresh container. A project without suites can never count as done.",
    keys: &[
        key("name", NAME, "required", "Names the suite; unique in the file."),
        key("command", COMMAND, "required", "What to run."),
        key(
            "format",
            "one of \"junit\", \"cargo-test\", \"nextest\", \"pytest\", \"go-test-json\", \"node-test\", \"vitest\", \"jest\", \"jest-json\", \"exit-code\"",
            "required",
            "How to read the result. `exit-code` gives no test counts, so a run that has such a suite never succeeds without a person.",
        ),
        key(
            "report",
            "a path or pattern such as \"reports/*.xml\"",
            "the command's output",
            "The report files, relative to `directory`; required for `junit`, refused for `exit-code`.",
        ),
        key("timeout", DURATION, "\"10m\"", "The longest it may take, at most 24h."),
        key("directory", "a path inside the repository", "\".\"", "Where to run."),
        key("env", ENV, "{}", "Environment variables for the command."),
        key(
            "services",
            "a list of names such as [\"db\", \"app\"]",
            "[]",
            "The services that run beside it, in the order in which they are started.",
        ),
    ],
};

/// `[services.NAME]`.
pub const SERVICE: Table = Table {
    header: "[services.NAME]",
    about: "A database, a cache, the application itself: runs in a container of its own beside each suite that names it under `services`, and shares with it a network that leads nowhere else. They reach each other by the names of services or as 127.0.0.1, so no two may listen on the same port. The suite begins when all its services are ready, and they are removed after it. A service that is not ready in time or ends before the suite is a finding. For engines with Docker only.",
    keys: &[
        key(
            "image",
            "an image such as \"docker.io/library/postgres:17\"",
            "the project's own image",
            "An image to pull. Without it the service has the project's image, with what `[setup]` made, and a clean checkout of what is tested.",
        ),
        key("command", COMMAND, "required", "What to run; what the image would start is not asked for."),
        key("directory", "a path inside the repository", "\".\"", "Where to run; refused with an `image`."),
        key("env", ENV, "{}", "Environment variables for the command."),
        key("ready", "a table such as { tcp = 5432, within = \"60s\" }", "none", "How to tell that it is ready."),
        key("memory", SIZE, "\"1GiB\"", "Memory, swap included; 64MiB to 1TiB."),
        key("cpus", "a number such as 1.0", "1.0", "Processors; 0.1 to 256."),
    ],
};

/// `[services.NAME.ready]`.
pub const READY: Table = Table {
    header: "[services.NAME.ready]",
    about: "How to tell that a service is ready: `tcp`, `http`, or both. Without it a service counts as ready as soon as it is started.",
    keys: &[
        key("tcp", "a port such as 5432", "none", "A port that takes connections; 1 to 65535."),
        key(
            "http",
            "an address such as \"http://127.0.0.1:8000/health\"",
            "none",
            "An address that answers with a status from 200 to 399; on 127.0.0.1, localhost or the name of a service.",
        ),
        key("within", DURATION, "\"60s\"", "How long that may take, at most 1h."),
    ],
};

/// `[browser]`.
pub const BROWSER: Table = Table {
    header: "[browser]",
    about: "Opens pages of the running application in a headless browser, after the suites, beside the services that it names. Errors on the console, exceptions that nobody caught, failed requests and broken resources are findings, and a page with an error counts as a failed test of the suite `browser`. A picture of each page is kept. For engines with Docker only.",
    keys: &[
        key(
            "image",
            "an image such as \"localhost:5000/browser:1\"",
            "the project's own image",
            "An image with Chromium or Chrome (`chromium-headless-shell`, `chromium`, `google-chrome`) and /bin/sh.",
        ),
        key(
            "url",
            "an address such as \"http://127.0.0.1:8000\"",
            "required",
            "Where the application is: on 127.0.0.1 or localhost, since browsers do not take every name for what it is here.",
        ),
        key(
            "pages",
            "a list of paths such as [\"/\", \"/login\"]",
            "[\"/\"]",
            "The pages, by their paths; at most 20.",
        ),
        key(
            "services",
            "a list of names such as [\"db\", \"app\"]",
            "required",
            "The services that it needs, as for a suite.",
        ),
        key("timeout", DURATION, "\"5m\"", "The longest that all pages may take, at most 24h."),
    ],
};

/// `[agent]`.
pub const AGENT: Table = Table {
    header: "[agent]",
    about: "Who works. `command` runs any program with the prompt on its standard input; `replay` applies a prepared sequence of edits; `claude` (Claude Code), `codex` (OpenAI Codex), `gemini` (Gemini CLI), `opencode` and `copilot` (GitHub Copilot CLI) are coding agents, which the image has to hold and whose models the operator names as `[models.NAME]` in `config.toml`; without that, runs with them are refused. Any other name stands for an agent that the operator of the engine has set up in `config.toml`. `dogwatch run --agent NAME` overrides it.",
    keys: &[
        key(
            "name",
            NAME,
            "required",
            "`command`, `replay`, a coding agent, or the name of an agent from `config.toml`.",
        ),
        key("command", COMMAND, "none", "The program; required with the name `command`, refused otherwise."),
        key(
            "script",
            "a path",
            "none",
            "The prepared edits; required with the name `replay`, refused otherwise. An absolute path of the host, or relative to the repository.",
        ),
        key(
            "model",
            MODEL,
            "the agent's own choice",
            "The model of a coding agent, unless the operator has chosen one; required for `opencode` (as PROVIDER/MODEL) and `copilot`.",
        ),
        key(
            "arguments",
            ARGUMENTS,
            "[]",
            "Further arguments for a coding agent, unless the operator has given it some. Those that the engine sets itself are refused.",
        ),
        key("timeout", DURATION, "\"1h\"", "The longest one turn may take, at most 24h."),
        key("silence", SILENCE, "\"15m\"", "How long it may write nothing before it is stopped."),
        key("env", ENV, "{}", "Environment variables for the agent."),
    ],
};

/// `[limits]`.
pub const LIMITS: Table = Table {
    header: "[limits]",
    about: "What each container may use. Where the operator of the engine allows less disk or log, that counts.",
    keys: &[
        key("memory", SIZE, "\"4GiB\"", "Memory, swap included; 64MiB to 1TiB."),
        key("cpus", "a number such as 2.0", "2.0", "Processors; 0.1 to 256."),
        key("pids", "a whole number", "1024", "Processes and threads; 16 to 65536."),
        key("tmp", SIZE, "\"1GiB\"", "Size of /tmp, which lies in memory; 1MiB to 1TiB."),
        key(
            "disk",
            SIZE,
            "\"10GiB\"",
            "What the tree of a step may take on disk; a step that goes beyond it is stopped. 16MiB to 1TiB.",
        ),
        key(
            "log",
            SIZE,
            "\"1GiB\"",
            "What the log of a step may take, index included, before it is compressed. At the cap it ends with the number of bytes that were left out, and the step is stopped. 1MiB to 1TiB.",
        ),
    ],
};

/// `[budget]`.
pub const BUDGET: Table = Table {
    header: "[budget]",
    about: "What a run may spend. When a cap is reached, a person is asked; a budget never rises by itself.",
    keys: &[
        key("iterations", "a whole number", "10", "Rounds of the loop; 1 to 1000."),
        key("time", DURATION, "no cap", "Time at work, waiting for people not counted; at most 365d."),
        key("tokens", "a whole number", "no cap", "Model tokens, input and output."),
        key("usd", "a number such as 5.0", "no cap", "Money for models in US dollars; 0.01 to 1000000."),
    ],
};

/// `[gates]`.
pub const GATES: Table = Table {
    header: "[gates]",
    about: "When a person must look at green work. The patterns add to what dogwatch knows by itself; they follow the rules of .gitignore.",
    keys: &[
        key(
            "review",
            "\"when-suspicious\" or \"always\"",
            "\"when-suspicious\"",
            "Ask only when something looks odd (fewer tests, changed test files), or each time.",
        ),
        key(
            "dependencies",
            "\"ask\" or \"allow\"",
            "\"ask\"",
            "Ask before a result is delivered whose manifests or lock files (of Cargo, npm, Python, Go) bring packages, or let it have them.",
        ),
        key(
            "plan",
            "\"none\", \"ask\" or \"automatic\"",
            "\"none\"",
            "Let the agent write a plan before it changes anything, which a person approves, or which the work just follows.",
        ),
        key(
            "audit",
            "\"none\" or \"always\"",
            "\"none\"",
            "Let another agent, that of the role auditor, look at each result that would be delivered. Where it does not plainly agree, a person decides.",
        ),
        key(
            "rerun",
            "a duration such as \"10m\", or \"off\"",
            "\"10m\"",
            "Suites whose result cannot be told from luck (a test that fails and did not before) run a second time on the same tree, if all together took no longer the first time.",
        ),
        key("test-files", GLOBS, "[]", "Files that hold tests."),
        key("entry-points", GLOBS, "[]", "Files that decide how tests are started."),
        key("criteria", GLOBS, "[]", "Files that hold acceptance criteria."),
    ],
};

/// `[deliver]`.
pub const DELIVER: Table = Table {
    header: "[deliver]",
    about: "What happens with the result of a run that succeeded.",
    keys: &[key(
        "to",
        "\"branch\" or \"none\"",
        "\"branch\"",
        "Put a branch into the source repository, or leave it to `dogwatch deliver`.",
    )],
};

/// The tables of `dogwatch.toml`, in the order of the reference page.
pub const PROJECT: &[Table] = &[
    PROJECT_TOP,
    IMAGE,
    PROJECT_SANDBOX,
    SETUP,
    SUITE,
    SERVICE,
    READY,
    BROWSER,
    AGENT,
    LIMITS,
    BUDGET,
    GATES,
    DELIVER,
];
