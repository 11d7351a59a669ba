//! The keys of `config.toml`.

use super::{
    APPROVALS, ARGUMENTS, AUDIT, BACKUP, BUDGET_DAY, BUDGET_ITERATION, COMMAND, DOLLARS, DURATION, EGRESS,
    ENGINE_BUDGET, ENV, FLEET, LONG, MEMORY, MODEL, NAME, NAMED_PROJECT, NOTIFY, OPERATORS, PROJECT_DAY,
    PROJECT_ITERATION, PROJECT_TOTAL, RULE, SILENCE, SIZE, Table, WATCHDOG, key,
};

/// The top of `config.toml`.
pub const ENGINE_TOP: Table = Table {
    header: "",
    about: "`config.toml` belongs to the operator of an engine and lies in its configuration directory. The file may be absent; every key may be left out.",
    keys: &[
        key("sandbox", "a table", "see there", "Which sandbox steps run in."),
        key("docker", "a table", "see there", "The container engine."),
        key(
            "engines",
            "tables written as [engines.NAME]",
            "none",
            "Further container engines, also on other machines.",
        ),
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
        key("watchdog", "a table", "see there", "When a run that does not move is warned and paused."),
        key("memory", "a table", "see there", "What agents are told of repairs of other bugs."),
        key("prices", "a table of tables", "a list of its own", "What models cost."),
        key("roles", "a table of tables", "{}", "What agents may use, by what they are there for."),
        key("egress", "a table", "see there", "What sandboxes may reach beside their models."),
        key("fleet", "a table", "see there", "How often live systems are looked at."),
        key("approvals", "a table", "see there", "What runs on live assets."),
        key("rule", "tables written as [[rule]]", "none", "Who may propose and who decides there."),
        key("operators", "a table", "the engine's own user and root may do everything", "Which people may do what."),
        key("notify", "tables written as [notify.NAME]", "none", "How people are told that something waits for them."),
        key("audit", "a table", "see there", "Where checkpoints of the audit log go."),
        key("backup", "a table", "see there", "How often the database is copied, where to, and how many copies stay."),
        key("console", "a table", "see there", "How the console behaves."),
        key("keys", "a table", "see there", "Other keys for the console."),
    ],
};

