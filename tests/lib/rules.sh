# shellcheck shell=bash
# Rules about the source text that no compiler checks. Sourced after common.sh.

# Prints every line that breaks a rule, and returns 1 if there is any, or if they cannot be looked for.
check_rules() {
    local broken=0 hosts host
    # Recordings of real tools in tests/evidence hold what those tools print.
    # Files of the tree as they are, new ones included; this file holds the patterns themselves.
    local tree=(git -C "$root" grep -n -I --untracked)
    local but_this=(':!tests/lib/rules.sh')
    # Whether lines are found. A search that fails has found nothing, which must not pass for a rule that is kept.
    found() {
        local status=0
        "${tree[@]}" "$@" || status=$?
        [ "$status" -le 1 ] || die "git grep failed with $status: rules can be checked in a git checkout only"
        return "$status"
    }
    if found -E 'todo!|unimplemented!|(//|#|--|<!--).*\b(TODO|FIXME|XXX)\b|\bfor now\b|[Nn]ot yet implemented' -- src tests migrations assets ':!tests/evidence' "${but_this[@]}"; then
        warn "rule: no placeholders; finish it or leave it out"
        broken=1
    fi
    if found -E '^[[:space:]]*#\[ignore\]' -- src tests "${but_this[@]}"; then
        warn "rule: an ignored test says why: #[ignore = \"reason\"]"
        broken=1
    fi
    if found -F "$root/" -- . "${but_this[@]}" || found -E '/(home|Users)/[a-z][a-z0-9_-]*/|/root/\.' -- src tests README.md CLAUDE.md .ci Cargo.toml .cargo "${but_this[@]}"; then
        warn "rule: no paths of one person's machine"
        broken=1
    fi
    if have apt-get; then
        hosts=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | sed -n -E 's#^[a-z+]+://([^/@]*@)?([^/:]+).*#\2#p' | sort -u)
        for host in $hosts; do
            if found -F "$host" -- . "${but_this[@]}"; then
                warn "rule: no package mirror is named; the machine's own apt sources are used"
                broken=1
            fi
        done
    fi
    return "$broken"
}
