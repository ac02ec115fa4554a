"""No mail to people of the old machine is left."""

from factory.linux.context import Context
from factory.linux.operations.mail_spool import mail_spool
from tests.factory.linux.tree import Tree


def test_mail_goes_and_the_spool_stays(tree: Tree, context: Context) -> None:
    tree.apply(mail_spool, context)
    assert list((tree / "var/mail").iterdir()) == []
