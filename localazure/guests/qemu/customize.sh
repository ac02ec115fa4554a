#!/bin/sh
# Turns a fresh Debian tree into the tree of an image that boots by itself: what a cloud's image builder would set,
# and no identity. Run by mmdebstrap: customize.sh TREE FLAVOUR, where a flavour says who provisions:
# cloud-init (as Azure's own images) or waagent (the agent alone).
set -eu
root=$1 flavour=$2

# No identity. The machine ID is there and empty: the word `uninitialized` would make the first boot apply all
# presets, and without the file a read-only root cannot write one.
: > "$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root"/etc/ssh/ssh_host_*
if [ -d "$root/var/lib/dbus" ]; then ln -s /etc/machine-id "$root/var/lib/dbus/machine-id"; fi
echo localhost > "$root/etc/hostname"
printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' > "$root/etc/hosts"
chroot "$root" passwd --lock root > /dev/null
printf 'LANG=C.UTF-8\n' > "$root/etc/default/locale"
printf 'LABEL=osroot / ext4 defaults,noatime,discard,errors=remount-ro 0 1\n' > "$root/etc/fstab"

# The boot loader's core finds this file by the file system's UUID; the kernel has NVMe and ext4 built in and
# needs no initrd. @ROOT@ is written by whoever makes the disk. The options from the second line on save seconds
# of an emulated processor: mitigations and checks; an instruction that stops all processors where it is emulated
# (cx16), one that copies byte by byte (erms), and others that make each access to a program's memory dear;
# systemd's filters of system calls, which it compiles anew for each of its services. (Not tsc=reliable: on a busy
# computer the guest's clock may run ten times too fast.)
mkdir -p "$root/boot/grub"
cat > "$root/boot/grub/grub.cfg" <<'GRUB'
serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial
linux /vmlinuz root=PARTUUID=@ROOT@ ro console=ttyS0,115200 net.ifnames=0 quiet systemd.show_status=true SYSTEMD_COLORS=0 \
  mitigations=off nokaslr audit=0 init_on_alloc=0 rcupdate.rcu_expedited=1 cryptomgr.notests nowatchdog random.trust_cpu=on \
  fsck.mode=skip cgroup_disable=memory no5lvl clearcpuid=cx16,erms,smap,smep,umip SYSTEMD_SECCOMP=0
boot
GRUB

# sshd: a second port, for computers where something of their own has 22 on every address.
mkdir -p "$root/etc/ssh/sshd_config.d"
printf 'Port 22\nPort 2222\n' > "$root/etc/ssh/sshd_config.d/ports.conf"

# Azure's names of disks. Its own rules go by the bus of its hypervisor; these by the same vendor and model.
cat > "$root/etc/udev/rules.d/67-azure-disks.rules" <<'RULES'
ACTION!="add|change", GOTO="end"
SUBSYSTEM!="block", GOTO="end"
KERNEL=="nvme0n1", SYMLINK+="disk/azure/root", GOTO="end"
KERNEL=="nvme0n1p*", SYMLINK+="disk/azure/root-part%n", GOTO="end"
ENV{ID_VENDOR}!="Msft", GOTO="end"
ENV{ID_MODEL}!="Virtual_Disk", GOTO="end"
ENV{DEVTYPE}=="disk", PROGRAM="/bin/sh -c 'readlink /sys/class/block/%k/device | cut -d: -f4'", ENV{AZURE_LUN}="$result"
ENV{DEVTYPE}=="partition", PROGRAM="/bin/sh -c 'readlink -f /sys/class/block/%k/../device | cut -d: -f4'", ENV{AZURE_LUN}="$result"
ENV{DEVTYPE}=="disk", SYMLINK+="disk/azure/scsi1/lun$env{AZURE_LUN}"
ENV{DEVTYPE}=="partition", SYMLINK+="disk/azure/scsi1/lun$env{AZURE_LUN}-part%n"
LABEL="end"
RULES

# The agent, by its documented settings alone. Told of the type of key that there is: else it waits half an hour
# for an RSA key, which takes an emulated processor many seconds to make.
set_option() {
    if grep -q "^[# ]*$1=" "$root/etc/waagent.conf"; then
        sed -i "s|^[# ]*$1=.*|$1=$2|" "$root/etc/waagent.conf"
    else
        echo "$1=$2" >> "$root/etc/waagent.conf"
    fi
}
set_option Provisioning.RegenerateSshHostKeyPair y
set_option Provisioning.SshHostKeyPairType ed25519
set_option Provisioning.DeleteRootPassword y
set_option ResourceDisk.Format n
set_option Extensions.GoalStatePeriod 2
set_option Extensions.InitialGoalStatePeriod 2
set_option AutoUpdate.Enabled n
set_option Logs.Collect n

