"""The next machine's network card may take the first name."""

from factory.linux.context import Context
from factory.linux.operations.persistent_net_rules import persistent_net_rules
from tests.factory.linux.tree import Tree


def test_rules_for_the_old_card_go_and_other_rules_stay(tree: Tree, context: Context) -> None:
    rules = tree / "etc/udev/rules.d"
    rules.mkdir(parents=True)
    for name in ("70-persistent-net.rules", "68-azure-sriov-nm-unmanaged.rules"):
        (rules / name).write_text("x")
    tree.apply(persistent_net_rules, context)
    assert [path.name for path in rules.iterdir()] == ["68-azure-sriov-nm-unmanaged.rules"]
