//! The one table of keys. The readers take their allowed keys and what they expect from here, and the reference page is
//! written from it, so that neither can drift from the other.

/// One key of a configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it must be, in words that end "... must be": `a duration such as "10m"`.
    pub kind: &'static str,
    /// What holds when it is left out; `required` where it may not be.
    pub default: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
}

/// One table of a configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// How its header is written; empty for the top of the file.
    pub header: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Its keys. A sub-table appears here as a key of the table above it.
    pub keys: &'static [Key],
}

const fn key(name: &'static str, kind: &'static str, default: &'static str, about: &'static str) -> Key {
    Key { name, kind, default, about }
}

pub(super) const COMMAND: &str = "a string for /bin/sh or a list of words";
const DURATION: &str = "a duration such as \"90s\", \"10m\" or \"1h30m\"";
const SILENCE: &str = "a duration such as \"15m\", or \"off\"";
const LONG: &str = "a duration such as \"12h\" or \"30d\", up to ten years";
/// A size.
const SIZE: &str = "a size such as \"512MiB\" or \"4GiB\"";
const ENV: &str = "a table of strings such as { CI = \"1\" }";
const GLOBS: &str = "a list of path patterns such as [\"spec/**\"]";
const MODEL: &str = "the name of a model";
const ARGUMENTS: &str = "a list of words";
const NAME: &str = "a name of 1 to 32 lower-case letters, digits and dashes";

