"""How the Azure agent's processes are told from everything else, in shell."""

AGENT_PROCESSES = r"""
agents() {
    for process in /proc/[0-9]*; do
        words=$(tr '\0' '\n' < "$process/cmdline" 2>/dev/null) || continue
        case $words in *waagent* | *WALinuxAgent*) ;; *) continue ;; esac
        printf '%s\n' "$words" | grep -qx -e -daemon -e -run-exthandlers || continue
        printf '%s\n' "$words" | grep -qE '/waagent$|WALinuxAgent-[^/]*[.]egg$' || continue
        printf '%s %s\n' "${process#/proc/}" "$(printf '%s' "$words" | tr '\n' ' ')"
    done
}
"""
"""Defines `agents`, which prints a line `pid words` for each. By whole words: no shell finds itself."""
