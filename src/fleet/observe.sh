# dogwatch looks at this machine here. It only reads, always the same.
set -fu
LC_ALL=C
export LC_ALL
say() { printf 'dogwatch:%s\n' "$*"; }
{ read -r id </proc/sys/kernel/random/boot_id && say boot "$id"; } 2>/dev/null
{ read -r up rest </proc/uptime && say uptime "${up%.*}"; } 2>/dev/null
{ read -r load rest </proc/loadavg && say load "$load"; } 2>/dev/null
say cpus "$(grep -c '^processor' /proc/cpuinfo 2>/dev/null)"
while read -r name size unit; do
  case $name in
  MemTotal:) total=$size ;;
  MemAvailable:) say memory "$total" "$size" ;;
  esac
done </proc/meminfo
say kernel "$(uname -sr)"
while IFS='=' read -r name value; do
  [ "$name" != PRETTY_NAME ] || { value=${value#\"}; say system "${value%\"}"; }
done </etc/os-release 2>/dev/null
timeout 10 df -Pk 2>/dev/null | while read -r device total used free percent mount; do
  case $device in /dev/* | overlay) say disk "$total" "$free" "$mount" ;; esac
done
if command -v systemctl >/dev/null; then
  timeout 10 systemctl list-units --failed --no-legend --plain --no-pager 2>/dev/null | while read -r name rest; do
    say failed "$name"
  done
fi
if command -v docker >/dev/null; then
  timeout 10 docker ps -a --format '{{.Names}} {{.State}} {{.Status}}' 2>/dev/null | while read -r name state status; do
    say container "$name" "$state" "$status"
  done
fi
say seen
