# dogwatch carries one approved command out here, at most once. This text is always the same; what it is to run comes by standard
# input, as lines of base64, and never passes through a shell. Every command has a directory named after it. Whoever makes the
# directory has its one turn: a start makes it and runs, a fence makes it and holds the place for ever.
#
#   look BASE                          what this machine is
#   run BASE ID BOOT LIMIT SIZE SUM    read a command of this size and SHA-256; run it, unless its directory is there or the machine
#                                      was started anew
#   fence BASE ID                      hold its place, or tell what became of it
#   stop BASE ID GRACE                 end it: it is told to, and killed after so many seconds; else as a fence
#   follow BASE ID OUT ERR             tell its output from these bytes on, and its end
set -fu
umask 077
LC_ALL=C
export LC_ALL

# To the engine: lines that begin with a mark, and output with its length in front.
say() { printf 'dogwatch:%s\n' "$*"; }
boot() { read -r id </proc/sys/kernel/random/boot_id && printf %s "$id"; }
uptime() { read -r seconds rest </proc/uptime && printf %s "${seconds%.*}"; }
size() { stat -c %s "$1" 2>/dev/null || printf 0; }
# When a process was started, or nothing.
born() {
  line=
  { read -r line <"/proc/$1/stat"; } 2>/dev/null
  set -- ${line##*) }
  [ $# -ge 20 ] && { shift 19; printf %s "$1"; }
}
# What a word of base64 means, with an x behind it, since a shell drops newlines at the end.
plain() { printf %s "$1" | base64 -d && printf x; }

place() {
  base=$1
  if [ "$base" = - ]; then
    if [ "$(id -u)" = 0 ]; then base=/var/lib/dogwatch/receipts; else
      name=$(id -un)
      case $name in '' | *[!A-Za-z0-9._-]*) say lost no home; exit 98 ;; esac
      eval "base=~$name/.dogwatch/receipts"
    fi
  fi
  if ! mkdir -p "$base" 2>/dev/null || [ ! -O "$base" ] || [ ! -w "$base" ]; then
    say lost receipts cannot be kept in "$base"
    exit 98
  fi
}

look() {
  say boot "$(boot)"
  say now "$(date +%s)"
  say user "$(id -un)"
  for tool in base64 dd env head mkfifo mv setsid sha256sum stat tail timeout wc; do
    command -v "$tool" >/dev/null || say lacks "$tool"
  done
  place "$1"
  say place "$base"
}

take() { read -r word line || { say cut; exit 95; }; [ "$word" = "$1" ] || { say cut; exit 95; }; }
run() {
  place "$1"
  d=$base/$2
  want=$3
  limit=$4
  # All of it is read, and is what was approved, before anything is marked: a line that breaks leaves nothing.
  head -c "$5" >"$d.$$" || { rm -f "$d.$$"; say lost no room for what it is to run; exit 98; }
  sum=$(sha256sum <"$d.$$")
  exec <"$d.$$"
  rm -f "$d.$$"
  [ "${sum%% *}" = "$6" ] || { say cut; exit 95; }
  take timeout
  seconds=$line
  take cwd
  cwd=$(plain "$line") || exit 95
  cwd=${cwd%x}
  take user
  user=$line
  set -- env -i "PATH=$PATH"
  if [ "$user" != - ] && [ "$user" != "$(id -un)" ]; then
    tool=sudo
    [ "$(id -u)" != 0 ] || tool=runuser
    command -v "$tool" >/dev/null || { say lost "it needs $tool to run anything as $user"; exit 98; }
    if [ "$tool" = sudo ]; then set -- sudo -n -u "$user" -- "$@"; else set -- runuser -u "$user" -- "$@"; fi
  fi
  take words
  left=$line
  while [ "$left" -gt 0 ]; do
    take word
    text=$(plain "$line") || exit 95
    set -- "$@" "${text%x}"
    left=$((left - 1))
  done
  take stdin
  input=$line
  take end
  printf %s "$input" | base64 -d >"$d.$$" || { rm -f "$d.$$"; say lost no room for its input; exit 98; }
  if [ "$(boot)" != "$want" ]; then
    rm -f "$d.$$"
    say rebooted "$(boot)"
    exit 96
  fi
  if ! mkdir "$d" 2>/dev/null; then
    rm -f "$d.$$"
    if [ -d "$d" ]; then say there; exit 97; fi
    say lost a receipt cannot be made in "$base"
    exit 98
  fi
  mv "$d.$$" "$d/in" && boot >"$d/boot" && mkfifo "$d/o" "$d/e" && : >"$d/out" && : >"$d/err" || {
    : >"$d/never"
    say never its receipt cannot be written
    exit 98
  }
  setsid /bin/sh -c "$self" dogwatch "$self" turn "$d" "$limit" "$seconds" "$cwd" "$@" </dev/null >/dev/null 2>&1 &
  follow 0 0
}

# Keeps what comes in, up to a limit; the rest is counted and dropped, so that the command goes on.
keep() {
  while :; do
    had=$(size "$1")
    [ "$had" -lt "$2" ] || break
    dd bs=65536 count=64 2>/dev/null >>"$1"
    [ "$(size "$1")" -gt "$had" ] || break
  done
  wc -c >"$1.rest"
  mv "$1.rest" "$1.done"
}
# What runs: in a session of its own, so that a lost connection changes nothing.
turn() {
  d=$1
  limit=$2
  seconds=$3
  cwd=$4
  shift 4
  printf '%s %s\n' "$$" "$(born $$)" >"$d/pid.new" && mv "$d/pid.new" "$d/pid" || exit 98
  keep "$d/out" "$limit" <"$d/o" &
  keep "$d/err" "$limit" <"$d/e" &
  begun=$(uptime)
  # It has a group of its own, which can be ended while this stays and writes down how it ended.
  (
    umask 022
    unset LC_ALL
    cd -- "$cwd" 2>/dev/null || { echo "dogwatch: its directory cannot be entered" >&2; exit 126; }
    exec setsid timeout -k 5 "$seconds" "$@"
  ) <"$d/in" >"$d/o" 2>"$d/e" &
  work=$!
  printf '%s %s\n' "$work" "$(born "$work")" >"$d/work.new" && mv "$d/work.new" "$d/work"
  wait "$work"
  printf '%s %s\n' "$?" "$(($(uptime) - begun))" >"$d/rc.new" && mv "$d/rc.new" "$d/rc"
  rm -f "$d/in" "$d/o" "$d/e"
  wait
}

# Whether the process that its receipt names is at work.
alive() {
  { read -r pid start <"$d/pid"; } 2>/dev/null && [ "$start" = "$(born "$pid")" ]
}
# Output from a place on, at most a mebibyte at once.
send() {
  n=$(($(size "$d/$1") - $2))
  [ "$n" -gt 0 ] || return 1
  [ "$n" -le 1048576 ] || n=1048576
  say "$1" "$n"
  tail -c "+$(($2 + 1))" "$d/$1" | head -c "$n"
}
follow() {
  out=$1
  err=$2
  patience=20
  beginning=300
  say following
  while :; do
    over=no
    [ ! -e "$d/rc" ] || over=yes
    [ ! -e "$d/out.done" ] || [ ! -e "$d/err.done" ] || [ "$over" = no ] || patience=0
    more=no
    if send out "$out"; then out=$((out + n)) more=yes; fi
    if send err "$err"; then err=$((err + n)) more=yes; fi
    [ "$more" = no ] || continue
    if [ "$over" = yes ]; then
      [ "$patience" -gt 0 ] || break
      patience=$((patience - 1))
    elif [ -e "$d/pid" ]; then
      alive || [ -e "$d/rc" ] || break
    else
      [ "$beginning" -gt 0 ] || break
      beginning=$((beginning - 1))
    fi
    sleep 0.1 2>/dev/null || sleep 1
  done
  became
}
# What is known of it, in one line.
became() {
  say made "$(cat "$d/boot" 2>/dev/null)"
  if [ -e "$d/fence" ]; then say fenced
  elif [ -e "$d/rc" ]; then ended
  elif [ -e "$d/never" ]; then say never it was not started
  elif [ ! -e "$d/pid" ]; then say claimed
  elif alive; then say running
  elif [ -e "$d/rc" ]; then ended
  else say gone
  fi
}
ended() {
  read -r code took <"$d/rc"
  dropped=0 rest=0
  { read -r dropped <"$d/out.done"; read -r rest <"$d/err.done"; } 2>/dev/null
  say ended "$code" "$took" "$((${dropped:-0} + ${rest:-0}))"
}

fence() {
  place "$1"
  d=$base/$2
  say boot "$(boot)"
  if mkdir "$d" 2>/dev/null; then
    : >"$d/fence"
    say fenced now
  elif [ -d "$d" ]; then became
  else
    say lost a fence cannot be made in "$base"
    exit 98
  fi
}

# Whether what it started is at work: the very process, not another that has its number by now.
working() {
  start=
  { read -r work start <"$d/work"; } 2>/dev/null
  [ ! -e "$d/rc" ] && [ -n "$start" ] && [ "$start" = "$(born "$work")" ]
}
pause() { sleep 0.1 2>/dev/null || sleep 1; }
# Sends a signal to all of its group and waits for the end, so many tenths of a second.
signal() {
  working || return 0
  kill -s "$1" -- "-$work" 2>/dev/null || kill -s "$1" "-$work" 2>/dev/null
  left=$2
  while working && [ "$left" -gt 0 ]; do
    pause
    left=$((left - 1))
  done
}
stop() {
  place "$1"
  d=$base/$2
  say boot "$(boot)"
  if mkdir "$d" 2>/dev/null; then
    : >"$d/fence"
    say fenced now
    return
  fi
  [ -d "$d" ] || { say lost a fence cannot be made in "$base"; exit 98; }
  # From its directory to its process it is a moment, unless it was never started.
  left=100
  until [ -e "$d/work" ] || [ -e "$d/rc" ] || [ -e "$d/fence" ] || [ -e "$d/never" ] || [ "$left" -le 0 ]; do
    pause
    left=$((left - 1))
  done
  signal TERM "$(($3 * 10))"
  signal KILL 50
  # How it ended is written down by whoever started it, a moment later.
  left=50
  while [ -e "$d/work" ] && [ ! -e "$d/rc" ] && ! working && alive && [ "$left" -gt 0 ]; do
    pause
    left=$((left - 1))
  done
  became
}

self=$1
verb=$2
shift 2
case $verb in
look) look "$1" ;;
run) run "$1" "$2" "$3" "$4" "$5" "$6" ;;
turn) turn "$@" ;;
fence) fence "$1" "$2" ;;
stop) stop "$1" "$2" "$3" ;;
follow)
  place "$1"
  d=$base/$2
  say boot "$(boot)"
  [ -d "$d" ] || { say absent; exit 0; }
  follow "$3" "$4"
  ;;
esac
