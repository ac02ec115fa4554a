# ruff: noqa: F401 - the imports are the tests
"""What the namespace guest's own tests ask of a real Debian, asked of the model: it must answer the same.

The tests are the same functions; only the host behind them is another. What the model cannot have (a systemd,
a control group, a fabric at 168.63.129.16) is left out here and nowhere pretended.
"""

from tests.localazure.guests.test_disks import (
    test_a_data_disk_is_a_block_device_that_is_mounted_from_fstab_at_the_next_boot,
    test_a_disk_in_use_is_not_discarded,
    test_a_file_system_made_by_a_guest_is_named_in_its_dev_as_udev_would,
    test_a_file_that_was_deleted_stays_deleted_in_a_copy_of_a_copy,
    test_an_fstab_entry_for_a_disk_that_is_not_there_keeps_the_machine_from_booting,
    test_disks_copied_together_from_a_running_machine_fit_together_and_stay_independent,
)
from tests.localazure.guests.test_disturbances import test_a_full_disk_takes_no_byte_and_shows_what_it_has
from tests.localazure.guests.test_isolation import (
    test_a_port_on_which_nothing_listens_is_refused,
    test_the_host_is_the_same_after_a_machine_lived_and_was_deprovisioned,
    test_the_security_group_drops_what_it_does_not_admit,
)
from tests.localazure.guests.test_power import (
    test_a_guest_that_hangs_at_reboot_is_reset_after_the_deadline,
    test_a_guest_that_hangs_at_shutdown_is_switched_off_after_the_deadline,
    test_a_guest_that_powers_itself_off_is_no_longer_running,
    test_a_guest_that_reboots_itself_comes_back_with_another_boot_id,
    test_a_hard_power_off_is_at_once_and_leaves_nothing,
    test_shutdown_leaves_nothing_of_any_machine,
)
from tests.localazure.guests.test_provisioning import (
    test_a_captured_disk_that_was_deprovisioned_makes_another_machine,
    test_a_disk_that_was_not_deprovisioned_reports_ready_and_keeps_its_old_identity,
    test_a_machine_id_that_was_deleted_instead_of_emptied_is_not_made_anew,
    test_a_new_machine_becomes_whom_the_dvd_names_and_says_ready,
    test_a_password_user_may_log_in_and_the_password_stays_off_every_disk,
    test_a_specialized_disk_boots_as_it_was_and_its_agent_reports,
    test_the_agent_reports_itself_ready_with_its_version,
)
