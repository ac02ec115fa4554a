"""How the Azure agent's processes are told from everything else, in shell."""

AGENT_PROCESSES = r"""
agents() {
    for line in $(grep -ls -e waagent -e WALinuxAgent /proc/[0-9]*/cmdline); do
        words=$(tr '\0' '\n' 2>/dev/null < "$line") || continue
        printf '%s\n' "$words" | grep -qx -e -daemon -e -run-exthandlers || continue
        printf '%s\n' "$words" | grep -qE '/waagent$|WALinuxAgent-[^/]*[.]egg$' || continue
        process=${line#/proc/}
        printf '%s %s\n' "${process%/cmdline}" "$(printf '%s' "$words" | tr '\n' ' ')"
    done
}
"""
"""Defines `agents`, which prints a line `pid words` for each. By whole words: no shell finds itself.

One `grep` reads all processes: a program for each of them takes a small or emulated machine ten seconds.
"""