/// The top of `dogwatch.toml`.
pub const PROJECT_TOP: Table = Table {
    header: "",
    about: "`dogwatch.toml` lies at the top of a repository. It counts only as of the commit that a run starts from, so an agent cannot change the rules of its own run.",
    keys: &[
        key("version", "the number 1", "1", "The version of this format."),
        key("image", "a table", "required", "What containers are made from."),
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
            "plan",
            "\"none\", \"ask\" or \"automatic\"",
            "\"none\"",
            "Let the agent write a plan before it changes anything, which a person approves, or which the work just follows.",
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
pub const PROJECT: &[Table] =
    &[PROJECT_TOP, IMAGE, SETUP, SUITE, SERVICE, READY, BROWSER, AGENT, LIMITS, BUDGET, GATES, DELIVER];

/// The top of `config.toml`.
pub const ENGINE_TOP: Table = Table {
    header: "",
    about: "`config.toml` belongs to the operator of an engine and lies in its configuration directory. The file may be absent; every key may be left out.",
    keys: &[
        key("sandbox", "a table", "see there", "Which sandbox steps run in."),
        key("docker", "a table", "see there", "The container engine."),
        key("engine", "a table", "see there", "The engine itself."),
        key("limits", "a table", "see there", "The most that a repository may ask for."),
        key("retention", "a table", "see there", "How long what runs leave behind is kept."),
        key("budget", "a table", "see there", "What all projects together may spend on a day."),
        key("projects", "tables written as [projects.NAME]", "none", "What single projects may spend, by their names."),
        key("agents", "tables written as [agents.NAME]", "none", "Agents that the operator trusts, by name."),
        key(
            "models",
            "tables written as [models.NAME]",
            "none",
            "Where the models of coding agents are, and their keys.",
        ),
        key("keys", "a table", "see there", "Other keys for the console."),
    ],
};

/// `[sandbox]`.
pub const SANDBOX: Table = Table {
    header: "[sandbox]",
    about: "Which sandbox steps run in. The process sandbox (bubblewrap) is for machines without Docker: weaker walls, no images, no Dockerfiles, no `[setup]`; `dogwatch doctor` tells what its limits are worth on this machine. Read at the engine's start.",
    keys: &[
        key(
            "kind",
            "one of \"auto\", \"docker\", \"process\"",
            "\"auto\"",
            "`auto` takes Docker where anything of it is on this machine (a socket, a program, a `host`), also while it does not answer, and the process sandbox elsewhere.",
        ),
        key(
            "roots",
            "a table of strings such as { trixie = \"/srv/roots/trixie\" }",
            "{}",
            "Directories that the process sandbox shows, read-only, as the root of steps whose `reference` under `[image]` is the name. `host` is always there: this machine's own `/usr` and what is needed to use it. Nothing pins what they hold.",
        ),
        key(
            "visible",
            "a list of absolute paths such as [\"/opt/rust\"]",
            "[]",
            "Further directories of this machine that the root `host` shows, read-only, under their own paths.",
        ),
    ],
};

/// `[docker]`.
pub const DOCKER: Table = Table {
    header: "[docker]",
    about: "The container engine.",
    keys: &[
        key(
            "host",
            "a socket such as \"unix:///var/run/docker.sock\"",
            "DOCKER_HOST, else \"unix:///var/run/docker.sock\"",
            "Where the container engine listens.",
        ),
        key(
            "allowed-registries",
            "a list of registries such as [\"docker.io\", \"localhost:5000\"]",
            "[\"docker.io\", \"ghcr.io\", \"quay.io\", \"registry.gitlab.com\", \"mcr.microsoft.com\"]",
            "Where images may be pulled from; replaces the default list.",
        ),
    ],
};

/// `[engine]`.
pub const ENGINE: Table = Table {
    header: "[engine]",
    about: "The engine itself.",
    keys: &[
        key(
            "max-runs",
            "a whole number",
            "half the processors, at least 1",
            "Runs that work at the same time; 1 to 256.",
        ),
        key(
            "memory",
            SIZE,
            "all that the machine has",
            "Memory that runs may use together, by the limits of their steps. One that does not fit beside those at work waits, and those behind it; one that could never fit is refused. At most \"1TiB\".",
        ),
        key(
            "cpus",
            "a number",
            "all that the machine has",
            "Processors that runs may use together, by the limits of their steps; 0.1 to 65536. More than there are lets agents that mostly wait for a model share them.",
        ),
        key(
            "reserve",
            SIZE,
            "\"64MiB\"",
            "Space in the state directory that is kept back for the engine's own records, given only when the disk is full. New steps begin only while as much again is free. \"0MiB\" keeps none back.",
        ),
    ],
};

/// `[limits]` of `config.toml`.
pub const MOST: Table = Table {
    header: "[limits]",
    about: "The most that a step may put on disk, whatever the repository asks for.",
    keys: &[
        key("disk", SIZE, "\"50GiB\"", "The most that the tree of a step may take; 16MiB to 1TiB."),
        key("log", SIZE, "\"4GiB\"", "The most that the log of a step may take; 1MiB to 1TiB."),
    ],
};

/// `[retention]`.
pub const RETENTION: Table = Table {
    header: "[retention]",
    about: "How long what runs that are over leave behind is kept. The engine looks once an hour and after every end of a run; `dogwatch gc` looks at once. Containers and trees go when their run is over, whatever stands here.",
    keys: &[
        key("logs-at-least", LONG, "\"7d\"", "A log stays for so long after its step, whatever else."),
        key("logs-at-most", LONG, "\"90d\"", "And no longer than so."),
        key(
            "logs-size",
            SIZE,
            "\"20GiB\"",
            "What all logs of runs that are over may take together, compressed; beyond it the oldest go. 1MiB to 1024TiB.",
        ),
        key(
            "images-unused",
            LONG,
            "\"30d\"",
            "An image that was built or set up for runs goes when no run has used it for so long; it is made anew when it is needed.",
        ),
    ],
};

const CAP_ITERATIONS: Key = key("iterations", "a whole number", "no cap", "Iterations that count; 1 to 1000000.");
const CAP_TIME: Key = key("time", DURATION, "no cap", "Time at work of turns and test suites; at most 365d.");
const CAP_TOKENS: Key =
    key("tokens", "a whole number", "no cap", "Model tokens, input and output, as agents state them.");
const CAP_USD: Key = key(
    "usd",
    "a number such as 5.0",
    "no cap",
    "Money for models in US dollars, as agents state it; 0.01 to 1000000.",
);
const CAPS: &[Key] = &[CAP_ITERATIONS, CAP_TIME, CAP_TOKENS, CAP_USD];

/// What is reserved where nobody says how much.
const RESERVED: &str =
    "what the greatest of the project's last 20 iterations used; for its first one a tenth of the smallest cap";
const RESERVATIONS: &[Key] = &[
    key("time", DURATION, RESERVED, "Time at work, tests included."),
    key("tokens", "a whole number", RESERVED, "Model tokens."),
    key("usd", "a number such as 0.5", RESERVED, "Money for models in US dollars."),
];

/// `[budget]` of `config.toml`.
pub const ENGINE_BUDGET: Table = Table {
    header: "[budget]",
    about: "What all projects together may spend, beside what each run may by its repository's `[budget]`. When a cap leaves no room for one more iteration, the run asks a person, who can allow more once, end it, or let it wait for the next day. What is said here is the operator's alone; a repository cannot change it. Read at the engine's start.",
    keys: &[
        key("day", "a table", "no caps", "The caps of each day."),
        key("iteration", "a table", "see there", "What is reserved for an iteration before its turn begins."),
    ],
};

/// `[budget.day]`.
pub const BUDGET_DAY: Table = Table {
    header: "[budget.day]",
    about: "What all projects together may spend on each day. Days are those of UTC; what an iteration uses counts to the day on which its turn began.",
    keys: CAPS,
};

/// `[budget.iteration]`.
pub const BUDGET_ITERATION: Table = Table {
    header: "[budget.iteration]",
    about: "What is reserved for one iteration before its turn begins, and given back as far as it was not used. An iteration that uses more than that can go beyond a cap by as much; the next one is not begun then. Never more is reserved than the smallest cap allows in all.",
    keys: RESERVATIONS,
};

/// `[projects.NAME]`.
pub const NAMED_PROJECT: Table = Table {
    header: "[projects.NAME]",
    about: "What one project may spend, by the name that `dogwatch project ls` shows.",
    keys: &[
        key("total", "a table", "no caps", "The caps of all its runs together, for good."),
        key("day", "a table", "no caps", "The caps of all its runs together on each day."),
        key("iteration", "a table", "[budget.iteration]", "What is reserved for one of its iterations."),
    ],
};

/// `[projects.NAME.total]`.
pub const PROJECT_TOTAL: Table = Table {
    header: "[projects.NAME.total]",
    about: "What all runs of the project together may spend, for good.",
    keys: CAPS,
};

/// `[projects.NAME.day]`.
pub const PROJECT_DAY: Table = Table {
    header: "[projects.NAME.day]",
    about: "What all runs of the project together may spend on each day, as in `[budget.day]`.",
    keys: CAPS,
};

/// `[projects.NAME.iteration]`.
pub const PROJECT_ITERATION: Table = Table {
    header: "[projects.NAME.iteration]",
    about: "What is reserved for one iteration of the project, key by key before `[budget.iteration]`.",
    keys: RESERVATIONS,
};

/// `[agents.NAME]`.
pub const NAMED_AGENT: Table = Table {
    header: "[agents.NAME]",
    about: "What the operator trusts as an agent: `dogwatch run --agent NAME`, or `name = \"NAME\"` in a repository. It is a command, or a coding agent with settings of its own. `command` and `replay` are taken; what stands here under the name of a coding agent goes before what the name means by itself.",
    keys: &[
        key(
            "command",
            COMMAND,
            "none",
            "The program; it gets the prompt on its standard input and works in the tree. Required without `adapter`; with it, the words that the coding agent is started by, such as [\"node\", \"/opt/gemini.js\"].",
        ),
        key(
            "adapter",
            "one of \"claude\", \"codex\", \"gemini\", \"opencode\", \"copilot\"",
            "NAME, if it is one of these and there is no `command`",
            "Which coding agent it is.",
        ),
        key("model", MODEL, "the agent's own choice", "The model of a coding agent."),
        key(
            "arguments",
            ARGUMENTS,
            "[]",
            "Further arguments for a coding agent. Those that the engine sets itself are refused.",
        ),
        key("timeout", DURATION, "\"1h\"", "The longest one turn may take, at most 24h; a repository may set its own."),
        key(
            "silence",
            SILENCE,
            "\"15m\"",
            "How long it may write nothing before it is stopped; a repository may set its own.",
        ),
        key("env", ENV, "{}", "Environment variables for the agent; a repository may add to them."),
    ],
};

/// `[models.NAME]`.
pub const NAMED_MODELS: Table = Table {
    header: "[models.NAME]",
    about: "A provider of models for coding agents, one of each API. Agents reach it from their containers through the engine, which adds the key on its side: no key ever enters a container. A file that holds a key must belong to the engine's user and be closed to everybody else (`chmod 600`); it is read anew for each request, so a new key counts at once.",
    keys: &[
        key(
            "api",
            "one of \"anthropic\", \"openai\", \"gemini\"",
            "NAME, if it is one of these",
            "What is spoken there: Messages (`claude`, and `opencode` and `copilot` with models of Anthropic), Responses and chat completions (`codex`, else `opencode` and `copilot`), or the API of Gemini (`gemini`).",
        ),
        key(
            "url",
            "an address such as \"https://api.anthropic.com\"",
            "that of whoever made the API",
            "Where it is, without `/v1`. `http://` only on this machine.",
        ),
        key(
            "key-file",
            "the absolute path of a file",
            "none",
            "Where the key is: a file with the key and nothing else.",
        ),
        key(
            "key-env",
            "the name of a variable",
            "none",
            "Or the variable of the engine's environment that holds it. With neither, and a `url`, no key is sent.",
        ),
    ],
};

/// What a command's keys must be.
pub(super) const KEY_LIST: &str = "a list of keys such as [\"P\", \"ctrl-l\"]";

/// `[keys]`.
pub const KEYS: Table = Table {
    header: "[keys]",
    about: "Other keys for the commands of the console, by their names; `dogwatch watch` reads it at its start. The names, the usual keys and how keys are written: [keys.md](keys.md). Two commands of one place cannot have the same key.",
    keys: &[key(
        "NAME",
        KEY_LIST,
        "the usual keys",
        "All keys of the command of that name; an empty list leaves it to the palette.",
    )],
};

/// The tables of `config.toml`, in the order of the reference page.
pub const ENGINE_FILE: &[Table] = &[
    ENGINE_TOP,
    SANDBOX,
    DOCKER,
    ENGINE,
    MOST,
    RETENTION,
    ENGINE_BUDGET,
    BUDGET_DAY,
    BUDGET_ITERATION,
    NAMED_PROJECT,
    PROJECT_TOTAL,
    PROJECT_DAY,
    PROJECT_ITERATION,
    NAMED_AGENT,
    NAMED_MODELS,
    KEYS,
];