/// `[sandbox]`.
pub const SANDBOX: Table = Table {
    header: "[sandbox]",
    about: "Which sandbox steps run in. The process sandbox (bubblewrap) is for machines without Docker: weaker walls, no images, no Dockerfiles, no `[setup]`; `dogwatch doctor` tells what its limits are worth on this machine.",
    keys: &[
        key(
            "kind",
            "one of \"auto\", \"docker\", \"process\"",
            "\"auto\"",
            "`auto` takes Docker where anything of it is on this machine (a socket, a program, a `host`), also while it does not answer, and the process sandbox elsewhere.",
        ),
        key(
            "runtime",
            "a name such as \"runsc\"",
            "Docker's usual one",
            "Which of the runtimes that Docker knows steps run in (`runtimes` in `/etc/docker/daemon.json`): gVisor's `runsc` and Kata have a kernel of their own, `sysbox-runc` has users of its own. It is tried before the first step, in a container with the same mounts, which has to reach the engine's socket and the gateway's; one whose programs see this machine's own kernel or users, against its name, is refused. `dogwatch status` tells what was seen. For Docker only.",
        ),
        key(
            "projects-may-ask",
            "a list of names such as [\"runsc\"]",
            "[]",
            "Runtimes that a repository may ask for under `[sandbox]` of its `dogwatch.toml`, beside the engine's own. Each is tried in the same way.",
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

/// `[engines.NAME]`.
pub const NAMED_ENGINE: Table = Table {
    header: "[engines.NAME]",
    about: "A Docker engine beside the usual one, for `dogwatch run --engine NAME`. By `ssh://` it may be on another machine, which needs nothing but sshd, Docker and a user who may use Docker's socket: trees, logs and the ways to models and hosts go through one connection, and no key of a model gets there. It must have the same kind of processor. Runs there have a place of `max-runs` and use nothing of this machine's memory and processors as `[engine]` counts them.",
    keys: &[
        key(
            "url",
            "\"ssh://USER@HOST:PORT\" or \"unix:///PATH\"",
            "required",
            "Where it is. With `unix://` it must see the files of this machine under their own paths. Docker's own port (`tcp://`) cannot carry what a step needs.",
        ),
        key(
            "host-key",
            "a line such as \"ssh-ed25519 AAAA...\"",
            "required with ssh://",
            "The key by which that machine proves itself, as its /etc/ssh/ssh_host_ed25519_key.pub has it. No other is spoken to.",
        ),
        key(
            "identity",
            "the absolute path of a private key",
            "what ssh and its agent have",
            "The key to log in with; one that asks for a passphrase belongs into an agent.",
        ),
        key("socket", "an absolute path", "\"/var/run/docker.sock\"", "Docker's socket on that machine."),
        key(
            "projects",
            "a list of names of projects",
            "[]",
            "Projects whose runs work there where nobody says otherwise; `--engine here` then means the usual engine.",
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
            "group",
            "the name of a Unix group",
            "\"dogwatch\"",
            "Whose members may reach the socket of an engine of the whole machine (`dogwatch serve --system`); what they may do there stands in [operators].",
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
    about: "A provider of models for coding agents. Where there are several of one API, each has its `order`: the next one is asked when one cannot be reached, fails by itself (5xx, overloaded) or has a limit that does not end within seconds, always before anything of its answer has gone to the agent; one that failed is left out for a while. Agents reach it from their containers through the engine, which adds the key on its side: no key ever enters a container. A file that holds a key must belong to the engine's user and be closed to everybody else (`chmod 600`); it is read anew for each request, so a new key counts at once.",
    keys: &[
        key(
            "api",
            "one of \"anthropic\", \"openai\", \"gemini\", \"ollama\"",
            "NAME, if it is one of these",
            "What is spoken there: Messages (`claude`, and `opencode` and `copilot` with models of Anthropic), Responses and chat completions (`codex`, else `opencode` and `copilot`), the API of Gemini (`gemini`), or that of Ollama (`opencode` with models that are written `ollama/MODEL`), whose models cost nothing where no `[prices]` say otherwise.",
        ),
        key(
            "url",
            "an address such as \"https://api.anthropic.com\"",
            "that of whoever made the API; for Ollama this machine, port 11434",
            "Where it is, without `/v1`. `http://` only on this machine.",
        ),
        key(
            "key-file",
            "the absolute path of a file",
            "none",
            "Where the key is: a file with the key and nothing else.",
        ),
        key("key-env", "the name of a variable", "none", "Or the variable of the engine's environment that holds it."),
        key(
            "key-credential",
            "the name of a credential",
            "none",
            "Or the name under which systemd gives it to the engine (`LoadCredential=`).",
        ),
        key(
            "key-secret",
            NAME,
            "NAME, where nothing else is said and there is no `url`; none for Ollama",
            "Or its name in the secret store (`dogwatch secret set`). With a `url` and none of these no key is sent.",
        ),
        key(
            "scheme",
            "\"key\" or \"bearer\"",
            "\"key\"",
            "How it is sent: as a key of the API, or as a bearer token, which is what a login gives.",
        ),
        key("order", "1 to 99", "1", "When it is asked, among the providers of its API: the lowest first."),
        key(
            "names",
            "a table of names",
            "none",
            "What models are called there that agents ask for by other names: `{ \"claude-sonnet-4-5\" = \"anthropic/claude-sonnet-4.5\" }`. Roles go by the name that was asked for, prices by the one there.",
        ),
    ],
};

/// `[prices.MODEL]`.
pub const NAMED_PRICE: Table = Table {
    header: "[prices.\"MODEL\"]",
    about: "What a model costs, in US dollars for a million tokens; the name may end in `*` and then stands for all that begin so. dogwatch brings a list of its own for models of Anthropic, OpenAI and Google, which is nobody's word but ours and may be out of date: yours goes before it. A run that has a cap on money asks no model whose price nobody has said.",
    keys: &[
        key("input", DOLLARS, "required", "Input that is not cached."),
        key("output", DOLLARS, "required", "Output, with what a model thinks."),
        key("cached", DOLLARS, "as `input`", "Input that is read from a cache."),
        key("cache-write", DOLLARS, "as `input`", "Input that is written to a cache."),
    ],
};

/// `[roles.NAME]`.
pub const NAMED_ROLE: Table = Table {
    header: "[roles.NAME]",
    about: "What agents may use, by what they are there for: `coder` (the usual one), `reviewer`, `tester`, `pentester`, `researcher`, `remedy`; `dogwatch run --role` chooses. All roles go through the same loop; each is told what it is there for. `auditor` is that of whoever looks at results before they are delivered (`audit` under [gates] in dogwatch.toml and under [approvals] here): another agent or model than the author's sees more, and it has no tools. Repositories have no say in this. No role reads of live systems and reaches a host.",
    keys: &[
        key("agent", NAME, "the repository's own", "Its agent, where `--agent` names none."),
        key("model", MODEL, "the agent's", "The model that its agent works with, before `model` under [agents.NAME]."),
        key(
            "models",
            "a list of names of models, which may end in *",
            "any",
            "The models that may be asked. Requests for others are refused on their way.",
        ),
        key(
            "tools",
            "a list of \"search\", \"record\", \"query\", \"tasks\", \"containers\", \"ask\", \"propose\"",
            "by the role, see below",
            "What it may use of the engine. Only `remedy` has \"propose\" by itself: it proposes commands for live assets, on which people decide. \"tasks\" and \"containers\" have the engine run suites, programs and services beside its turn.",
        ),
        key(
            "data",
            "a list of \"bugs\", \"features\", \"datasets\", \"tasks\", \"assets\"",
            "by the role, see below",
            "What it may read with these.",
        ),
        key(
            "egress",
            "a list of presets and hosts such as [\"pypi\", \"docs.rs\", \"*.example.org\"]",
            "[]",
            "The hosts that it reaches through the engine.",
        ),
        key(
            "provider-tools",
            "a list of \"web_search\", \"web_fetch\", \"code_execution\", \"file_search\", \"image_generation\", \"mcp\", \"links\"",
            "[]",
            "What its provider of models may do by itself while it answers: search, fetch, run programs, speak to servers of tools, \"links\": take content that a message names by an address or an id. It reaches any host so, with whatever the agent tells it, beside `egress` and without a record; and its fees for it count against no budget. Requests for anything else are refused on their way. An agent has to be told to use it, too (Codex: `arguments = [\"-c\", \"web_search=\\\"live\\\"\"]` under [agents.codex]).",
        ),
    ],
};

/// What a command's keys must be.
pub(in crate::config) const KEY_LIST: &str = "a list of keys such as [\"P\", \"ctrl-l\"]";

/// `[console]`.
pub const CONSOLE: Table = Table {
    header: "[console]",
    about: "How the console behaves; `dogwatch watch` reads it at its start.",
    keys: &[key(
        "bell",
        "\"off\", \"bell\" or \"notify\"",
        "\"bell\"",
        "Ring the terminal's bell when something new waits for a person, at most twice a minute; `notify` also has the terminal show how many wait (OSC 9).",
    )],
};

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
    NAMED_ENGINE,
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
    WATCHDOG,
    MEMORY,
    NAMED_PRICE,
    NAMED_ROLE,
    EGRESS,
    FLEET,
    APPROVALS,
    RULE,
    OPERATORS,
    NOTIFY,
    AUDIT,
    BACKUP,
    CONSOLE,
    KEYS,
];