case $flavour in
cloud-init)
    set_option Provisioning.Agent auto
    # Without UseHostname, a name that cloud-init has long set starts a service of its own.
    printf '[Match]\nName=eth0\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\n[DHCPv4]\nUseHostname=no\n' \
        > "$root/etc/systemd/network/50-eth0.network"
    mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
    ln -sf /lib/systemd/system/systemd-networkd.service "$root/etc/systemd/system/multi-user.target.wants/"
    printf 'network: {config: disabled}\n' > "$root/etc/cloud/cloud.cfg.d/99-disable-network.cfg"
    cat > "$root/etc/cloud/cloud.cfg.d/90-azure.cfg" <<'CLOUD'
datasource_list: [ Azure ]
datasource:
  Azure:
    apply_network_config: false
CLOUD
    # The modules that provisioning needs: each costs an emulated processor seconds.
    cat > "$root/etc/cloud/cloud.cfg.d/95-modules.cfg" <<'CLOUD'
ssh_genkeytypes: [ed25519]
ssh: {emit_keys_to_console: false}
cloud_init_modules: [seed_random, bootcmd, write-files, growpart, resizefs, set_hostname, users-groups, ssh]
cloud_config_modules: [set-passwords, runcmd]
cloud_final_modules: [scripts-user, final-message]
CLOUD
    ;;
waagent)
    set_option Provisioning.Agent waagent
    printf 'auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\n' > "$root/etc/network/interfaces"
    # Debian's sshd does not start without host keys, and the agent only tries to restart it.
    mkdir -p "$root/etc/systemd/system/ssh.service.d"
    cat > "$root/etc/systemd/system/ssh.service.d/host-keys.conf" <<'UNIT'
[Service]
ExecStartPre=
ExecStartPre=/bin/sh -c 'test -s /etc/ssh/ssh_host_ed25519_key || ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key'
ExecStartPre=/usr/sbin/sshd -t
UNIT
    # The agent looks for the provisioning DVD once: not before the drive's driver, a module, has found it.
    mkdir -p "$root/etc/systemd/system/walinuxagent.service.d"
    printf '[Unit]\nWants=systemd-udev-settle.service\nAfter=systemd-udev-settle.service\n' \
        > "$root/etc/systemd/system/walinuxagent.service.d/drive.conf"
    ;;
*)
    echo "there is no flavour called $flavour" >&2
    exit 2
    ;;
esac

# Deprovisioning deletes resolv.conf, and nothing but this makes it anew.
printf 'nameserver 168.63.129.16\n' > "$root/etc/resolv.conf"
printf 'f /etc/resolv.conf 0644 - - - nameserver 168.63.129.16\\n\n' > "$root/etc/tmpfiles.d/resolv.conf"

# Should the presets ever be applied: what the image enables is enabled by them as well.
mkdir -p "$root/etc/systemd/system-preset"
for unit in systemd-networkd ssh networking walinuxagent; do echo "enable $unit.service"; done \
    > "$root/etc/systemd/system-preset/00-image.preset"
echo 'enable cloud-*' >> "$root/etc/systemd/system-preset/00-image.preset"

# What a machine that lives for minutes never needs, and what cannot succeed without a way out.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
    e2scrub_reap.service systemd-binfmt.service proc-sys-fs-binfmt_misc.automount dev-hugepages.mount \
    dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount modprobe@drm.service \
    modprobe@efi_pstore.service systemd-pstore.service getty@tty1.service \
    systemd-update-utmp.service systemd-update-utmp-runlevel.service \
    modprobe@configfs.service modprobe@dm_mod.service modprobe@fuse.service modprobe@loop.service \
    sys-fs-fuse-connections.mount sys-kernel-config.mount systemd-fsckd.socket systemd-fsckd.service \
    systemd-initctl.socket systemd-repart.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
mkdir -p "$root/etc/systemd/system-generators"
for name in cryptsetup debug gpt-auto hibernate-resume integritysetup rc-local run system-update sysv veritysetup; do
    ln -sf /dev/null "$root/etc/systemd/system-generators/systemd-$name-generator"
done

# Devices that were there before udev: of hundreds, those that drivers and names are needed for. Each costs an
# emulated processor 50 ms, and 64 of them are virtual terminals.
mkdir -p "$root/etc/systemd/system/systemd-udev-trigger.service.d"
cat > "$root/etc/systemd/system/systemd-udev-trigger.service.d/few.conf" <<'UNIT'
[Service]
ExecStart=
ExecStart=-udevadm trigger --action=add --subsystem-match=pci --subsystem-match=virtio --subsystem-match=acpi --subsystem-match=block --subsystem-match=net --subsystem-match=input --subsystem-match=nvme --subsystem-match=scsi --subsystem-match=dmi
ExecStart=-udevadm trigger --action=add --subsystem-match=tty --sysname-match=ttyS*
UNIT
mkdir -p "$root/etc/systemd/system.conf.d"
printf '[Manager]\nDefaultTimeoutStopSec=20s\n' > "$root/etc/systemd/system.conf.d/stop.conf"
rm -f "$root"/var/log/apt/* "$root"/var/log/*.log

# Nothing is to be updated at the first boot: /etc and /var are as new as /usr.
touch "$root/etc/.updated" "$root/var/.updated"
