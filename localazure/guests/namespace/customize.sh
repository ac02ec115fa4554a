#!/bin/sh
# Turns a fresh Debian tree into the marketplace image: what a cloud's image builder would set, and no identity.
# Run by mmdebstrap with the tree as its only argument.
set -eu
root=$1

# No identity: systemd writes the machine ID, the service below the host keys, the agent the host name.
: > "$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root"/etc/ssh/ssh_host_*
if [ -d "$root/var/lib/dbus" ]; then ln -s /etc/machine-id "$root/var/lib/dbus/machine-id"; fi
echo localhost > "$root/etc/hostname"
printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' > "$root/etc/hosts"
chroot "$root" passwd --lock root > /dev/null

# Debian's sshd does not start without host keys, and nothing but the agent makes new ones.
mkdir -p "$root/etc/systemd/system/ssh.service.d"
cat > "$root/etc/systemd/system/ssh.service.d/host-keys.conf" <<'UNIT'
[Service]
ExecStartPre=
ExecStartPre=/bin/sh -c 'test -s /etc/ssh/ssh_host_ed25519_key || ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key'
ExecStartPre=/usr/sbin/sshd -t
UNIT

# The machine starts on a read-only root, as one with a kernel does; this line makes systemd open it.
printf 'overlay / overlay defaults 0 1\n' > "$root/etc/fstab"

# Two ports: where something of the host's own has 22 on every address, guests are reached at the other.
mkdir -p "$root/etc/ssh/sshd_config.d"
printf 'Port 22\nPort 2222\n' > "$root/etc/ssh/sshd_config.d/ports.conf"
printf 'LANG=C.UTF-8\n' > "$root/etc/default/locale"

# The agent, by its documented settings alone.
set_option() {
    if grep -q "^[# ]*$1=" "$root/etc/waagent.conf"; then
        sed -i "s|^[# ]*$1=.*|$1=$2|" "$root/etc/waagent.conf"
    else
        echo "$1=$2" >> "$root/etc/waagent.conf"
    fi
}
set_option Provisioning.Agent waagent
set_option Provisioning.RegenerateSshHostKeyPair y
set_option Provisioning.SshHostKeyPairType ed25519
set_option Provisioning.DeleteRootPassword y
set_option ResourceDisk.Format n
set_option Extensions.GoalStatePeriod 1
set_option Extensions.InitialGoalStatePeriod 1
set_option AutoUpdate.Enabled n
set_option Logs.Collect n

# The host gives the interface its address; deprovisioning deletes resolv.conf, so each boot makes it anew.
printf 'auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet manual\n' > "$root/etc/network/interfaces"
printf 'nameserver 168.63.129.16\n' > "$root/etc/resolv.conf"
printf 'f /etc/resolv.conf 0644 - - - nameserver 168.63.129.16\n' > "$root/etc/tmpfiles.d/resolv.conf"

# Nothing of this can succeed without a way out.
for unit in apt-daily.timer apt-daily-upgrade.timer; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
mkdir -p "$root/etc/systemd/system.conf.d"
printf '[Manager]\nDefaultTimeoutStopSec=20s\n' > "$root/etc/systemd/system.conf.d/stop.conf"
rm -f "$root"/var/log/apt/* "$root"/var/log/*.log
